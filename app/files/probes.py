"""What is known about originals, remembered by version: probing the same bytes twice is wasted work."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from cachetools import LRUCache

from app.files.folders import Folders
from app.files.originals import Originals
from app.files.playlist import OpenedSource, open_source
from transforms.engine.messages import Track
from transforms.engine.pool import Engine
from transforms.engine.tags import Cover
from transforms.errors import RefusedInput
from transforms.source import Source

REMEMBERED = 4096  # a Source is under 1 KiB

_Answer = Source | tuple[Track, ...]


class Probes:
    """Measures and describes originals through the engine, with a memory of the last answers (refusals included)."""

    def __init__(self, engine: Engine, originals: Originals, folders: Folders, scratch: Path) -> None:
        self._engine = engine
        self._originals = originals
        self._folders = folders
        self._scratch = scratch
        self._memory: LRUCache[tuple[str, ...], _Answer | RefusedInput] = LRUCache(REMEMBERED)

    async def measure(self, opened: OpenedSource) -> Source:
        """The exact Source of an opened original; raises RefusedInput."""
        answer = await self._remember(("measure", *_versions(opened)), lambda: self._engine.measure(str(opened.path)))
        assert isinstance(answer, Source)
        return answer

    async def describe(self, account: str, path: str, query: str = "") -> tuple[tuple[Track, ...], str]:
        """The tracks of an original for f=meta, and the original's version; raises FileNotFound and RefusedInput.

        `query`: what a remote folder's origin is asked with, as in `Originals.asked_with`.
        """
        originals = self._originals.asked_with(query)
        original = await originals.find(account, path, to_read=True)
        async with open_source(originals, self._folders, original, self._scratch) as opened:
            answer = await self._remember(("describe", *_versions(opened)), lambda: self._engine.describe(str(opened.path)))
        assert isinstance(answer, tuple)
        return answer, original.version

    async def cover(self, account: str, path: str, query: str = "") -> tuple[Cover | None, str]:
        """The picture attached to an original, and the original's version; raises FileNotFound, RefusedInput and EngineFault.

        Not remembered: pictures are large, reading one takes milliseconds, and browsers keep it.
        """
        originals = self._originals.asked_with(query)
        original = await originals.find(account, path, to_read=True)
        async with open_source(originals, self._folders, original, self._scratch) as opened:
            return await self._engine.read_cover(str(opened.path)), original.version

    async def _remember(self, key: tuple[str, ...], ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
        known = self._memory.get(key)
        if known is None:
            try:
                known = await ask()
            except RefusedInput as refusal:
                known = refusal
            self._memory[key] = known
        if isinstance(known, RefusedInput):
            raise known.with_traceback(None)  # it would keep that of every time it was raised
        return known


def _versions(opened: OpenedSource) -> tuple[str, ...]:
    return tuple(f"{source.path}\0{source.version}" for source in opened.made_from)
