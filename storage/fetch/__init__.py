"""The one way out: every URL that this service opens."""
