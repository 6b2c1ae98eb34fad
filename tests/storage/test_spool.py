"""A copy that arrives while it is read: what is fetched, how often, and how it ends when the other side does not hold."""

import asyncio
import os
import random
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from storage import spool as spool_module
from storage.errors import StoreFull
from storage.fetch.errors import FetchFailed
from storage.spool import Origin, Spool
from storage.spools import Spools

PIECE_BYTES = 64 * 1024
CONTENT = random.Random(3).randbytes(5 * 2**20 + 123)


async def _room(_size_bytes: int) -> None:
    return None


@dataclass
class Source:
    """The other side. `breaks_after`: bytes of an answer, after which it ends; `gate`: nothing more is sent while it is closed.

    `together`: so many answers break off first, all at once and without a byte.
    """

    content: bytes = CONTENT
    has_ranges: bool = True
    breaks_after: int | None = None
    together: asyncio.Barrier | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def origin(self, head: bytes = b"") -> Origin:
        return Origin(len(self.content), self.has_ranges, self._read, head)

    @asynccontextmanager
    async def _read(self, start: int, end: int) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked.append((start, end))
        self.was_asked.set()
        yield self._pieces(start, end)

    async def _pieces(self, start: int, end: int) -> AsyncIterator[bytes]:
        if self.together is not None and len(self.asked) <= self.together.parties:
            await self.together.wait()
            raise FetchFailed("broken off")
        for at in range(start, end, PIECE_BYTES):
            if self.breaks_after is not None and at - start >= self.breaks_after:
                raise FetchFailed("broken off")
            await self.gate.wait()
            await asyncio.sleep(0)
            yield self.content[at : min(at + PIECE_BYTES, end)]

    def times_asked(self) -> int:
        """How often the byte was asked for that was asked for most often."""
        return max(sum(start <= at < end for start, end in self.asked) for at in range(0, len(self.content), 1000))


@asynccontextmanager
async def borrowed(folder: Path, source: Source) -> AsyncIterator[Spool]:
    spools = Spools(folder, _room)
    try:
        async with spools.borrow("file", source.origin(), ".mp4") as spool:
            yield spool
    finally:
        spools.close()


def _part(spool: Spool, start: int, end: int) -> bytes:
    with spool.path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


async def test_what_is_waited_for_is_there_and_every_byte_comes_once(tmp_path: Path) -> None:
    source, order = Source(), random.Random(5)
    async with borrowed(tmp_path, source) as spool:
        assert spool.path.suffix == ".arriving"
        for _ in range(20):
            start = order.randrange(len(CONTENT))
            end = min(len(CONTENT), start + order.randrange(1, 200_000))
            around = await spool.want(start, end)
            assert around[0] <= start < end <= around[1]
            assert _part(spool, start, end) == CONTENT[start:end]
        path = await spool.whole()
        assert path.suffix == ".mp4"
        assert path.read_bytes() == CONTENT
    assert source.times_asked() == 1
    assert not os.listdir(tmp_path)


async def test_a_jump_is_served_before_the_rest(tmp_path: Path) -> None:
    source = Source()
    async with borrowed(tmp_path, source) as spool:
        await spool.want(4_000_000, 4_000_100)
        asked = sum(end - start for start, end in source.asked)
        assert asked < len(CONTENT) / 2, source.asked


async def test_a_broken_answer_is_gone_on_with(tmp_path: Path) -> None:
    source = Source(breaks_after=3 * PIECE_BYTES)
    async with borrowed(tmp_path, source) as spool:
        async with asyncio.timeout(60):
            assert (await spool.whole()).read_bytes() == CONTENT


async def test_an_origin_that_sends_nothing_fails_all_who_wait(tmp_path: Path) -> None:
    source = Source(breaks_after=0)
    async with borrowed(tmp_path, source) as spool, asyncio.timeout(60):
        waiting = await asyncio.gather(spool.want(0, 10), spool.want(10**6, 10**6 + 10), return_exceptions=True)
        assert [type(answer) for answer in waiting] == [FetchFailed, FetchFailed]
        with pytest.raises(FetchFailed):
            await spool.want(0, 10)


async def test_answers_that_break_off_together_are_one_failure(tmp_path: Path) -> None:
    source = Source(together=asyncio.Barrier(6))
    async with borrowed(tmp_path, source) as spool, asyncio.timeout(60):
        await asyncio.gather(*(spool.want(at, at + 10) for at in range(2**20, 5 * 2**20 + 1, 2**20)))
        assert (await spool.whole()).read_bytes() == CONTENT


async def test_without_ranges_it_is_read_in_order_and_at_once(tmp_path: Path) -> None:
    source = Source(has_ranges=False)
    async with borrowed(tmp_path, source) as spool:
        await spool.want(0, 10)
        assert not spool.is_complete
        await spool.want(len(CONTENT) - 10, len(CONTENT))
        assert (await spool.whole()).read_bytes() == CONTENT
    assert source.asked == [(0, len(CONTENT))]


async def test_readers_share_a_copy_and_a_failed_one_is_begun_anew(tmp_path: Path) -> None:
    spools, source, broken = Spools(tmp_path, _room), Source(), Source(breaks_after=0)
    async with spools.borrow("a", source.origin()) as one, spools.borrow("a", source.origin()) as two:
        assert one is two
        await asyncio.gather(one.whole(), two.whole())
    assert source.times_asked() == 1
    async with spools.borrow("b", broken.origin()) as failed, asyncio.timeout(60):
        with pytest.raises(FetchFailed):
            await failed.whole()
        broken.breaks_after = None
        async with spools.borrow("b", broken.origin()) as fresh:
            assert (await fresh.whole()).read_bytes() == CONTENT
    spools.close()
    assert not os.listdir(tmp_path)


async def test_nobody_asks_for_more_when_nobody_reads(tmp_path: Path) -> None:
    spools, source = Spools(tmp_path, _room), Source()
    source.gate.clear()
    async with spools.borrow("a", source.origin()) as spool:
        waiting = asyncio.create_task(spool.want(0, 10))
        await source.was_asked.wait()
        waiting.cancel()
    source.gate.set()
    async with spools.borrow("b", Source().origin()) as other:  # takes longer than what is on its way
        await other.whole()
    assert sum(end - start for start, end in source.asked) < len(CONTENT) / 2
    spools.close()


async def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    async def no_room(_size_bytes: int) -> None:
        raise StoreFull("full")

    with pytest.raises(StoreFull):
        async with Spools(tmp_path, no_room).borrow("a", Source().origin()):
            pass
    assert not os.listdir(tmp_path)


async def test_what_has_come_whole_waits_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "YIELD_SECONDS", 600)
    size = len(CONTENT)
    front, back, back_ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def pieces(start: int, end: int) -> AsyncIterator[bytes]:
        await (front if start == 0 else back).wait()
        yield CONTENT[start:end]

    @asynccontextmanager
    async def read(start: int, end: int) -> AsyncIterator[AsyncIterator[bytes]]:
        yield pieces(start, end)
        if start:
            back_ended.set()

    spools = Spools(tmp_path, _room)
    async with spools.borrow("a", Origin(size, True, read, read_first=((size - 10, size),))) as spool, asyncio.timeout(60):
        waiting = asyncio.create_task(spool.want(0, 10))
        await asyncio.sleep(0)
        back.set()
        await back_ended.wait()
        assert not waiting.done()
        front.set()
        await waiting
    spools.close()


async def test_a_copy_that_is_closed_while_it_is_made_leaves_nothing(tmp_path: Path) -> None:
    release, loop = threading.Event(), asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    busy = loop.run_in_executor(None, release.wait)
    spool = Spool(tmp_path / "copy", Source().origin(), _room)
    for _ in range(5):
        await asyncio.sleep(0)
    spool.close()
    release.set()
    await busy
    await asyncio.wait({spool._opening})
    assert not os.listdir(tmp_path)


async def test_an_empty_file_is_complete(tmp_path: Path) -> None:
    async with borrowed(tmp_path, Source(b"")) as spool:
        assert (await spool.whole()).read_bytes() == b""


async def test_supply_knows_copies_by_their_path_and_finds_others_complete(tmp_path: Path) -> None:
    spools, plain = Spools(tmp_path, _room), tmp_path / "plain"
    plain.write_bytes(b"12345")
    async with spools.borrow("a", Source().origin()) as spool:
        start, end = await spools.supply(str(spool.path), 1_000_000, 1_000_010)
        assert start <= 1_000_000 < 1_000_010 <= end
        assert await spools.supply(str(plain), 2, 3) == (0, 5)
    spools.close()
