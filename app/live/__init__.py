"""Playing an HLS variant while it is encoded: which segment is encoded next, who waits for it, and what the lists say meanwhile."""
