"""Soundpath the service: accounts, originals, jobs, metering, and the doors that lead in."""
