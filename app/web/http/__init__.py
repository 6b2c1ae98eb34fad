"""HTTP as a craft: bodies, ranges, validators, addresses of callers. Knows nothing of variants, jobs or accounts."""
