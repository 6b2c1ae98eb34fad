"""Listeners of live HLS: each opens a variant that nobody has asked for, and fetches its segments in order as a player does.

A segment that was heard once is remembered by its fingerprint: every node has to serve the same bytes at every later time.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from urllib.parse import urljoin

from tests.app.hls_client import END, FRAME_SAMPLES, HEADER_BYTES, frames_in, read_list
from tests.faults.asking import PATIENCE_SECONDS, Asking, Unserved
from tests.service import ACCOUNT, Service

LIVE = (("te=9", 9), ("rp=2&br=24&br=96&rt=true", 40), ("rp=3&br=64", 60), ("playlist=event", 20))
"""What listeners ask for, and the seconds of it."""

LONGEST = LIVE[2]

LISTENER_SECONDS = 180  # at most, with everything that may come in between
SEEK_EVERY = 3  # listeners; one that seeks jumps near the end after its second segment, and comes back
READ_AHEAD_SECONDS = 0.15
PAUSE_SECONDS = 0.5
BEGUN_SECONDS = 0.02
RATES_HZ = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)
CLOCK_HZ = 90_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A listed segment: its address, what its EXTINF says, and the EXTINFs before it added up."""

    target: str
    seconds: float
    begin_seconds: float


@dataclass(frozen=True, slots=True)
class Variant:
    """What is known of one: its version, the length of the sound, and the fingerprints of its segments by their addresses."""

    version: str
    seconds: int
    target: str
    heard: dict[str, bytes] = field(default_factory=dict)


class Listeners:
    """`variants` are all that anybody has begun to listen to."""

    def __init__(self, clients: Asking) -> None:
        self._clients = clients
        self._numbers = count()
        self._compared = 0
        self.variants: list[Variant] = []

    async def listen(self, stop: asyncio.Event) -> None:
        """One listener after the other; the last one hears its variant to the end."""
        while not stop.is_set():
            number = next(self._numbers)
            await self._hear(self._new(number), number, stop)
            if not stop.is_set():
                await asyncio.sleep(PAUSE_SECONDS)

    async def begin(self, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        """One listener more, of the longest sound; he hears something when this returns, and most of it is not encoded yet."""
        number = next(self._numbers)
        variant = self._new(number, LONGEST)
        listener = tasks.create_task(self._hear(variant, number, stop))
        while not variant.heard and not listener.done():  # noqa: ASYNC110 (only he knows)
            await asyncio.sleep(BEGUN_SECONDS)

    async def finished(self) -> list[str]:
        """Addresses of the files of a variant that is encoded to its end: its lists say the same from then on."""
        variant = self._new(next(self._numbers))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self._clients.ask("master", variant.target)).headers["cache-control"] == "no-store":  # noqa: ASYNC110 (no other sign)
                await asyncio.sleep(READ_AHEAD_SECONDS)
        at_once = asyncio.Event()
        at_once.set()
        await self._play(variant, 0, at_once)
        return [variant.target, *await self._lists(variant), *variant.heard]

    async def compare(self) -> None:
        """Everything listened to since the last time is whole, and the same from every node. Nothing is being encoded any more."""
        new, self._compared = self.variants[self._compared :], len(self.variants)
        async with asyncio.TaskGroup() as tasks:
            for node in self._clients.nodes:
                tasks.create_task(self._compare(new, node))

    def _new(self, number: int, kind: tuple[str, int] | None = None) -> Variant:
        query, seconds = kind or LIVE[number % len(LIVE)]
        version = f"live-{number}"
        variant = Variant(version, seconds, f"/{ACCOUNT}/audio/chirp.wav?f=hls-aac-rt&{query}&version={version}")
        self.variants.append(variant)
        return variant

    async def _hear(self, variant: Variant, number: int, stop: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(LISTENER_SECONDS):
                await self._play(variant, number, stop)
        except Unserved:
            return  # which is a violation already
        except TimeoutError:
            self._wrong(f"{variant.target} does not end")

    async def _play(self, variant: Variant, number: int, stop: asyncio.Event) -> None:
        """Hear one rendition: read its list, again while it grows, and fetch what it names."""
        lists = await self._lists(variant)
        media, text, fetched = lists[number // len(LIVE) % len(lists)], b"", 0
        while not text.endswith(END):
            before, text = text, (await self._clients.ask("list", media)).body
            if not text.startswith(before.removesuffix(END)):
                self._wrong(f"{media} named what it does not name any more")
            entries = _entries(media, text)
            for entry in _in_order(entries[fetched:], seeks=number % SEEK_EVERY == 0):
                await self._fetch(variant, entry)
                await asyncio.sleep(0 if stop.is_set() else READ_AHEAD_SECONDS)
            if len(entries) == fetched:
                await asyncio.sleep(READ_AHEAD_SECONDS)
            fetched = len(entries)

    async def _compare(self, variants: Iterable[Variant], node: Service) -> None:
        for variant in variants:
            for media in await self._lists(variant, node):
                entries = _entries(media, (await self._clients.ask("list", media, node)).body)
                frames, rate_hz = 0, 1
                for entry in entries:
                    heard, rate_hz = await self._fetch(variant, entry, node)
                    frames += heard
                if frames != -(-variant.seconds * rate_hz // FRAME_SAMPLES) + 1:
                    self._wrong(f"{media} has {frames} frames at {rate_hz} Hz")

    async def _lists(self, variant: Variant, node: Service | None = None) -> list[str]:
        master = read_list((await self._clients.ask("master", variant.target, node)).body)
        return [urljoin(variant.target, item.uri) for item in master.playlists]

    async def _fetch(self, variant: Variant, entry: Entry, node: Service | None = None) -> tuple[int, int]:
        """The segment's frames and their rate; it is what it was before, whole, and in its place."""
        body = (await self._clients.ask("segment", entry.target, node)).body
        fingerprint = sha256(body).digest()
        if variant.heard.setdefault(entry.target, fingerprint) != fingerprint:
            self._wrong(f"{entry.target} was something else before")
        try:
            frames, rate_hz = frames_in(body[HEADER_BYTES:]), RATES_HZ[body[HEADER_BYTES + 2] >> 2 & 15]
        except (AssertionError, IndexError):
            self._wrong(f"{entry.target} ends within a frame: {len(body)} bytes")
            return 0, 1
        begin = int.from_bytes(body[HEADER_BYTES - 8 : HEADER_BYTES], "big") / CLOCK_HZ
        if frames != round(entry.seconds * rate_hz / FRAME_SAMPLES) or abs(begin - entry.begin_seconds) > FRAME_SAMPLES / rate_hz / 2:
            self._wrong(f"{entry.target} has {frames} frames from {begin} s on, and was listed with {entry}")
        return frames, rate_hz

    def _wrong(self, what: str) -> None:
        self._clients.violations.append(what)


def _entries(media: str, text: bytes) -> list[Entry]:
    entries: list[Entry] = []
    begin_seconds = 0.0
    for segment in read_list(text).segments:
        entries.append(Entry(urljoin(media, segment.uri), segment.duration, begin_seconds))
        begin_seconds += segment.duration
    return entries


def _in_order(entries: Sequence[Entry], *, seeks: bool) -> Sequence[Entry]:
    """As a player fetches them: one after the other, or two, then the last two, then what it has left out."""
    return [*entries[:2], *entries[-2:], *entries[2:-2]] if seeks and len(entries) > SEEK_EVERY + 1 else entries
