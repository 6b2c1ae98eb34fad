"""The one path rule and the one resolver."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import InvalidKey
from storage.paths import check_path, resolve

GOOD = ["/a", "/a/b.mp3", "/ü/ /…", "/..a/b..", "/.hidden", "/a:b?c*!%2F", "/" + "x" * 255, "/a\nb", "/C:/x"]
BAD = ["", "a", "/", "//", "/a/", "/a//b", "/.", "/..", "/a/../b", "/a/..", "/a\0", "/a\\b", "/" + "x" * 256, "/" + "ü" * 128, "/\udcff"]
BAD += ["/a" * 451]


@pytest.mark.parametrize("path", GOOD)
def test_good_paths_are_unchanged(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize("path", BAD)
def test_bad_paths_are_refused_with_a_sentence(path: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidKey) as refused:
        check_path(path)
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert len(sentence) < 200
    sentence.encode()
    assert "\0" not in sentence
    with pytest.raises(InvalidKey):
        resolve(tmp_path, path)


def test_resolve_stays_inside(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "in", outside):
        folder.mkdir(parents=True)
    (root / "in" / "a.mp3").write_bytes(b"in")
    (outside / "secret").write_bytes(b"out")
    (root / "escape").symlink_to(outside)
    (root / "file").symlink_to("../outside/secret")
    (root / "loop").symlink_to("loop")
    (root / "inner").symlink_to("in/a.mp3")
    (tmp_path / "rooted").mkdir()
    assert resolve(root, "/in/a.mp3").read_bytes() == b"in"
    assert resolve(root, "/inner").read_bytes() == b"in"
    assert resolve(root, "/not/there") == root / "not" / "there"
    for path in ("/escape", "/escape/secret", "/file"):
        with pytest.raises(InvalidKey, match="leads out"):
            resolve(root, path)
    assert not resolve(root, "/loop").exists() or pytest.fail("a loop has no end")


def test_a_root_behind_a_link_is_fine(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a").write_bytes(b"a")
    (tmp_path / "link").symlink_to("music")
    assert resolve(tmp_path / "link", "/a").read_bytes() == b"a"
    # A sibling whose name only begins like the root is outside.
    (tmp_path / "music-private").mkdir()
    (tmp_path / "music" / "out").symlink_to("../music-private")
    with pytest.raises(InvalidKey):
        resolve(tmp_path / "link", "/out")


@given(st.text(alphabet=st.sampled_from("a./\\\0é%~ "), max_size=20))
def test_nothing_escapes(path: str) -> None:
    root = Path("/no/such/root")
    try:
        target = resolve(root, path)
    except InvalidKey:
        return
    assert target.is_relative_to(root)
    assert target != root
