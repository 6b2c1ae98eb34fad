"""What lies in deploy/, executed as far as this machine can."""
