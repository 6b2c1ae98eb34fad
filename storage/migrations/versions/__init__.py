"""Steps of the tables' history, oldest first by their number."""
