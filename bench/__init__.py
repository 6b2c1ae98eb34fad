"""Measurements of the whole service, side by side with the programs it is compared to; never run as tests."""
