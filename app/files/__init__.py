"""Originals: an account's stored source files."""
