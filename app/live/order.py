"""Which segment is encoded next: seeks before read-ahead before what nobody has asked for yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BLOCK_SEGMENTS = 8
"""What one lane fills in a row: about half a minute, so that the few frames of pre-roll at its beginning cost nothing (ENGINE 3)."""


@dataclass(slots=True)
class _Block:
    """Segments [next, end) that one lane fills in a row."""

    next: int = 0
    end: int = 0


class Order:
    """The segments of one variant that are still to be encoded, and who encodes which."""

    def __init__(self, segments: int, published: Iterable[int] = (), *, lanes: int, serial: bool = False) -> None:
        """`lanes` fill side by side. `serial`: positions cannot be reached by seeking, everything is encoded in order by the one lane."""
        self._segments = segments
        self._missing = set(range(segments)) - set(published)
        self._taken: set[int] = set()
        self._asked: set[int] = set()
        self._serial = serial
        self._position = 0  # where the last reader is
        self._blocks = [_Block() for _ in range(1 if serial else lanes)]

    @property
    def lanes(self) -> int:
        """How many lanes fill."""
        return len(self._blocks)

    @property
    def missing(self) -> int:
        """How many segments are not published yet."""
        return len(self._missing)

    @property
    def listed(self) -> int:
        """How many segments from the beginning on are published."""
        return min(self._missing, default=self._segments)

    def open_wants(self, wants: Sequence[int]) -> list[int]:
        """What somebody waits for and nobody encodes."""
        return [] if self._serial else [index for index in wants if self._is_open(index)]

    def take_wanted(self, wants: Sequence[int]) -> int | None:
        """The segment that somebody waits for and that is encoded now; None when there is none."""
        open_wants = self.open_wants(wants)
        if not open_wants:
            return None
        index = next((index for index in open_wants if self._is_seek(index)), open_wants[0])
        self._asked.add(index)
        self._position = index
        self._taken.add(index)
        return index

    def take_fill(self, lane: int, at_most: int = 1) -> range:
        """The next segments of a lane, which follow each other; empty when nothing is left for it."""
        block = self._blocks[lane]
        if not (block.next < block.end and self._is_open(block.next)):
            start = self._next_open()
            if start is None:
                return range(0)
            block.next, block.end = start, self._segments if self._serial else start + BLOCK_SEGMENTS
        # Half of its share of the rest at most: the lanes end together.
        share = max(1, len(self._missing - self._taken) // (2 * self.lanes))
        first, last = block.next, min(block.end, block.next + at_most, block.next + share)
        while block.next < last and self._is_open(block.next):
            self._taken.add(block.next)
            block.next += 1
        return range(first, block.next)

    def published(self, index: int) -> None:
        """It is durable."""
        self._missing.discard(index)
        self._taken.discard(index)

    def _is_open(self, index: int) -> bool:
        return index in self._missing and index not in self._taken

    def _is_seek(self, index: int) -> bool:
        """Nobody has been near: a player that reads on asks for what follows something published or asked for."""
        return index == 0 or (index - 1 in self._missing and index - 1 not in self._asked)

    def _next_open(self) -> int | None:
        """What follows the last reader's position, outside of what other lanes are about to fill; then the rest from the beginning."""
        ahead = [index for index in self._missing if self._is_open(index)]
        free = [index for index in ahead if not any(block.next <= index < block.end for block in self._blocks)] or ahead
        return min(free, key=lambda index: (index < self._position, index), default=None)
