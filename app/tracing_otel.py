"""The OpenTelemetry side of `app.tracing`: imported only where the extra is installed and an endpoint is set."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.tracer import Attribute, Note

EXPORT_SECONDS: Final = 5  # a collector that is away must not hold up the end of the program
PROPAGATOR: Final = TraceContextTextMapPropagator()


class OtelTracer:
    """Batches spans in a thread of the SDK's. Sampling is the SDK's own business: OTEL_TRACES_SAMPLER."""

    def __init__(self, endpoint: str) -> None:
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "soundpath"}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_SECONDS)))
        self._tracer = self._provider.get_tracer("soundpath")

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Attribute], carrier: Mapping[str, str]) -> Iterator[Note]:
        """A span below the current one, or below the one that the carrier names."""
        parent = PROPAGATOR.extract(carrier) if carrier else None
        with self._tracer.start_as_current_span(name, parent, attributes=dict(attributes)) as begun:
            yield lambda key, value: begun.set_attribute(f"soundpath.{key}", value)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()
