"""How fast each rendition of one decode is said to be."""

import pytest

from app.live.listing import keeps_up
from app.live.speed import Speedometer


def test_each_rendition_takes_what_is_shared_and_its_own() -> None:
    meter = Speedometer()
    meter.add(4, [1.0, 0.25])
    assert meter.speeds(2.0) == pytest.approx((4 / 1.75, 4 / 1.0))  # three quarters of a second are waiting and decoding


def test_a_slow_rendition_does_not_speak_for_a_fast_one() -> None:
    meter = Speedometer()
    meter.add(1, [1.5, 0.1])
    meter.add(1, [1.5, 0.1])
    assert list(map(keeps_up, meter.speeds(3.8))) == [False, True]


def test_waiting_slows_all_of_them() -> None:
    meter = Speedometer()
    meter.add(1, [0.02, 0.01])
    assert not any(map(keeps_up, meter.speeds(2.5)))


def test_two_processors_do_two_seconds_of_work_in_one() -> None:
    meter = Speedometer()
    for _ in range(2):
        meter.add(4, [1.5, 0.5])
    assert meter.speeds(2.0) == pytest.approx((8 / 1.5, 8 / 0.5))


def test_nothing_measured_is_no_speed() -> None:
    assert Speedometer().speeds(0) == ()
