"""Spans as a collector gets them, from a service that runs; and what happens without the extra."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from app import tracing
from tests import tones
from tests.service import ACCOUNT, ROOT, Service

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CALLER_SPAN_ID = "b7ad6b7169203331"


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[str, list[Span]]]:
    """An endpoint for traces, and the spans that it has been sent."""
    spans: list[Span] = []

    async def take(request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await request.read())
        spans.extend(span for resource in sent.resource_spans for scope in resource.scope_spans for span in scope.spans)
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/v1/traces", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces", spans
    finally:
        await runner.cleanup()


def attributes(span: Span) -> dict[str, str | int]:
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in span.attributes}


async def test_a_request_its_job_and_its_encode_are_spans(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    tones.write(library / "chirp.wav", tones.chirp(2, 48_000), 48_000)
    async with collector() as (endpoint, spans):
        async with Service(tmp_path / "data", library, {"SOUNDPATH_TRACE_ENDPOINT": endpoint}) as service:
            target = f"/{ACCOUNT}/audio/chirp.wav?f=mp3"
            asked = await service.get(target, traceparent=f"00-{TRACE_ID}-{CALLER_SPAN_ID}-01", X_Request_Id="edge-7")
            job = await service.finished(target)
        found = {name: [span for span in spans if span.name == name] for name in ("GET /{account}/audio/{path}", "job", "encode")}
    first = next(span for span in found["GET /{account}/audio/{path}"] if span.trace_id.hex() == TRACE_ID)
    assert first.parent_span_id.hex() == CALLER_SPAN_ID
    assert attributes(first)["soundpath.request_id"] == "edge-7"
    assert attributes(first)["soundpath.status"] == asked.status == 200
    (worked,) = found["job"]
    assert attributes(worked)["soundpath.job"] == job["jobId"]
    assert attributes(worked)["soundpath.attempt"] == 1
    (encode,) = found["encode"]
    assert encode.parent_span_id == worked.span_id
    assert worked.start_time_unix_nano <= encode.start_time_unix_nano <= encode.end_time_unix_nano <= worked.end_time_unix_nano


async def test_a_collector_that_is_away_holds_up_nobody(tmp_path: Path) -> None:
    endpoint = "http://127.0.0.1:9/v1/traces"  # the discard port: nobody listens
    service = Service(tmp_path / "data", environment={"SOUNDPATH_TRACE_ENDPOINT": endpoint, "SOUNDPATH_WORKERS": "0"})
    await service.start()
    assert (await service.get("/robots.txt")).status == 200
    assert await service.stop() == 0


async def test_without_an_endpoint_nothing_is_loaded_or_made() -> None:
    loaded = "import sys, app.serve; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", loaded, cwd=ROOT)
    assert await process.wait() == 0
    with tracing.span("job", job="x") as note:
        note("status", 200)
    assert not tracing.active()


def test_an_endpoint_without_the_extra_is_refused_in_one_sentence(tmp_path: Path) -> None:
    """As on a machine where the extra is not installed: its import fails."""
    (tmp_path / "opentelemetry.py").write_text("raise ImportError('not installed')")
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "SOUNDPATH_DATA_DIR": str(tmp_path / "data"), "SOUNDPATH_PORT": "0"}
    environment |= {"SOUNDPATH_TRACE_ENDPOINT": "http://127.0.0.1:9/v1/traces", "PATH": "/usr/bin:/bin"}
    refused = subprocess.run([sys.executable, "-m", "app", "serve"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "pip install 'soundpath[otel]'" in refused.stderr
    assert "Traceback" not in refused.stderr
