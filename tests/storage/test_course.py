"""What is fetched before anybody asks."""

from storage.course import AHEAD_WINDOWS, LEAST_BYTES, MOST_BYTES, SETTLED_SECONDS, Course
from storage.extents import Extents

SIZE = 1000 * LEAST_BYTES
NOW = 100.0


def claimed(*stretches: tuple[int, int]) -> Extents:
    extents = Extents()
    for start, end in stretches:
        extents.add(start, end)
    return extents


def test_what_follows_where_somebody_reads_comes_next() -> None:
    course, here = Course(SIZE), claimed((0, LEAST_BYTES))
    course.follow(LEAST_BYTES // 2, here, NOW)
    assert course.next(here, NOW) == (LEAST_BYTES, 2 * LEAST_BYTES)


def test_not_too_far_ahead_before_nobody_has_waited_for_a_while() -> None:
    far = (AHEAD_WINDOWS + 1) * LEAST_BYTES
    course, here = Course(SIZE), claimed((0, far))
    course.follow(0, here, NOW)
    assert course.next(here, NOW) is None
    assert course.next(here, NOW + 2 * SETTLED_SECONDS) == (far, far + LEAST_BYTES)


def test_holes_before_the_reader_come_when_nothing_follows() -> None:
    course, here = Course(SIZE), claimed((SIZE - LEAST_BYTES, SIZE))
    course.follow(SIZE - 10, here, NOW)
    assert course.next(here, NOW) is None
    assert course.next(here, NOW + 2 * SETTLED_SECONDS) == (0, LEAST_BYTES)


def test_requests_grow_while_somebody_reads_on_and_are_small_after_a_jump() -> None:
    course, here = Course(SIZE), claimed((0, 10 * LEAST_BYTES))
    sizes = []
    for _ in range(12):
        course.widen(course.window_bytes, 1e-3)
        course.follow(5 * LEAST_BYTES, here, NOW)
        sizes.append(course.window_bytes)
    assert sizes[:3] == [2 * LEAST_BYTES, 4 * LEAST_BYTES, 8 * LEAST_BYTES]
    assert sizes[-1] == MOST_BYTES
    course.follow(500 * LEAST_BYTES, here, NOW)
    assert course.window_bytes == LEAST_BYTES


def test_requests_to_a_slow_origin_stay_small() -> None:
    course = Course(SIZE)
    course.widen(LEAST_BYTES, 10)
    assert course.window_bytes == LEAST_BYTES


def test_nothing_is_left_of_a_whole_file() -> None:
    assert Course(SIZE).next(claimed((0, SIZE)), NOW) is None
