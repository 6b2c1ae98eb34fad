"""Where services that tests start keep their rows, when that is not their data folder: set by `databases.any_database`."""

from collections.abc import Callable

new_database: Callable[[], str] | None = None
"""Makes a database; returns its URL."""
