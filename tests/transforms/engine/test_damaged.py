"""Files that hold less than they say: the output ends early only at its very end, elsewhere silence keeps every place."""

from pathlib import Path

import numpy as np
import pytest

from tests import tones
from tests.transforms.engine.encodes import Wish, parts_of, plan_of, spans_between
from transforms.engine.assemble import assemble
from transforms.engine.messages import WHOLE, Assemble
from transforms.errors import EngineFault, UnsupportedInput
from transforms.plan import Plan
from transforms.spec import Format

RATE_HZ = 48_000


def halved(path: Path, wish: Wish, files: list[Path]) -> Plan:
    """A plan made from whole files, of which one then loses its second half."""
    made = plan_of(wish, files)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return made


def finished(made: Plan, files: list[Path], scratch: Path, bounds: list[int]) -> tuple[tones.Pcm, int]:
    scratch.mkdir()
    parts = parts_of(made, files, scratch, spans_between(bounds) if bounds else [WHOLE])
    artifact = assemble(Assemble(made, tuple(map(str, files)), tuple(parts), str(scratch)))
    return tones.decode(scratch / artifact.file), artifact.samples


@pytest.mark.parametrize(("format_", "kbps"), [(Format.WAV_RIFF, None), (Format.MP3, 128), (Format.AAC, 128)])
def test_a_whole_encode_becomes_shorter(format_: Format, kbps: int | None, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.chirp(4, RATE_HZ), RATE_HZ)
    made = halved(source, Wish(format_, kbps, 44_100), [source])
    pcm, samples = finished(made, [source], tmp_path / "out", [])
    assert 44_100 < samples < 3 * 44_100
    assert len(pcm) == samples if format_ is not Format.AAC else len(pcm) == (-(-samples // 1024) + 1) * 1024
    assert abs(tones.chirp_time(pcm, 44_100, 1.0) - 1.0) < (0.03 if format_ is Format.AAC else 0.001)


def test_ranges_fill_up_with_silence(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.chirp(4, RATE_HZ), RATE_HZ)
    made = halved(source, Wish(), [source])
    pcm, samples = finished(made, [source], tmp_path / "out", [RATE_HZ, 3 * RATE_HZ])
    assert len(pcm) == samples == 3 * RATE_HZ
    assert np.abs(pcm[-RATE_HZ // 4 :]).max() == 0


def test_what_follows_stays_in_its_place(tmp_path: Path) -> None:
    files = [tones.write(tmp_path / name, tones.chirp(4, RATE_HZ), RATE_HZ) for name in ("a.flac", "b.flac")]
    made = halved(files[0], Wish(plays=(2, 1)), files)
    pcm, samples = finished(made, files, tmp_path / "out", [])
    assert len(pcm) == samples == 12 * RATE_HZ
    for at, source in ((1.0, 1.0), (5.0, 1.0), (9.0, 1.0), (11.9, 3.9)):
        assert abs(tones.chirp_time(pcm, RATE_HZ, at) - source) < 0.001
    assert np.abs(pcm[round(3.5 * RATE_HZ) : 4 * RATE_HZ]).max() == 0


def test_a_damaged_packet_costs_its_own_samples_only(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.mp3", tones.chirp(4, RATE_HZ), RATE_HZ, "-b:a", "128k")
    made = plan_of(Wish(), [source])
    content = bytearray(source.read_bytes())
    content[30_000:30_400] = bytes(400)
    source.write_bytes(content)
    pcm, samples = finished(made, [source], tmp_path / "out", [])
    assert 4 * RATE_HZ - 5 * 1152 <= samples == len(pcm) <= 4 * RATE_HZ


def test_nothing_decodable_is_an_error(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.mp3", tones.noise(2, RATE_HZ), RATE_HZ, "-write_xing", "0", "-id3v2_version", "0")
    other = tones.write(tmp_path / "b.flac", tones.noise(2, RATE_HZ), RATE_HZ)
    made = plan_of(Wish(Format.MP3, 128), [other])
    content = bytearray(other.read_bytes())
    content[5_000:] = bytes(len(content) - 5_000)
    other.write_bytes(content)
    with pytest.raises(UnsupportedInput):
        parts_of(made, [other], tmp_path, [WHOLE])
    assert source.exists()


def test_parts_must_be_the_whole(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.wav", tones.noise(1, RATE_HZ), RATE_HZ)
    made = plan_of(Wish(), [source])
    parts = parts_of(made, [source], tmp_path, spans_between([100, 200]))
    for missing in range(3):
        with pytest.raises(EngineFault):
            assemble(Assemble(made, (str(source),), tuple(part for place, part in enumerate(parts) if place != missing), str(tmp_path)))
