"""The player's page, what it loads, and how other sites embed it."""
