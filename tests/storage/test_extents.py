"""Stretches of bytes against a plain set of numbers."""

from hypothesis import given
from hypothesis import strategies as st

from storage.extents import Extents

SIZE = 40
SPANS = st.lists(st.tuples(st.booleans(), st.integers(0, SIZE), st.integers(0, SIZE)), max_size=12)


def _both(steps: list[tuple[bool, int, int]]) -> tuple[Extents, set[int]]:
    extents, numbers = Extents(), set[int]()
    for adds, start, end in steps:
        (extents.add if adds else extents.remove)(start, end)
        numbers = numbers | set(range(start, end)) if adds else numbers - set(range(start, end))
    return extents, numbers


@given(SPANS, st.integers(0, SIZE))
def test_around_is_the_longest_stretch_that_holds_a_byte(steps: list[tuple[bool, int, int]], position: int) -> None:
    extents, numbers = _both(steps)
    start, end = extents.around(position)
    if position not in numbers:
        assert (start, end) == (position, position)
        return
    assert start <= position < end
    assert set(range(start, end)) <= numbers
    assert not {start - 1, end} & numbers


@given(SPANS, st.integers(0, SIZE), st.integers(0, SIZE))
def test_hole_is_the_first_stretch_that_is_missing(steps: list[tuple[bool, int, int]], start: int, end: int) -> None:
    extents, numbers = _both(steps)
    missing = sorted(set(range(start, end)) - numbers)
    hole = extents.hole(start, end)
    if not missing:
        assert hole is None
        return
    assert hole is not None
    assert hole[0] == missing[0]
    assert not set(range(*hole)) & numbers
    assert hole[1] == end or hole[1] in numbers
