"""AAC ranges join without a trace, and every rate and length gives the packets and samples that the plan counts (ENGINE 3)."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import tones
from tests.transforms.engine.encodes import Wish, artifact_of, parts_of, plan_of, spans_between
from transforms.engine.adts import SAMPLE_RATES_HZ, adts_header
from transforms.engine.messages import Span
from transforms.engine.session import Session
from transforms.spec import Format

FRAME = 1024


def packets(path: Path) -> int:
    """ADTS packets, counted by their headers."""
    content, position, count = path.read_bytes(), 0, 0
    while position < len(content):
        assert content[position : position + 2] == b"\xff\xf1"
        position += int.from_bytes(content[position + 3 : position + 6], "big") >> 5 & 0x1FFF
        count += 1
    return count


def test_the_header_says_rate_channels_and_size() -> None:
    assert adts_header(48_000, 2, 200) == bytes.fromhex("fff14c8019fffc")
    assert adts_header(96_000, 2, 200)[2] == 0b01_0000_0_0
    assert [adts_header(rate, 2, 1)[2] >> 2 & 15 for rate in SAMPLE_RATES_HZ] == list(range(13))


@pytest.mark.parametrize("samples", [1, 2, 17, 1023, 1024, 1025, 2048, 44_100])
def test_every_length_gives_one_priming_packet_and_the_rest(samples: int, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.wav", tones.noise(1, 48_000)[:samples], 48_000)
    path, artifact = artifact_of(Wish(Format.AAC, 128), [source], tmp_path / "out")
    assert artifact.samples == samples
    assert packets(path) == -(-samples // FRAME) + 1
    assert len(tones.decode(path)) == packets(path) * FRAME


@pytest.mark.parametrize(("from_hz", "to_hz"), [(44_100, 48_000), (48_000, 44_100), (48_000, 48_000), (32_000, 44_100), (96_000, 48_000)])
def test_joined_ranges_are_as_good_as_one_encode(from_hz: int, to_hz: int, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.music(9, from_hz), from_hz)
    wish = Wish(Format.AAC, 128, to_hz)
    bounds = [1, 3, 50, 51, 120, 200, 201, 333]
    serial, _ = artifact_of(wish, [source], tmp_path / "serial")
    joined, artifact = artifact_of(wish, [source], tmp_path / "joined", bounds)
    assert packets(joined) == packets(serial)
    wav, _ = artifact_of(Wish(Format.WAV_RIFF, None, to_hz), [source], tmp_path / "wav")
    reference = tones.decode(wav)
    assert artifact.samples == len(reference)
    ours, theirs = (tones.decode(path)[FRAME : FRAME + len(reference)] for path in (joined, serial))
    around = np.unique(np.concatenate([np.arange((frame - 1) * FRAME - 512, (frame + 1) * FRAME) for frame in bounds[2:]]))
    at_joins = tones.signal_to_error_db(reference[around], ours[around])
    assert at_joins > tones.signal_to_error_db(reference[around], theirs[around]) - 0.5


def test_following_ranges_of_a_warm_session_are_the_serial_encode(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.music(8, 44_100), 44_100)
    wish = Wish(Format.AAC, 96, 48_000)
    serial, _ = artifact_of(wish, [source], tmp_path / "serial")
    warm, _ = artifact_of(wish, [source], tmp_path / "warm", [47, 94, 188, 300], warm=True)
    assert warm.read_bytes() == serial.read_bytes()


def test_a_warm_session_may_jump(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.mp3", tones.music(8, 44_100), 44_100)
    made = plan_of(Wish(Format.AAC, 96, 48_000), [source])
    spans = spans_between([100, 200])
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
    alone = {part.span: (tmp_path / "one" / part.file).read_bytes() for part in parts_of(made, [source], tmp_path / "one", spans)}
    jumping = parts_of(made, [source], tmp_path / "other", [spans[1], spans[0], spans[2]], warm=True)
    assert [part.frames for part in jumping] == [100, 100, made.renditions[0].frames - 200]
    assert all((tmp_path / "other" / part.file).read_bytes() == alone[part.span] for part in jumping[:2])


@pytest.mark.parametrize(
    ("kbps", "rate_hz"), [(16, 8_000), (20, 12_000), (24, 16_000), (32, 22_050), (32, 24_000), (40, 32_000), (576, 88_200), (320, 96_000)]
)
def test_every_output_rate(kbps: int, rate_hz: int, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.wav", tones.chirp(3, 44_100), 44_100)
    path, artifact = artifact_of(Wish(Format.AAC, kbps, rate_hz), [source], tmp_path / "out", [40])
    pcm = tones.decode(path)[FRAME:]
    assert artifact.samples == 3 * rate_hz
    assert abs(tones.chirp_time(pcm, rate_hz, 1.5) - 1.5) < 0.001
    assert artifact.bitrate_kbps == round(path.stat().st_size * 8 / 3 / 1000)


def test_two_renditions_come_from_one_decode(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.music(6, 44_100), 44_100)
    low, high = (plan_of(Wish(Format.AAC, kbps, rate), [source]) for kbps, rate in ((32, 22_050), (128, 48_000)))
    both = replace(high, renditions=low.renditions + high.renditions)
    (tmp_path / "both").mkdir()
    with closing(Session(both, (str(source),), ffmpeg=tones.ffmpeg())) as session:
        parts = session.encode((Span(40, 80), Span(87, 174)), str(tmp_path / "both"), lambda _: None)
    for made, part in ((low, parts[0]), (high, parts[1])):
        (tmp_path / "alone").mkdir(exist_ok=True)
        (alone,) = parts_of(made, [source], tmp_path / "alone", [part.span])
        assert (tmp_path / "alone" / alone.file).read_bytes() == (tmp_path / "both" / part.file).read_bytes()
