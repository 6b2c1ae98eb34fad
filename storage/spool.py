"""One local copy of a remote file, read while it arrives: the bytes that somebody waits for come first, the others after them in order.

No byte is asked for twice, unless a request breaks off: each request claims the stretch that it will bring. Requests are short, a quarter
of a second's worth: a reader that jumps waits for its own bytes and not for those of others.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from storage.blocking import off_loop, to_its_end
from storage.course import LEAST_BYTES, SETTLED_SECONDS, Course
from storage.demands import Demands
from storage.extents import Extent, Extents
from storage.fetch.errors import FetchFailed
from storage.fetch.fetcher import FetchLimits
from storage.intake import SPACE_CHECK_BYTES
from storage.room import failing_when_full

SUFFIX: Final = ".arriving"
YIELD_SECONDS: Final = 5.0  # so long at most the others pause for one that somebody waits for: their servers would hang up
RETRIES: Final = 4  # without a byte between them; requests that fail side by side are one failure
RETRY_SECONDS: Final = 0.2  # before the first one; each takes twice as long as the one before
MAX_SECONDS: Final = FetchLimits().total_seconds


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file's bytes are. `read` gives [start, end) of one and the same version, or raises; where the other side knows no ranges,
    everything before `start` has to come too. `head` is what has been read of its beginning, `read_first` what is worth reading next."""

    size_bytes: int
    has_ranges: bool
    read: Callable[[int, int], AbstractAsyncContextManager[AsyncIterator[bytes]]]
    head: bytes = b""
    read_first: Sequence[Extent] = ()


class Spool:
    """A copy, shared by all who read it. `users` says how many do: without any nothing more is asked for."""

    def __init__(self, path: Path, origin: Origin, require_space: Callable[[int], Awaitable[None]]) -> None:
        self.users = 0
        self.failure: BaseException | None = None
        self.is_complete = False
        self._whole = path
        self._arriving = path.with_name(path.name + SUFFIX)
        self._origin = origin
        self._require_space = require_space
        self._deadline = self._now() + MAX_SECONDS
        self._here = Extents()
        self._claimed = Extents()
        self._demands = Demands(self._here, self._dispatch)
        self._requests: set[asyncio.Task[None]] = set()
        self._outstanding_bytes = 0
        self._course = Course(origin.size_bytes)
        self._failures = 0
        self._opening = asyncio.ensure_future(self._open())

    @property
    def path(self) -> Path:
        """A file of the full size: with holes while it has the ending SUFFIX."""
        return self._whole if self.is_complete else self._arriving

    @property
    def arriving(self) -> Path:
        """The file under the name that it has from the beginning."""
        return self._arriving

    @property
    def outlives_its_users(self) -> bool:
        """Whether it is worth keeping for a while when nobody reads it."""
        return self.failure is None and (self.is_complete or self._origin.has_ranges)

    async def opened(self) -> None:
        """The file exists; raises StoreFull, and what has gone wrong since."""
        await asyncio.shield(self._opening)
        if self.failure is not None:
            raise self.failure
        self._dispatch()

    async def want(self, start: int, end: int) -> Extent:
        """Wait until [start, end) is here; returns all that is here around it. Raises what the origin raises, StoreFull and FetchFailed."""
        end = min(end, self._origin.size_bytes)
        if self._here.hole(start, end) is not None:
            if self.failure is not None:
                raise self.failure
            self._follow(start)
            await self._demands.wait(start, end)
            self._follow(end)
        return self._here.around(start)

    async def whole(self) -> Path:
        """Wait until everything is here."""
        await self.want(0, self._origin.size_bytes)
        return self.path

    def close(self) -> None:
        """Ask for nothing more, and take the file away: under both its names, for whoever opens it next."""
        for task in (self._opening, *self._requests):
            task.cancel()
        self._fail(FetchFailed("The file is not read any more."))
        for path in (self._arriving, self._whole):
            path.unlink(missing_ok=True)

    async def _open(self) -> None:
        try:
            await self._require_space(self._origin.size_bytes)
            with failing_when_full():
                await to_its_end(off_loop(_make_sparse, self._arriving, self._origin.size_bytes, self._origin.head))
        except asyncio.CancelledError:
            self._arriving.unlink(missing_ok=True)  # `close` has come before the thread had made it
            raise
        except Exception as error:  # whoever opens it gets it
            self._fail(error)
            return
        self._here.add(0, len(self._origin.head))
        self._claimed.add(0, len(self._origin.head))
        self._check_complete()
        if self._origin.has_ranges:
            for start, end in self._origin.read_first:
                if (hole := self._claimed.hole(start, end)) is not None:
                    self._request(*hole)
            self._request(len(self._origin.head), 2 * LEAST_BYTES)

    def _follow(self, position: int) -> None:
        self._course.follow(position, self._claimed, self._now())
        asyncio.get_running_loop().call_later(1.1 * SETTLED_SECONDS, self._dispatch)  # surely behind it

    def _dispatch(self) -> None:
        """Ask for what is waited for and nobody brings yet; then, when little is on its way, for what will be read next."""
        if self.failure is not None or self.is_complete or not self._opening.done():
            return
        if not self._origin.has_ranges:
            if self.users and not self._requests:
                self._request(self._here.around(0)[1], self._origin.size_bytes)
            return
        missing = self._demands.missing()
        for start, end in missing:
            self._request(start, start + max(LEAST_BYTES, min(end - start, self._course.window_bytes)))
        enough_bytes = LEAST_BYTES // 2 if missing else self._course.window_bytes // 4
        if self.users and self._outstanding_bytes <= enough_bytes and (span := self._course.next(self._claimed, self._now())) is not None:
            self._request(*span)

    def _request(self, start: int, end: int) -> None:
        """Claim what nobody brings from `start` on, and have it brought; nothing when its first byte is on its way."""
        hole = self._claimed.hole(start, min(end, self._origin.size_bytes))
        if hole is None or hole[0] != start:
            return
        self._claimed.add(*hole)
        self._outstanding_bytes += hole[1] - hole[0]
        task = asyncio.ensure_future(self._bring(*hole))
        self._requests.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._requests.discard(task)
        self._dispatch()

    async def _bring(self, start: int, end: int) -> None:
        """Fetch a claimed stretch; what does not come of it is free again. Errors end the spool, or the next request tries again."""
        failures = self._failures
        try:
            async with asyncio.timeout_at(self._deadline):
                await self._require_space(SPACE_CHECK_BYTES)
                await self._receive(start, end)
        except TimeoutError:
            self._fail(FetchFailed("The file's host took too long."))
        except FetchFailed as error:
            if self._failures == failures:
                self._failures += 1
            if self._failures > RETRIES:
                self._fail(error)
            else:
                await asyncio.sleep(RETRY_SECONDS * 2 ** max(0, self._failures - 1))
        except Exception as error:  # whoever waits for the bytes gets it
            self._fail(error)
        finally:
            at = min(end, self._here.around(start)[1])
            self._claimed.remove(at, end)
            self._outstanding_bytes -= end - at

    async def _receive(self, start: int, end: int) -> None:
        at, began = start, self._now()
        async with self._origin.read(start, end) as pieces:
            async for piece in pieces:
                if len(piece) > end - at:
                    raise FetchFailed("The file's origin sent more than it was asked for.")
                with failing_when_full():
                    await to_its_end(off_loop(_write, self._arriving, piece, at))
                at += len(piece)
                self._arrived(at - len(piece), at)
                if at < end:
                    await self._give_way(at, end)
        if at < end:
            raise FetchFailed("The file's host broke off.")
        self._course.widen(end - start, self._now() - began)

    def _arrived(self, start: int, end: int) -> None:
        self._failures = 0
        self._here.add(start, end)
        self._outstanding_bytes -= end - start
        self._check_complete()
        self._demands.settle()
        self._dispatch()

    async def _give_way(self, at: int, end: int) -> None:
        """Read no further while somebody waits for other bytes: the line is theirs."""
        with suppress(TimeoutError):
            async with asyncio.timeout(YIELD_SECONDS):
                await self._demands.elsewhere(at, end)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _check_complete(self) -> None:
        if not self.is_complete and self._here.hole(0, self._origin.size_bytes) is None:
            os.link(self._arriving, self._whole)
            self.is_complete = True

    def _fail(self, error: BaseException) -> None:
        if self.failure is None and not self.is_complete:
            self.failure = error
            self._demands.fail(error)


def _make_sparse(path: Path, size_bytes: int, head: bytes) -> None:
    with path.open("xb") as file:
        file.write(head)
        file.truncate(size_bytes)


def _write(path: Path, piece: bytes, at: int) -> None:
    """Opened for each piece: a copy that is taken away meanwhile is written to no more."""
    with path.open("r+b", buffering=0) as file:
        while piece:
            written = os.pwrite(file.fileno(), piece, at)
            at, piece = at + written, piece[written:]
