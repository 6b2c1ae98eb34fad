"""Spans of a request, a job and its encode, for OpenTelemetry. Without SOUNDPATH_TRACE_ENDPOINT every call here does nothing."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

from app.tracer import Attribute, Note, Tracer


class TracingRefused(ValueError):
    """Traces are asked for and cannot be made; the message says what to do."""


# Set once, before the tasks of the service begin: they and everything they start inherit it.
_tracer: ContextVar[Tracer | None] = ContextVar("tracer", default=None)


@contextmanager
def traced(endpoint: str | None) -> Iterator[None]:
    """Send spans to an OTLP/HTTP endpoint (`http://collector:4318/v1/traces`) while the context lasts; with None, none are made.

    Raises TracingRefused where the extra is not installed.
    """
    if endpoint is None:
        yield
        return
    try:
        # Only here, because it is an extra, and costs a third of a second at start.
        from app.tracing_otel import OtelTracer
    except ImportError as error:
        raise TracingRefused("SOUNDPATH_TRACE_ENDPOINT needs the extra: pip install 'soundpath[otel]'") from error
    tracer = OtelTracer(endpoint)
    before = _tracer.set(tracer)
    try:
        yield
    finally:
        _tracer.reset(before)
        tracer.close()


def active() -> bool:
    """Whether spans are made: ask before preparing their attributes on a hot path."""
    return _tracer.get() is not None


def span(name: str, carrier: Mapping[str, str] | None = None, /, **attributes: Attribute) -> AbstractContextManager[Note]:
    """A span around the context; attribute names are prefixed `soundpath.`."""
    tracer = _tracer.get()
    if tracer is None:
        return nullcontext(_note_nothing)
    return tracer.span(name, {f"soundpath.{key}": value for key, value in attributes.items()}, carrier or {})


def _note_nothing(_name: str, _value: Attribute) -> None:
    return
