"""What is worth fetching first, for files as they are written."""

import struct
from pathlib import Path

import pytest

from tests import tones
from transforms.ahead import FIRST_SOUND_BYTES, LAST_SOUND_BYTES, TAIL_BYTES, read_first

HEAD_BYTES = 1024


def test_an_index_behind_the_sound_comes_first(tmp_path: Path) -> None:
    file = tones.write(tmp_path / "late.m4a", tones.noise(20, 44_100), 44_100, "-c:a", "aac", "-b:a", "320k")
    content = file.read_bytes()
    index_at = content.index(b"moov") - 4
    expected = ((index_at, len(content)), (0, min(FIRST_SOUND_BYTES, index_at)), (max(0, index_at - LAST_SOUND_BYTES), index_at))
    assert read_first(content[:HEAD_BYTES], len(content)) == expected


@pytest.mark.parametrize("name", ["early.m4a", "tone.flac", "tone.mp3", "tone.ogg", "tone.wav"])
def test_of_other_files_the_end_is_looked_at(name: str, tmp_path: Path) -> None:
    options = ("-movflags", "+faststart") if name.endswith("m4a") else ()
    content = tones.write(tmp_path / name, tones.noise(5, 44_100), 44_100, *options).read_bytes()
    assert read_first(content[:HEAD_BYTES], len(content)) == ((max(0, len(content) - TAIL_BYTES), len(content)),)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0\0\0\x10ftyp" + bytes(8),
        b"\0\0\0\0mdat" + bytes(20),  # to the end of the file: nothing follows
        b"\0\0\0\x07mdat" + bytes(20),  # shorter than its own header
        b"\0\0\0\x01mdat" + struct.pack(">Q", 2**62) + bytes(8),  # longer than the file
        b"\0\0\0\x10moov" + bytes(30),
    ],
)
def test_damaged_heads_promise_nothing(head: bytes) -> None:
    assert read_first(head, 10**6) == ((10**6 - TAIL_BYTES, 10**6),)
