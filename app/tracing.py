"""Spans of a request, a job and its encode, for OpenTelemetry. Without SOUNDPATH_TRACE_ENDPOINT every call here does nothing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

Attribute = str | int | float


class TracingRefused(ValueError):
    """Traces are asked for and cannot be made; the message says what to do."""


class Tracer(Protocol):
    """What makes the spans. `carrier`: headers that may name a parent span (W3C trace context)."""

    def span(self, name: str, attributes: Mapping[str, Attribute], carrier: Mapping[str, str]) -> "AbstractContextManager[Note]":
        """A span for as long as the context lasts; gives a way to add attributes that are known later."""

    def close(self) -> None:
        """Send what is left; blocks for a few seconds at most."""


Note = Callable[[str, Attribute], None]
_tracer: Tracer | None = None


@contextmanager
def traced(endpoint: str | None) -> Iterator[None]:
    """Send spans to an OTLP/HTTP endpoint (`http://collector:4318/v1/traces`) while the context lasts; with None, none are made.

    Raises TracingRefused where the extra is not installed.
    """
    global _tracer
    if endpoint is None:
        yield
        return
    try:
        # Only here, because it is an extra, and costs a third of a second at start.
        from app.tracing_otel import OtelTracer
    except ImportError as error:
        raise TracingRefused("SOUNDPATH_TRACE_ENDPOINT needs the extra: pip install 'soundpath[otel]'") from error
    _tracer = OtelTracer(endpoint)
    try:
        yield
    finally:
        _tracer.close()
        _tracer = None


def active() -> bool:
    """Whether spans are made: ask before preparing their attributes on a hot path."""
    return _tracer is not None


def span(name: str, carrier: Mapping[str, str] | None = None, /, **attributes: Attribute) -> AbstractContextManager[Note]:
    """A span around the context; attribute names are prefixed `soundpath.`."""
    if _tracer is None:
        return nullcontext(_note_nothing)
    return _tracer.span(name, {f"soundpath.{key}": value for key, value in attributes.items()}, carrier or {})


def _note_nothing(_name: str, _value: Attribute) -> None:
    return
