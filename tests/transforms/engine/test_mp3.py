"""MP3 to the sample in two decoders, ranges byte for byte like one encode, bit rates told as they are (ENGINE 4)."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests import tones
from tests.transforms.engine.encodes import Wish, artifact_of, parts_of, plan_of, spans_between
from transforms.engine.messages import WHOLE, Span
from transforms.engine.mp3_command import corrected_kbps, first_frame, mp3_arguments
from transforms.engine.mp3_frames import Mp3Header, NotAFrame, frame_sizes, is_cbr
from transforms.engine.session import Session
from transforms.errors import EngineFault
from transforms.plan import Rendition
from transforms.spec import Format


def rendition(kbps: int, rate_hz: int, frame_samples: int = 1152) -> Rendition:
    return Rendition(kbps, rate_hz, 2, "stereo", frame_samples, 10_000_000, (0,))


def mpg123_samples(path: Path) -> int:
    if shutil.which("mpg123") is None:
        pytest.skip("mpg123 is not installed: the second decoder's opinion is left out")
    raw = subprocess.run(["mpg123", "-q", "-s", str(path)], capture_output=True, check=True).stdout
    return len(raw) // 4


def test_the_argument_list() -> None:
    source = "-f f32le -ac 2 -ar 44100 -protocol_whitelist pipe -i pipe:0"
    output = "-f mp3 -b:a 128k -c:a libmp3lame -flush_packets 0 -id3v2_version 0 -write_xing 0 pipe:1"
    assert mp3_arguments(rendition(128, 44_100), 128, WHOLE) == f"{source} {output} -v error -nostdin".split()
    ranged = mp3_arguments(rendition(72, 48_000), 73, Span(0, 100))
    assert ranged[ranged.index("-reservoir") + 1] == "0"
    assert ranged[ranged.index("-abr") + 1] == "1"
    assert ranged[ranged.index("-b:a") + 1] == "73k"


def test_ranges_start_on_the_padding_period() -> None:
    assert first_frame(rendition(128, 48_000), Span(1000, 1100)) == 992
    assert first_frame(rendition(128, 44_100), Span(1000, 1100)) == 980  # 20 × 49
    assert first_frame(rendition(72, 48_000), Span(1000, 1100)) == 936
    assert first_frame(rendition(128, 44_100), Span(3, 1100)) == 0


def test_legal_frame_sizes() -> None:
    assert is_cbr(128, 44_100)
    assert not is_cbr(144, 44_100)
    assert is_cbr(144, 22_050)
    assert not is_cbr(72, 48_000)


def test_an_average_is_corrected_once_when_it_missed() -> None:
    asked = rendition(200, 48_000)
    second = 48_000 // 1152 * 2
    size = second * 1152 * 200_000 // 8 // 48_000
    assert corrected_kbps(asked, size, second) is None
    assert corrected_kbps(asked, size * 95 // 100, second) == 211
    assert corrected_kbps(asked, size // 2, second) is None
    assert corrected_kbps(rendition(296, 48_000), size * 12 // 10, second) == 320
    assert corrected_kbps(asked, 0, 0) is None
    assert corrected_kbps(rendition(192, 48_000), size * 9 // 10, second) is None


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(NotAFrame):
        list(frame_sizes(iter([b"RIFF" * 40])))
    assert Mp3Header(0xFFFB9064).size_bytes == 417
    assert list(frame_sizes(iter([bytes.fromhex("fffb9064") + bytes(413) + b"\xff\xfb", b"\x92\x64" + bytes(414)]))) == [417, 418]


LENGTHS = [1, 2, 575, 576, 577, 1151, 1152, 1153, 1728, 2304, 44_100, 44_099]


@pytest.mark.parametrize("samples", LENGTHS)
@pytest.mark.parametrize(("kbps", "rate_hz"), [(128, 44_100), (64, 22_050)])
def test_two_decoders_give_every_length_exactly(samples: int, kbps: int, rate_hz: int, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.wav", tones.noise(2, rate_hz)[:samples], rate_hz)
    path, artifact = artifact_of(Wish(Format.MP3, kbps, rate_hz), [source], tmp_path / "out")
    assert artifact.samples == samples
    assert len(tones.decode(path)) == samples
    assert mpg123_samples(path) == samples


@pytest.mark.parametrize(("kbps", "rate_hz"), [(128, 44_100), (192, 48_000), (56, 22_050), (32, 32_000)])
def test_joined_ranges_are_the_serial_encode(kbps: int, rate_hz: int, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.music(8, 44_100), 44_100)
    made = plan_of(Wish(Format.MP3, kbps, rate_hz), [source])
    total = made.renditions[0].frames
    parts = parts_of(made, [source], tmp_path, spans_between([1, 60, 61, 150]))
    joined = b"".join((tmp_path / part.file).read_bytes() for part in sorted(parts, key=lambda part: part.span.start))
    (serial,) = parts_of(made, [source], tmp_path, [Span(0, total)])  # bounded, so that it does without the reservoir as ranges do
    assert sum(part.frames for part in parts) == serial.frames == total
    assert sum(part.samples for part in parts) == made.renditions[0].samples
    assert joined == (tmp_path / serial.file).read_bytes()


def test_joined_ranges_of_an_average_rate_decode_exactly(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.music(8, 48_000) + tones.noise(8, 48_000), 48_000)
    path, artifact = artifact_of(Wish(Format.MP3, 104, 48_000), [source], tmp_path / "out", [120, 230])
    assert len(tones.decode(path)) == artifact.samples == 8 * 48_000
    assert mpg123_samples(path) == 8 * 48_000
    assert b"Xing" in path.read_bytes()[:300]
    wav, _ = artifact_of(Wish(), [source], tmp_path / "wav")
    assert tones.signal_to_error_db(tones.decode(wav), tones.decode(path)) > 3


@pytest.mark.parametrize("kbps", [72, 120, 200, 264])
def test_an_average_rate_lands_near_its_mark(kbps: int, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.music(6, 44_100) + tones.noise(6, 44_100), 44_100)
    path, artifact = artifact_of(Wish(Format.MP3, kbps, 44_100), [source], tmp_path / "out")
    assert abs(artifact.bitrate_kbps / kbps - 1) < 0.055  # LAME moves in steps: some means cannot be reached at all
    assert abs(artifact.bitrate_kbps - path.stat().st_size * 8 / 6000) < 2
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_content_lies_where_it_was(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.wav", tones.chirp(5, 48_000), 48_000)
    for rate_hz, bounds in ((44_100, [60, 130]), (32_000, [50]), (22_050, [])):
        path, _ = artifact_of(Wish(Format.MP3, 128, rate_hz), [source], tmp_path / str(rate_hz), bounds)
        pcm = tones.decode(path)
        assert all(abs(tones.chirp_time(pcm, rate_hz, at) - at) < 0.001 for at in np.arange(0.2, 4.8, 0.3))


def test_a_player_may_jump_by_the_table_of_contents(tmp_path: Path) -> None:
    quiet_then_loud = np.concatenate([tones.chirp(8, 44_100, amplitude=0.001), tones.noise(8, 44_100)])
    source = tones.write(tmp_path / "a.flac", quiet_then_loud, 44_100)
    path, _ = artifact_of(Wish(Format.MP3, 72, 44_100), [source], tmp_path / "out")
    content = path.read_bytes()
    toc = content[content.index(b"Xing") + 16 :][:100]
    assert list(toc) == sorted(toc)
    assert toc[50] < 110  # half of the time is less than half of the bytes


def test_a_dead_encoder_is_our_fault(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.wav", tones.noise(2, 44_100), 44_100)
    made = plan_of(Wish(Format.MP3, 128, 44_100), [source])
    session = Session(made, (str(source),), ffmpeg="/bin/false")
    with pytest.raises(EngineFault):
        session.encode((WHOLE,), str(tmp_path), lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
