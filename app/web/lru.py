"""Least-recently-used memory with a bound: small bodies by their bytes, open files by their number."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")

Key = tuple[str, str]
"""What is kept and in which version: (store key, strong ETag). Equal keys mean equal bytes, so an entry is never stale, only unwanted."""


class Lru(Generic[V]):
    """Keeps what was asked for last, up to `limit` in the unit of `weigh`."""

    def __init__(self, limit: int, weigh: Callable[[V], int]) -> None:
        self._limit = limit
        self._weigh = weigh
        self._kept: OrderedDict[Key, V] = OrderedDict()
        self.weight = 0

    def get(self, key: Key) -> V | None:
        """The entry, which becomes the youngest."""
        value = self._kept.get(key)
        if value is not None:
            self._kept.move_to_end(key)
        return value

    def put(self, key: Key, value: V) -> None:
        """Keep an entry, at the cost of the oldest ones; one that is over the limit alone is not kept."""
        if self._weigh(value) > self._limit:
            return
        self._drop(key)
        self._kept[key] = value
        self.weight += self._weigh(value)
        while self.weight > self._limit:
            self._drop(next(iter(self._kept)))

    def forget(self, prefix: str) -> None:
        """Drop every version of every store key that starts with `prefix` (a reset has deleted them)."""
        for key in [key for key in self._kept if key[0].startswith(prefix)]:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        value = self._kept.pop(key, None)
        if value is not None:
            self.weight -= self._weigh(value)
