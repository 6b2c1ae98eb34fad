"""Which bytes of a file are there: stretches [start, end) that neither touch nor overlap, in order."""

from bisect import bisect_right

Extent = tuple[int, int]


class Extents:
    """A set of bytes as its stretches. A spool has a few dozen of them at most."""

    def __init__(self) -> None:
        self._stretches: list[Extent] = []

    def add(self, start: int, end: int) -> None:
        """Take [start, end) in."""
        if start >= end:
            return
        joined = [each for each in self._stretches if each[0] <= end and start <= each[1]]
        apart = [each for each in self._stretches if not (each[0] <= end and start <= each[1])]
        starts, ends = zip(*joined, (start, end), strict=True)
        self._stretches = sorted([*apart, (min(starts), max(ends))])

    def remove(self, start: int, end: int) -> None:
        """Take [start, end) out."""
        if start >= end:
            return
        before = [(each[0], min(each[1], start)) for each in self._stretches]
        behind = [(max(each[0], end), each[1]) for each in self._stretches]
        self._stretches = sorted(each for each in (*before, *behind) if each[0] < each[1])

    def around(self, position: int) -> Extent:
        """The stretch that holds a byte; empty, at the byte, where it is not there."""
        number = bisect_right(self._stretches, position, key=lambda stretch: stretch[0]) - 1
        if number >= 0 and position < self._stretches[number][1]:
            return self._stretches[number]
        return position, position

    def hole(self, start: int, end: int) -> Extent | None:
        """The first stretch within [start, end) that is not there."""
        begins = max(start, self.around(start)[1])
        if begins >= end:
            return None
        follows = bisect_right(self._stretches, begins, key=lambda stretch: stretch[0])
        return begins, min(end, self._stretches[follows][0]) if follows < len(self._stretches) else end
