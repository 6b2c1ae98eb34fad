"""Any range of samples read by seeking equals the same range of one full decode, container by container (ENGINE 2)."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import av
import numpy as np
import pytest

from tests import tones
from transforms.engine.reader import Reader
from transforms.probe.source import measure

RATE_HZ = 44_100
WITHOUT_NOISE = ("-b:a", "96k", "-aac_pns", "0")  # decoders fill AAC's noise bands differently each time (ENGINE 3)
FILES = {
    "wav": ("a.wav",),
    "flac": ("a.flac",),
    "mp3-cbr-info": ("a.mp3", "-b:a", "128k"),
    "mp3-cbr-bare": ("b.mp3", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0"),
    "mp3-vbr-xing": ("c.mp3", "-q:a", "4"),
    "m4a-edit-list": ("a.m4a", "-c:a", "aac", *WITHOUT_NOISE),
    "adts": ("a.aac", *WITHOUT_NOISE),
    "opus": ("a.opus", "-b:a", "96k"),
    "vorbis": ("a.ogg", "-c:a", "libvorbis"),
    "mpegts": ("a.ts", "-c:a", "aac", *WITHOUT_NOISE),
    "mkv": ("a.mkv", "-c:a", "aac", *WITHOUT_NOISE),
}


def pcm(frames: Iterable[av.AudioFrame]) -> tones.Pcm:
    resampler = av.AudioResampler(format="flt")
    packed = [converted for frame in frames for converted in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in packed]) if packed else np.zeros((0, 2), np.float32)


@pytest.mark.parametrize("kind", FILES)
def test_any_range_equals_the_full_decode(kind: str, tmp_path: Path) -> None:
    name, *codec = FILES[kind]
    path = str(tones.write(tmp_path / name, tones.chirp(12, RATE_HZ) + tones.music(12, RATE_HZ), RATE_HZ, *codec))
    source = measure(path)
    assert source.seekable or kind in {"vorbis", "mkv", "mpegts"}
    with closing(Reader(path, source)) as reader:
        whole = pcm(reader.read(0, source.samples or 0))
        assert len(whole) == source.samples
        for start in (250_000, 13, 400_001, 100_000, 103_000, len(whole) - 700):
            end = min(len(whole), start + 9_000)
            # Lossy decoders that start in the middle differ in the last bits; a shift by one sample would be 1,000 times as much.
            np.testing.assert_allclose(pcm(reader.read(start, end)), whole[start:end], atol=2e-4)


def test_reading_on_needs_no_seek_and_a_fresh_reader_agrees(tmp_path: Path) -> None:
    path = str(tones.write(tmp_path / "a.mp3", tones.chirp(6, RATE_HZ), RATE_HZ, "-b:a", "160k"))
    source = measure(path)
    with closing(Reader(path, source)) as reader:
        joined = np.concatenate([pcm(reader.read(start, start + 30_000)) for start in range(0, 240_000, 30_000)])
        np.testing.assert_array_equal(joined, pcm(Reader(path, source).read(0, 240_000)))


def test_a_file_that_ends_early_gives_fewer_samples(tmp_path: Path) -> None:
    path = tones.write(tmp_path / "a.flac", tones.chirp(4, RATE_HZ), RATE_HZ)
    source = measure(str(path))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with closing(Reader(str(path), source)) as reader:
        assert 0 < len(pcm(reader.read(0, source.samples or 0))) < (source.samples or 0)


def test_frames_of_a_wrong_layout_become_the_sources(tmp_path: Path) -> None:
    path = str(tones.write(tmp_path / "a.wav", tones.chirp(1, RATE_HZ, 1), RATE_HZ))
    with closing(Reader(path, measure(path), "fltp")) as reader:
        frame = next(reader.read(0, 100))
        assert (frame.format.name, frame.layout.name, frame.samples) == ("fltp", "mono", 100)
