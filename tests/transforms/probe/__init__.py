"""Tests of transforms.probe."""
