"""The timestamp header byte by byte, and a list of packed segments through FFmpeg's own HLS client."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[attr-defined]

from tests.transforms.hls_plans import plan_of
from transforms.hls.packed import SEGMENT_HEADER_BYTES, segment_header
from transforms.hls.playlists import ListedSegment, vod_playlist
from transforms.hls.segments import segmentation
from transforms.limits import AAC_SAMPLE_RATES_HZ

FFMPEG = str(get_ffmpeg_exe())  # type: ignore[no-untyped-call]
OWNER = b"com.apple.streaming.transportStreamTimestamp\0"


def test_every_byte_of_a_header() -> None:
    priv = b"PRIV" + bytes([0, 0, 0, 53]) + b"\0\0" + OWNER + (47 * 1920).to_bytes(8, "big")
    assert segment_header(47, 48_000) == b"ID3\x04\x00\x00" + bytes([0, 0, 0, 63]) + priv
    assert SEGMENT_HEADER_BYTES == len(segment_header(0, 8_000)) == 73


@pytest.mark.parametrize("rate_hz", AAC_SAMPLE_RATES_HZ)
def test_the_clock_counts_90_khz_and_wraps_at_33_bits(rate_hz: int) -> None:
    first_beyond = -(-(2**33) * rate_hz // (1024 * 90_000))
    for frame in (0, 1, 8_979 * 188, first_beyond - 1, first_beyond, first_beyond + 1):
        ticks = int.from_bytes(segment_header(frame, rate_hz)[-8:], "big")
        assert ticks == frame * 1024 * 90_000 // rate_hz % 2**33
    assert int.from_bytes(segment_header(first_beyond, rate_hz)[-8:], "big") < 1024 * 90_000 / rate_hz


def adts_frames(stream: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(stream):
        size = int.from_bytes(stream[position + 3 : position + 6], "big") >> 5 & 0x1FFF
        yield stream[position : position + size]
        position += size


def ffmpeg(*arguments: str) -> bytes:
    return subprocess.run([FFMPEG, "-v", "error", *arguments], check=True, capture_output=True).stdout


@pytest.mark.parametrize(("rate_hz", "seconds"), [(48_000, 17), (44_100, 9), (8_000, 6), (96_000, 4), (48_000, 0.2)])
def test_a_packed_list_decodes_to_the_bits_of_the_uncut_stream(tmp_path: Path, rate_hz: int, seconds: float) -> None:
    plan = plan_of(seconds, [rate_hz])
    tone = f"aevalsrc=sin(2*PI*t*(200+40*t))|sin(2*PI*t*440):s={rate_hz},atrim=end_sample={plan.renditions[0].samples}"
    uncut = ffmpeg("-f", "lavfi", "-i", tone, "-c:a", "aac", "-b:a", "64k", "-f", "adts", "-")
    frames = list(adts_frames(uncut))
    cut = segmentation(plan)
    assert len(frames) == plan.renditions[0].frames == sum(cut.frames(0))
    for index in range(cut.count):
        span = cut.span(0, index)
        (tmp_path / f"seg{index}.aac").write_bytes(segment_header(span.start, rate_hz) + b"".join(frames[span.start : span.end]))
    listed = [ListedSegment(f"seg{index}.aac", count) for index, count in enumerate(cut.frames(0))]
    (tmp_path / "list.m3u8").write_text(vod_playlist(listed, rate_hz))
    (tmp_path / "uncut.aac").write_bytes(uncut)
    from_list, from_file = (ffmpeg("-i", str(tmp_path / name), "-f", "s16le", "-") for name in ("list.m3u8", "uncut.aac"))
    assert from_list == from_file
    assert len(from_list) == len(frames) * 1024 * 2 * 2
