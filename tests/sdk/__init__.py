"""The vendor's own npm client and upload widget, unmodified, against a running service."""
