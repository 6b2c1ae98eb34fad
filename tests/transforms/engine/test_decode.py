"""What is decoded first holds what decoding gives, and an encode cut from it is the serial one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tests import tones
from tests.transforms.engine.encodes import Wish, plan_of
from transforms.engine.decode import decode
from transforms.engine.messages import Decode
from transforms.engine.pool import Engine
from transforms.engine.reader import Reader
from transforms.engine.run import RunOptions, run_plan
from transforms.engine.sandbox import EngineLimits
from transforms.probe.source import measure
from transforms.source import Source
from transforms.spec import Format

INPUTS = {
    "vorbis.ogg": ("-c:a", "libvorbis"),
    "opus.mkv": ("-c:a", "libopus"),
    "flac.mkv": ("-c:a", "flac", "-sample_fmt", "s16"),
    "pcm24.mkv": ("-c:a", "pcm_s24le"),
    "pcm64.w64": ("-c:a", "pcm_s64le"),
    "wma.wma": ("-c:a", "wmav2"),
}


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Engine(EngineLimits(), workers=2, probes=1, reserved=0) as running:
        yield running


def written(tmp_path: Path, name: str, seconds: float, channels: int = 2) -> Path:
    return tones.write(tmp_path / name, tones.music(seconds, 48_000, channels), 48_000, *INPUTS[name])


def samples_of(path: str, source: Source, start: int, end: int) -> bytes:
    assert source.samples is not None
    with closing(Reader(path, source, "s32")) as reader:
        return b"".join(bytes(frame.planes[0])[: frame.samples * source.channels * 4] for frame in reader.read(start, end))


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_it_holds_what_decoding_gives_anywhere(name: str, channels: int, tmp_path: Path) -> None:
    if name == "wma.wma" and channels == 6:
        pytest.skip("WMA 2 has two channels at most")
    path = written(tmp_path, name, 4, channels)
    source = measure(str(path))
    assert not source.seekable
    assert source.samples is not None
    decoded = decode(Decode(str(path), source, 3, str(tmp_path)), lambda _: None)
    assert decoded.source.seekable
    assert (decoded.source.samples, decoded.source.channels, decoded.source.layout) == (source.samples, source.channels, source.layout)
    file = str(tmp_path / decoded.file)
    whole = samples_of(str(path), source, 0, source.samples)
    size = source.channels * 4
    for start, end in ((0, source.samples), (100_001, 100_900), (source.samples - 77, source.samples), (5, 50_000)):
        assert samples_of(file, decoded.source, start, end) == whole[start * size : end * size], (start, end)


async def test_an_encode_through_it_is_the_serial_one(engine: Engine, tmp_path: Path) -> None:
    path = await asyncio.to_thread(written, tmp_path, "vorbis.ogg", 70)
    made = plan_of(Wish(Format.AAC, 128, 44_100), [path])
    pcm = []
    for cores in (1, 2):
        scratch = tmp_path / str(cores)
        scratch.mkdir()
        artifact = await run_plan(engine, made, [path], scratch, RunOptions(cores, 60))
        assert artifact.samples == made.renditions[0].samples
        assert (scratch / "decoded-00.wav").exists() == (cores == 2)
        pcm.append(tones.decode(scratch / artifact.file))
    assert len(pcm[0]) == len(pcm[1])
    half = len(pcm[0]) // 2
    np.testing.assert_array_equal(pcm[0][: half - 20_000], pcm[1][: half - 20_000])
    assert tones.signal_to_error_db(pcm[0][half:], pcm[1][half:]) > 20
