"""Who waits for which bytes of a file that is arriving."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from storage.extents import Extent, Extents


@dataclass(frozen=True, slots=True, eq=False)
class _Demand:
    """Somebody waits for [start, end)."""

    start: int
    end: int
    here: asyncio.Future[None]


class Demands:
    """All who wait for bytes that are not in `here` yet; `rearrange` is called whenever somebody comes or goes."""

    def __init__(self, here: Extents, rearrange: Callable[[], None]) -> None:
        self._here = here
        self._rearrange = rearrange
        self._waiting: list[_Demand] = []
        self._changed = asyncio.Event()

    async def wait(self, start: int, end: int) -> None:
        """Wait until `settle` finds [start, end) here; raises what `fail` is given."""
        demand = _Demand(start, end, asyncio.get_running_loop().create_future())
        self._waiting.append(demand)
        self._tell()
        try:
            await demand.here
        finally:
            self._waiting.remove(demand)
            self._tell()

    def missing(self) -> list[Extent]:
        """The first stretch that each of them misses."""
        holes = (self._here.hole(demand.start, demand.end) for demand in self._waiting)
        return [hole for hole in holes if hole is not None]

    def settle(self) -> None:
        """Bytes have come: wake those who have all of theirs."""
        for demand in self._waiting:
            if not demand.here.done() and self._here.hole(demand.start, demand.end) is None:
                demand.here.set_result(None)
        self._wake()

    def fail(self, error: BaseException) -> None:
        """Let all of them know that nothing more will come."""
        for demand in self._waiting:
            if not demand.here.done():
                demand.here.set_exception(error)

    async def elsewhere(self, start: int, end: int) -> None:
        """Returns when nobody waits, or somebody for a byte of [start, end)."""
        while (missing := self.missing()) and not any(start <= hole[0] < end for hole in missing):
            await self._changed.wait()

    def _tell(self) -> None:
        self._wake()
        self._rearrange()

    def _wake(self) -> None:
        """Whoever gives way looks again."""
        self._changed.set()
        self._changed = asyncio.Event()
