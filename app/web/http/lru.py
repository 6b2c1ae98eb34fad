"""Least-recently-used memory with a bound: small bodies by their bytes, open files by their number."""

from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from cachetools import LRUCache

V = TypeVar("V")

Key = tuple[str, str]
"""What is kept and in which version: (store key, strong ETag). Equal keys mean equal bytes, so an entry is never stale, only unwanted."""


class Lru(Generic[V]):
    """Keeps what was asked for last, up to `limit` in the unit of `weigh`."""

    def __init__(self, limit: int, weigh: Callable[[V], int]) -> None:
        self._kept: LRUCache[Key, V] = LRUCache(limit, getsizeof=weigh)

    @property
    def weight(self) -> float:
        """Of everything that is kept."""
        return self._kept.currsize

    def get(self, key: Key) -> V | None:
        """The entry, which becomes the youngest."""
        return self._kept.get(key)

    def put(self, key: Key, value: V) -> None:
        """Keep an entry, at the cost of the oldest ones; one that is over the limit alone is not kept."""
        with suppress(ValueError):
            self._kept[key] = value

    def forget(self, prefix: str) -> None:
        """Drop every version of every store key that starts with `prefix` (a reset has deleted them)."""
        for key in [key for key in self._kept if key[0].startswith(prefix)]:
            del self._kept[key]
