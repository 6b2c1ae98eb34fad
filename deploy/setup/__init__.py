"""What `make` does before anything is installed: standard library only, because it runs on a bare python3."""
