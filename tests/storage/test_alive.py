"""Marks of life, with real processes."""

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from storage.alive import AliveMark, bury, is_dead

SPAWN = multiprocessing.get_context("spawn")


def _hold(path: Path, told: Any) -> None:
    mark = AliveMark(path)
    told.put(mark.path.exists())
    SPAWN.Event().wait()


def test_a_killed_program_is_dead_at_once(tmp_path: Path) -> None:
    path, told = tmp_path / "marks" / "a", SPAWN.Queue()
    program = SPAWN.Process(target=_hold, args=(path, told), daemon=True)
    program.start()
    assert told.get(timeout=30)
    with bury(path) as dead:
        assert not dead
    assert not is_dead(path)
    program.kill()
    program.join(30)
    assert is_dead(path)
    with bury(path) as dead:
        assert dead
        with bury(path) as also_dead:
            assert not also_dead, "one settles the estate"
    assert not path.exists()


def test_a_failed_burial_leaves_the_mark(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()

    def settle() -> None:
        with bury(path) as dead:
            assert dead
            raise ConnectionError("the database is away")

    with pytest.raises(ConnectionError):
        settle()
    with bury(path) as dead:
        assert dead


def test_a_dropped_or_unknown_mark_says_nothing(tmp_path: Path) -> None:
    mark = AliveMark(tmp_path / "a")
    mark.drop()
    mark.drop()
    with bury(tmp_path / "a") as dead:
        assert not dead
