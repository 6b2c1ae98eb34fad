"""Real players in a real browser, against a running service."""
