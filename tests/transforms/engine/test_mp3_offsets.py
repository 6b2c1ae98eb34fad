"""Where frames of mp3 files lie, against walking through all of them; and where that cannot be known."""

from contextlib import closing
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest

from tests import tones
from transforms.engine.mp3_frames import frame_sizes
from transforms.engine.mp3_offsets import FrameOffsets
from transforms.engine.reader import Reader
from transforms.probe.guard import audio_stream, open_media
from transforms.probe.source import measure

SECONDS = 30
CONSTANT = {
    "128k-44100": ("-b:a", "128k"),
    "320k-48000": ("-b:a", "320k", "-ar", "48000"),
    "192k-32000": ("-b:a", "192k", "-ar", "32000"),
    "64k-24000-mono": ("-b:a", "64k", "-ar", "24000", "-ac", "1"),
    "40k-22050-mono": ("-b:a", "40k", "-ar", "22050", "-ac", "1"),
    "no-reservoir": ("-b:a", "160k", "-reservoir", "0"),
}

OTHERS = {"vbr": ("-q:a", "4"), "abr": ("-abr", "1", "-b:a", "128k"), "bare": ("-b:a", "128k", "-write_xing", "0")}


def made(folder: Path, *codec: str, seconds: int = SECONDS) -> Path:
    return tones.write(folder / "a.mp3", tones.music(seconds, 44_100), 44_100, *codec)


def first_frame(file: Path) -> int:
    with open_media(str(file)) as container:
        position = next(container.demux(audio_stream(container))).pos
    assert position is not None
    return position


def offsets(file: Path) -> FrameOffsets | None:
    return FrameOffsets.of_file(str(file), first_frame(file))


def sound(reader: Reader, start: int, end: int) -> tones.Pcm:
    """One row for each channel."""
    return np.concatenate([frame.to_ndarray() for frame in reader.read(start, end)], axis=1)


@pytest.mark.parametrize("codec", CONSTANT.values(), ids=CONSTANT)
def test_every_frame_is_found_where_it_is(codec: tuple[str, ...], tmp_path: Path) -> None:
    file = made(tmp_path, *codec)
    first = first_frame(file)
    begins = [first, *accumulate(frame_sizes(iter([file.read_bytes()[first:]])), initial=first)][1:]
    found = offsets(file)
    assert found is not None
    last = len(begins) - 5  # of which it can be seen that frames follow
    assert last > SECONDS * 20
    assert [found.find(number) for number in range(last)] == begins[:last]
    assert found.find(len(begins) + 50) is None


@pytest.mark.parametrize(
    "codec", [("-q:a", "4"), ("-abr", "1", "-b:a", "128k"), ("-b:a", "128k", "-write_xing", "0")], ids=["vbr", "abr", "bare"]
)
def test_what_does_not_call_itself_constant_is_not_believed_to_be(codec: tuple[str, ...], tmp_path: Path) -> None:
    assert offsets(made(tmp_path, *codec)) is None


@pytest.mark.parametrize("extra_bytes", [418, 5_000])
def test_bytes_in_between_end_the_trust(extra_bytes: int, tmp_path: Path) -> None:
    """Even such as are as long as a frame: the file has not the size that its header tells."""
    file = made(tmp_path, "-b:a", "128k")
    content = file.read_bytes()
    file.write_bytes(content[:100_000] + bytes(extra_bytes) + content[100_000:])
    assert offsets(file) is None


def test_frames_that_lie_elsewhere_are_not_taken_for_others(tmp_path: Path) -> None:
    """Same size, but the second half has slid: those frames are not where their numbers say."""
    file = made(tmp_path, "-b:a", "128k")
    content = file.read_bytes()
    file.write_bytes(content[:100_000] + bytes(100) + content[100_000:-100])
    found = offsets(file)
    assert found is not None
    assert found.find(100) is not None
    assert found.find(600) is None


@pytest.mark.parametrize("codec", CONSTANT.values(), ids=CONSTANT)
def test_jumps_lead_to_the_sample(codec: tuple[str, ...], tmp_path: Path) -> None:
    """Forwards, backwards, to the last frames (which a seek must find, after jumps), and with a reader that is new."""
    path = str(made(tmp_path, *codec))
    source = measure(path)
    length = source.samples
    assert length is not None
    with closing(Reader(path, source)) as reader:
        whole = sound(reader, 0, length)
        for start in (length // 2, length // 3, length - 100_000, 70_000, length - 900, length // 4, 13, length - 20_000):
            end = min(length, start + 9_000)
            np.testing.assert_array_equal(sound(reader, start, end), whole[:, start:end])
    with closing(Reader(path, source)) as reader:
        np.testing.assert_array_equal(sound(reader, length // 2, length), whole[:, length // 2 :])
