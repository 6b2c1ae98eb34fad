"""The web door: requests come in, values go down, answers go out."""
