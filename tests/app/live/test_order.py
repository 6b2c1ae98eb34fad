"""Which segment is encoded next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.live.order import BLOCK_SEGMENTS, Order


def filled(order: Order, lane: int, at_most: int = 1) -> list[int]:
    """Everything one lane takes."""
    taken: list[int] = []
    while segments := order.take_fill(lane, at_most):
        taken += segments
        for index in segments:
            order.published(index)
    return taken


def test_one_lane_goes_from_the_beginning_to_the_end() -> None:
    assert filled(Order(30, lanes=1), 0) == list(range(30))


def test_two_lanes_fill_neighbouring_blocks() -> None:
    order = Order(100, lanes=2)
    taken = [index for _ in range(3) for lane in (0, 1) for index in order.take_fill(lane)]
    assert taken == [0, BLOCK_SEGMENTS, 1, BLOCK_SEGMENTS + 1, 2, BLOCK_SEGMENTS + 2]


@pytest.mark.parametrize("wants", [[4, 70], [70, 4]])
def test_a_seek_goes_before_read_ahead(wants: list[int]) -> None:
    order = Order(100, lanes=1)
    assert order.take_wanted([3]) == 3
    order.published(3)
    assert order.take_wanted(wants) == 70
    assert order.take_wanted(wants) == 4
    assert order.take_wanted(wants) is None


def test_of_several_seeks_the_first_goes_first() -> None:
    order = Order(100, lanes=1)
    assert [order.take_wanted([50, 90, 20]) for _ in range(3)] == [50, 90, 20]


def test_the_fill_goes_on_behind_the_last_reader_and_then_from_the_beginning() -> None:
    order = Order(20, lanes=1)
    assert order.take_wanted([15]) == 15
    order.published(15)
    assert filled(order, 0) == [16, 17, 18, 19, *range(15)]


def test_several_at_once_end_with_the_block_and_with_what_others_have() -> None:
    order = Order(100, published=[12, 13], lanes=2)
    assert order.take_wanted([5]) == 5
    assert [list(order.take_fill(0, 8)) for _ in range(2)] == [[6, 7, 8, 9, 10, 11], [14, 15, 16, 17, 18, 19, 20, 21]]


def test_towards_the_end_lanes_take_less_so_that_they_end_together() -> None:
    order = Order(32, lanes=2)
    taken: list[int] = []
    while not taken or taken[-1]:
        taken.append(len(order.take_fill(len(taken) % 2, 8)))
    assert taken[:2] == [8, 6]
    assert max(taken[-5:]) == 1


def test_a_resumed_encode_makes_only_what_is_missing() -> None:
    order = Order(6, published=[0, 1, 4], lanes=1)
    assert (order.missing, order.listed) == (3, 2)
    assert order.take_wanted([1]) is None
    assert filled(order, 0) == [2, 3, 5]
    assert order.listed == 6


def test_what_cannot_be_sought_is_encoded_in_order() -> None:
    order = Order(50, lanes=4, serial=True)
    assert order.lanes == 1
    assert order.take_wanted([40]) is None
    assert filled(order, 0) == list(range(50))


@given(st.integers(1, 60), st.integers(1, 4), st.integers(1, 9), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 70))))
def test_every_segment_is_taken_once(segments: int, lanes: int, at_most: int, asked: list[tuple[int, int]]) -> None:
    order = Order(segments, lanes=lanes)
    taken: list[int] = []
    for lane, wanted in asked:
        if lane < lanes:
            taken += order.take_fill(lane, at_most)
        elif (index := order.take_wanted([wanted])) is not None:
            taken.append(index)
    for index in taken:
        order.published(index)
    for lane in range(lanes):
        taken += filled(order, lane, at_most)
    assert sorted(taken) == list(range(segments))
    assert order.missing == 0
