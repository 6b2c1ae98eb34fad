"""What is published survives a power cut: contents before the name, the name before anybody is told."""

import os
from pathlib import Path

import pytest

from storage.durable import publish


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What reached the disk, in order: each `fsync` and `rename` of this process with the file it was for."""
    seen: list[tuple[str, str]] = []
    fsync, rename = os.fsync, os.rename

    def noted_fsync(descriptor: int) -> None:
        seen.append(("fsync", os.readlink(f"/proc/self/fd/{descriptor}")))
        fsync(descriptor)

    def noted_rename(source: Path, target: Path) -> None:
        seen.append(("rename", str(target)))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "rename", noted_rename)
    return seen


def test_contents_are_durable_before_the_name_and_the_name_before_the_answer(tmp_path: Path, calls: list[tuple[str, str]]) -> None:
    aside, target = tmp_path / "aside", tmp_path / "new" / "folder" / "song.wav"
    aside.write_bytes(b"sound")
    publish(aside, target)
    assert target.read_bytes() == b"sound"
    renamed = calls.index(("rename", str(target)))
    assert ("fsync", str(aside)) in calls[:renamed]
    durable = {file for call, file in calls[renamed:] if call == "fsync"}
    assert {str(tmp_path), str(tmp_path / "new"), str(target.parent)} <= durable


def test_replacing_is_durable_too(tmp_path: Path, calls: list[tuple[str, str]]) -> None:
    aside, target = tmp_path / "aside", tmp_path / "song.wav"
    target.write_bytes(b"old")
    aside.write_bytes(b"new")
    publish(aside, target)
    assert calls == [("fsync", str(aside)), ("rename", str(target)), ("fsync", str(tmp_path))]
