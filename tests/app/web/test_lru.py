"""The bound holds whatever is put, and what was used last stays."""

from hypothesis import given
from hypothesis import strategies as st

from app.web.http.lru import Lru


def test_the_oldest_goes_first() -> None:
    kept: Lru[bytes] = Lru(10, len)
    for name in "abc":
        kept.put((name, "1"), b"xxxx" if name != "c" else b"xx")
    assert kept.get(("a", "1")) is not None  # the youngest now
    kept.put(("d", "1"), b"xxxx")
    assert [kept.get((name, "1")) is not None for name in "abcd"] == [True, False, True, True]


def test_versions_are_apart_and_forgotten_together() -> None:
    kept: Lru[bytes] = Lru(100, len)
    for key in (("a/x", "1"), ("a/x", "2"), ("b/x", "1")):
        kept.put(key, b"12")
    kept.forget("a/")
    assert [kept.get(key) for key in (("a/x", "1"), ("a/x", "2"), ("b/x", "1"))] == [None, None, b"12"]
    assert kept.weight == 2


def test_what_is_too_large_alone_costs_nobody_its_place() -> None:
    kept: Lru[bytes] = Lru(10, len)
    kept.put(("a", ""), b"123")
    kept.put(("b", ""), b"x" * 11)
    assert kept.get(("a", "")) == b"123"
    assert kept.get(("b", "")) is None


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.binary(max_size=12))))
def test_the_bound_holds(puts: list[tuple[str, bytes]]) -> None:
    kept: Lru[bytes] = Lru(20, len)
    for name, body in puts:
        kept.put((name, ""), body)
        found = [kept.get((name, "")) for name in "abcdef"]
        assert kept.weight == sum(len(body) for body in found if body is not None) <= 20
