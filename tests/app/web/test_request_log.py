"""The log of requests: on demand, and without what grants access."""

from structlog.testing import capture_logs

from app.web.server import Doors, Listen, build_app, listening
from tests.app.web.exchange import exchange


async def test_one_line_per_request(doors: Doors) -> None:
    async with listening(build_app(doors), Listen("127.0.0.1", 0, log_requests=True)) as port:
        with capture_logs() as logs:
            answer = await exchange(port, "/W142hJk/nothing/a.mp3?exp=1&sig=1.key.secret&v=1")
    (line,) = logs
    assert line["target"] == "/W142hJk/nothing/a.mp3?exp=1&sig=…&v=1"
    assert (line["method"], line["status"], line["remote"]) == ("GET", 404, "127.0.0.1")
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert line["size_bytes"] == len(answer.body)
    assert line["seconds"] >= 0


async def test_off_by_default(doors: Doors) -> None:
    async with listening(build_app(doors), Listen("127.0.0.1", 0)) as port:
        with capture_logs() as logs:
            await exchange(port, "/healthz")
    assert logs == []


async def test_two_processes_may_share_a_port(doors: Doors) -> None:
    app = build_app(doors)
    async with listening(app, Listen("127.0.0.1", 0, reuse_port=True)) as port:
        other = build_app(doors)
        async with listening(other, Listen("127.0.0.1", port, reuse_port=True)) as same:
            assert same == port
