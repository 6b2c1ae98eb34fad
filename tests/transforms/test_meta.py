"""FFmpeg's facts in MediaInfo's words, as a table."""

from fractions import Fraction

import pytest

from transforms import meta
from transforms.meta import MATROSKA, MOV, Mode, TrackFacts, TrackKind


def facts(container: str, codec: str | None, kind: TrackKind = "Audio", **more: object) -> TrackFacts:
    return TrackFacts(kind, container, codec, **more)  # type: ignore[arg-type]


NAMED = [
    (facts(MOV, "aac", tag=b"mp4a", object_indication=0x40, object_type=2), "AAC", "mp4a-40-2", None),
    (facts(MOV, "aac", tag=b"mp4a", object_indication=0x40, object_type=5), "AAC", "mp4a-40-5", None),
    (facts(MOV, "aac", tag=b"mp4a", object_indication=0x40, profile="LC"), "AAC", "mp4a-40-2", None),
    (facts(MOV, "mp3", tag=b"mp4a", object_indication=0x6B), "MPEG Audio", "mp4a-6B", "CBR"),
    (facts(MOV, "mpeg4", "Video", tag=b"mp4v", object_indication=0x20), "MPEG-4 Visual", "mp4v-20", None),
    (facts(MOV, "alac", tag=b"alac", sizes_vary=True), "ALAC", "alac", "VBR"),
    (facts(MOV, "amr_nb", tag=b"samr", sizes_vary=False), "AMR", "samr", "CBR"),
    (facts(MOV, "h264", "Video", tag=b"avc1", sizes_vary=True), "AVC", "avc1", None),
    (facts(MOV, "pcm_s16le", tag=b"sowt"), "PCM", "sowt", "CBR"),
    (facts("wav", "pcm_s16le", tag=b"\x01\0\0\0"), "PCM", "1", "CBR"),
    (facts("wav", "adpcm_ima_wav", tag=b"\x11\0\0\0"), "ADPCM", "11", "CBR"),
    (facts("wav", "pcm_mulaw", tag=b"\x07\0\0\0"), "ADPCM", "7", "CBR"),
    (facts("wav", "gsm_ms", tag=b"\x31\0\0\0"), "GSM 6.10", "31", None),
    (facts("asf", "wmav2", tag=b"\x61\x01\0\0", stated_mode="CBR"), "WMA", "161", "CBR"),
    (facts("asf", "wmv3", "Video", tag=b"WMV3"), "VC-1", "WMV3", None),
    (facts("avi", "mpeg4", "Video", tag=b"FMP4"), "MPEG-4 Visual", "FMP4", None),
    (facts("avi", "mp3", tag=b"U\0\0\0"), "MPEG Audio", "55", "CBR"),
    (facts("flv", "aac", object_type=2), "AAC", "10-2", None),
    (facts("flv", "flv1", "Video"), "Sorenson Spark", "2", None),
    (facts("mpegts", "aac", tag=b"\x0f\0\0\0", profile="LC"), "AAC", "15-2", "VBR"),
    (facts("mpegts", "ac3", tag=b"AC-3"), "AC-3", "129", "CBR"),
    (facts("mpegts", "mp2", tag=b"\x03\0\0\0"), "MPEG Audio", "3", "CBR"),
    (facts("mpegts", "h264", "Video", tag=b"\x1b\0\0\0"), "AVC", "27", None),
    (facts("aac", "aac", profile="LC"), "AAC", "2", "VBR"),
    (facts("aac", "aac", profile="SSR"), "AAC", "3", "VBR"),
    (facts(MATROSKA, "aac", object_type=2), "AAC", "A_AAC-2", None),
    (facts(MATROSKA, "opus"), "Opus", "A_OPUS", None),
    (facts(MATROSKA, "pcm_s16le"), "PCM", "A_PCM/INT/LIT", "CBR"),
    (facts(MATROSKA, "vp9", "Video"), "VP9", "V_VP9", None),
    (facts(MATROSKA, "subrip", "Text"), "UTF-8", "S_TEXT/UTF8", None),
    (facts(MATROSKA, "dts", profile="DTS-HD MA"), "DTS", "A_DTS", "VBR"),
    (facts("mp3", "mp3"), "MPEG Audio", None, "CBR"),
    (facts("mp3", "mp3", stated_mode="VBR"), "MPEG Audio", None, "VBR"),
    (facts("mp3", "mjpeg", "Image"), "JPEG", None, None),
    (facts("flac", "flac"), "FLAC", None, "VBR"),
    (facts("ogg", "vorbis"), "Vorbis", None, "VBR"),
    (facts("ogg", "opus"), "Opus", None, None),
    (facts("mxf", "pcm_s24le", spelled_id="0D01030102060200"), "PCM", "0D01030102060200", "CBR"),
    (facts(MOV, None), None, None, None),
    (facts("caf", "something_new"), "SOMETHING_NEW", None, None),
]


@pytest.mark.parametrize(("track", "codec", "codec_id", "mode"), NAMED, ids=lambda value: None)
def test_names(track: TrackFacts, codec: str | None, codec_id: str | None, mode: Mode | None) -> None:
    assert (meta.codec_name(track), meta.codec_id(track), meta.bit_rate_mode(track)) == (codec, codec_id, mode)


@pytest.mark.parametrize(
    ("codec", "profile", "rate_hz", "rate"),
    [
        ("aac", "LC", 48_000, 46.875),
        ("aac", "HE-AAC", 44_100, 21.533),
        ("mp3", None, 44_100, 38.281),
        ("mp3", None, 16_000, 27.778),
        ("mp1", None, 48_000, 125.0),
        ("ac3", None, 48_000, 31.25),
        ("opus", None, 48_000, None),
    ],
)
def test_audio_frame_rates(codec: str, profile: str | None, rate_hz: int, rate: float | None) -> None:
    assert meta.frame_rate(facts("mpegts", codec, profile=profile, sample_rate_hz=rate_hz)) == rate


def test_video_frames_are_counted() -> None:
    assert meta.frame_rate(facts(MOV, "h264", "Video", packets=30, seconds=Fraction(1001, 1000))) == 29.97
    assert meta.frame_rate(facts(MOV, "h264", "Video")) is None


def test_bit_rates_are_those_of_the_packets() -> None:
    framed = facts("mp3", "mp3", sample_rate_hz=32_000, packets=4, size_bytes=3456, seconds=Fraction(1, 10))
    assert meta.bit_rate(framed) == 192_000, "priming is coded too"
    opus = facts("ogg", "opus", packets=50, size_bytes=1000, seconds=Fraction(1), coded_seconds=Fraction(2))
    assert meta.bit_rate(opus) == 4000
    wrong = facts("ogg", "vorbis", packets=50, size_bytes=1000, seconds=Fraction(1), coded_seconds=Fraction(10_000))
    assert meta.bit_rate(wrong) == 8000, "durations that cannot be are not believed"
    assert meta.bit_rate(facts("ogg", "opus")) is None


def test_pcm_has_no_frames() -> None:
    assert meta.frame_count(facts("wav", "pcm_s16le", packets=17)) is None
    assert meta.frame_count(facts("mp3", "mp3", packets=17)) == 17
