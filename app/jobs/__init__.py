"""Jobs: one identity, one row, one run, one bill."""
