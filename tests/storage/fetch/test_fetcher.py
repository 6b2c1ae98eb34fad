"""The fetcher against real servers on this machine, whose names only the test's resolver knows."""

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from storage.fetch.errors import FetchError, FetchFailed, FetchTooLarge, UrlRefused
from storage.fetch.fetcher import Fetcher, FetchLimits, FetchRequest
from storage.fetch.urls import Rules, parse_allowed
from tests.storage.fetch.certificates import tls_pair
from tests.storage.fetch.origins import Answer, Resolver, serving

BODY = bytes(range(256)) * 40
PLAIN = FetchRequest()


async def whole(fetcher: Fetcher, url: str, wanted: FetchRequest = PLAIN) -> bytes:
    async with fetcher.ask(url, wanted) as fetched:
        return b"".join([piece async for piece in fetched.read()])


@asynccontextmanager
async def origin(answer: Answer, *, name: str = "origin.test") -> AsyncIterator[tuple[Fetcher, str]]:
    """A server that the operator has allowed, and a fetcher that knows it."""
    async with serving(answer) as port:
        rules = Rules([parse_allowed(f"{name}:{port}")])
        async with Fetcher(rules, Resolver(**{name.replace(".", "_"): [["127.0.0.1"]]})) as fetcher:
            yield fetcher, f"http://{name}:{port}"


async def plain(request: web.Request) -> web.Response:
    return web.Response(body=BODY, headers={"ETag": '"x"'})


async def test_a_file() -> None:
    async with origin(plain) as (fetcher, base), fetcher.ask(f"{base}/a%2Fb?c=d%20e", FetchRequest()) as fetched:
        assert (fetched.status, fetched.size_bytes, fetched.headers["ETag"]) == (200, len(BODY), '"x"')
        assert fetched.url == f"{base}/a%2Fb?c=d%20e"
        assert b"".join([piece async for piece in fetched.read()]) == BODY


async def test_ranges_headers_and_the_path_as_written() -> None:
    seen: list[tuple[str, str | None, str | None, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.raw_path, request.headers.get("Range"), request.headers.get("X-Own"), request.headers.get("Accept-Encoding")))
        return web.Response(body=b"part", status=206)

    async with origin(answer) as (fetcher, base):
        async with fetcher.ask(f"{base}/x%20y", FetchRequest({"X-Own": "1"}, (10, 14))) as fetched:
            assert fetched.status == 206
        async with fetcher.ask(f"{base}/z", FetchRequest(byte_range=(5, None))):
            pass
    assert seen == [("/x%20y", "bytes=10-13", "1", "identity"), ("/z", "bytes=5-", None, "identity")]


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "192.168.1.1", "224.0.0.1", "0.0.0.0", "::1", "fe80::1", "fd00::1",
    "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:1::1",
])  # fmt: skip
async def test_names_that_lead_inside(address: str) -> None:
    reached: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response()

    async with serving(answer, port=8080), Fetcher(Rules(), Resolver(evil_test=[[address]])) as fetcher:
        with pytest.raises(UrlRefused) as refusal:
            await whole(fetcher, "http://evil.test:8080/")
    assert not reached
    assert address not in str(refusal.value), "what a name resolves to in our network is nobody's business"


async def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    async with Fetcher(Rules(), Resolver(evil_test=[["93.184.216.34", "127.0.0.1"]])) as fetcher:
        with pytest.raises(UrlRefused):
            await whole(fetcher, "http://evil.test/")


async def test_rebinding_finds_no_second_look_up() -> None:
    """The name changes its address after the first look-up: the connection goes where the check looked."""
    async with serving(plain) as port:
        resolver = Resolver(turns_test=[["127.0.0.1"], ["127.0.0.9"]])
        async with Fetcher(Rules([parse_allowed(f"turns.test:{port}")]), resolver) as fetcher:
            assert await whole(fetcher, f"http://turns.test:{port}/") == BODY
            assert resolver.asked == ["turns.test"]
    async with serving(plain, port=8080):
        resolver = Resolver(turns_test=[["192.0.2.1"], ["127.0.0.1"]])
        async with Fetcher(Rules(), resolver) as fetcher:
            with pytest.raises(UrlRefused):
                await whole(fetcher, "http://turns.test:8080/")


@pytest.mark.parametrize("location", [
    "http://127.0.0.1:8080/", "//127.0.0.1:8080/", "http://evil.test:8080/", "http://2130706433:8080/", "http://[::1]:8080/",
    "file:///etc/passwd", "ftp://good.test/", "http://good.test:22/", "http://user:word@good.test/",
])  # fmt: skip
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_every_hop_is_checked(location: str, status: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": location})

    async with serving(answer) as port:
        resolver = Resolver(good_test=[["127.0.0.1"]], evil_test=[["127.0.0.1"]])
        async with Fetcher(Rules([parse_allowed(f"good.test:{port}")]), resolver) as fetcher:
            with pytest.raises(UrlRefused):
                await whole(fetcher, f"http://good.test:{port}/")


async def test_redirects_are_followed_and_counted() -> None:
    async def answer(request: web.Request) -> web.Response:
        left = int(request.query.get("left", "0"))
        if left:
            return web.Response(status=302, headers={"Location": f"/x?left={left - 1}"})
        return web.Response(body=BODY)

    async with origin(answer) as (fetcher, base):
        assert await whole(fetcher, f"{base}/?left=5") == BODY
        with pytest.raises(FetchFailed, match="too often"):
            await whole(fetcher, f"{base}/?left=6")


async def test_credentials_stay_with_their_origin() -> None:
    seen: list[dict[str, str]] = []

    async def second(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        return web.Response(body=b"x", headers={"Set-Cookie": "a=b"})

    async with serving(second) as other_port:

        async def first(request: web.Request) -> web.Response:
            seen.append(dict(request.headers))
            where = "/again" if request.path == "/" else f"http://other.test:{other_port}/"
            return web.Response(status=302, headers={"Location": where, "Set-Cookie": "session=1"})

        async with serving(first) as port:
            rules = Rules([parse_allowed(f"first.test:{port}"), parse_allowed(f"other.test:{other_port}")])
            resolver = Resolver(first_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]])
            async with Fetcher(rules, resolver) as fetcher:
                own = {"Authorization": "Bearer x", "Cookie": "a=1", "X-Own-Token": "1", "Accept": "audio/*"}
                signed: list[str] = []

                def sign(url: str) -> dict[str, str]:
                    signed.append(url)
                    return {"X-Signature": url}

                await whole(fetcher, f"http://first.test:{port}/", FetchRequest(own, (0, 5), sign=sign))
    assert [headers.get("Authorization") for headers in seen] == ["Bearer x", "Bearer x", None]
    assert [(headers.get("Cookie"), headers.get("X-Own-Token")) for headers in seen] == [("a=1", "1"), ("a=1", "1"), (None, None)]
    assert [(headers["Accept"], headers["Range"]) for headers in seen] == [("audio/*", "bytes=0-4")] * 3
    assert [headers["X-Signature"] for headers in seen] == signed == [
        f"http://first.test:{port}/", f"http://first.test:{port}/again", f"http://other.test:{other_port}/"
    ]  # fmt: skip


@pytest.mark.parametrize("chunked", [False, True])
async def test_the_size_is_bounded(chunked: bool) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if not chunked:
            return web.Response(body=BODY)
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        while True:  # for ever, had nobody a limit
            await response.write(BODY)

    async with origin(answer) as (fetcher, base):
        with pytest.raises(FetchTooLarge):
            await whole(fetcher, base, FetchRequest(limits=FetchLimits(max_bytes=5000)))
    if not chunked:
        async with origin(answer) as (fetcher, base):
            assert await whole(fetcher, base, FetchRequest(limits=FetchLimits(max_bytes=len(BODY)))) == BODY


async def test_a_bomb_is_noticed_before_it_goes_off() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(bomb.compress(bytes(2**20)) for _ in range(200)) + bomb.flush()
    assert len(packed) < 300_000

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    async with origin(answer) as (fetcher, base):
        sizes: list[int] = []

        async def drain() -> None:
            async with fetcher.ask(base, FetchRequest(limits=FetchLimits(max_bytes=2**22))) as fetched:
                async for piece in fetched.read():
                    sizes.append(len(piece))

        with pytest.raises(FetchTooLarge):
            await drain()
    assert max(sizes) <= 256 * 1024
    assert sum(sizes) <= 2**22


@pytest.mark.parametrize(("encoding", "body"), [("gzip", gzip.compress(BODY)), ("deflate", zlib.compress(BODY)), ("identity", BODY)])
async def test_compressed_though_not_asked(encoding: str, body: bytes) -> None:
    async def answer(request: web.Request) -> web.Response:
        sent = body[: len(body) // 2] if request.path == "/half" else body
        return web.Response(body=sent, headers={"Content-Encoding": encoding})

    async with origin(answer) as (fetcher, base):
        assert await whole(fetcher, base) == BODY
        if encoding != "identity":
            with pytest.raises(FetchFailed, match="ended early"):
                await whole(fetcher, f"{base}/half")


async def test_unknown_and_broken_compression() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=BODY, headers={"Content-Encoding": request.query["e"]})

    async with origin(answer) as (fetcher, base):
        for encoding in ("br", "gzip, gzip", "gzip"):
            with pytest.raises(FetchFailed, match="compression"):
                await whole(fetcher, f"{base}/?e={encoding}".replace(" ", "%20"))


async def test_time_is_bounded() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/never":
            await asyncio.sleep(60)
        response = web.StreamResponse()
        response.content_length = 1000
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.05)

    limits = FetchLimits(answer_seconds=0.3, total_seconds=0.6)
    async with origin(answer) as (fetcher, base):
        for path in ("/never", "/slow"):
            started = asyncio.get_running_loop().time()
            with pytest.raises(FetchFailed):
                await whole(fetcher, base + path, FetchRequest(limits=limits))
            assert asyncio.get_running_loop().time() - started < 5


async def test_a_body_that_breaks_off_is_an_error() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b"x" * 500)
        assert request.transport is not None
        request.transport.close()
        return response

    async with origin(answer) as (fetcher, base):
        with pytest.raises(FetchFailed):
            await whole(fetcher, base)


async def test_hosts_that_do_not_answer() -> None:
    async with serving(plain) as port:
        pass  # the port is free again
    rules = Rules([parse_allowed(f"gone.test:{port}"), parse_allowed(f"none.test:{port}")])
    async with Fetcher(rules, Resolver(gone_test=[["127.0.0.1"]])) as fetcher:
        for name in ("gone", "none"):
            with pytest.raises(FetchFailed) as failure:
                await whole(fetcher, f"http://{name}.test:{port}/")
            assert "127.0.0.1" not in str(failure.value)


async def test_a_post_is_sent_once_and_never_on() -> None:
    seen: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(await request.read())
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with origin(answer) as (fetcher, base), fetcher.ask(base, FetchRequest(method="POST", body=b"{}")) as fetched:
        assert fetched.status == 307
    assert seen == [b"{}"]


async def test_certificates_are_verified_for_the_name(tmp_path: Path) -> None:
    server_names: list[str | None] = []
    server, trusting = tls_pair(tmp_path, "secure.test")
    server.sni_callback = lambda _socket, name, _context: server_names.append(name)
    async with serving(plain, tls=server) as port:
        rules = Rules([parse_allowed(f"{name}.test:{port}") for name in ("secure", "other")])
        names = {"secure_test": [["127.0.0.1"]], "other_test": [["127.0.0.1"]]}
        async with Fetcher(rules, Resolver(**names), trusting) as fetcher:
            assert await whole(fetcher, f"https://secure.test:{port}/") == BODY
            with pytest.raises(FetchFailed):
                await whole(fetcher, f"https://other.test:{port}/")
        async with Fetcher(rules, Resolver(**names)) as fetcher:
            with pytest.raises(FetchFailed):
                await whole(fetcher, f"https://secure.test:{port}/")
    assert server_names == ["secure.test", "other.test", "secure.test"]
    assert trusting.verify_mode is ssl.CERT_REQUIRED


async def test_errors_are_one_family() -> None:
    assert {FetchFailed, FetchTooLarge, UrlRefused} == set(FetchError.__subclasses__())
