"""What makes the spans of `app.tracing`: the door that an exporter implements."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

Attribute = str | int | float
Note = Callable[[str, Attribute], None]
"""Adds an attribute that is known later."""


class Tracer(Protocol):
    """Makes spans. `carrier`: headers that may name a parent span (W3C trace context)."""

    def span(self, name: str, attributes: Mapping[str, Attribute], carrier: Mapping[str, str]) -> AbstractContextManager[Note]:
        """A span for as long as the context lasts; gives a way to add attributes that are known later."""

    def close(self) -> None:
        """Send what is left; blocks for a few seconds at most."""
