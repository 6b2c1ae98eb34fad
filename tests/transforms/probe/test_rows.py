"""Every row of the reference's "Supported Input" tables that FFmpeg can write: measured, described, and its picture's rate known."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.tones import decode, music, write
from transforms.errors import UnsupportedInput
from transforms.probe.meta import describe
from transforms.probe.source import measure

RATE = 48_000
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s={size}:r=25:d=1", "-map", "1:v", "-map", "0:a")
SMALL, PAL, HD = "352x288", "720x576", "1920x1080"

SOUND = {
    "row.wma": ("-c:a", "wmav1"), "row.asf": ("-c:a", "wmav2"), "row.flac": (), "row.fla": ("-f", "flac"), "row.mp3": (),
    "mp2.ts": ("-c:a", "mp2"), "pcm.ts": ("-c:a", "s302m", "-strict", "-2"), "pcm.m2ts": ("-c:a", "pcm_bluray", "-mpegts_m2ts_mode", "1"),
    "row.aac": (), "row.mp4": ("-c:a", "aac"), "row.m4a": ("-c:a", "aac"), "opus.mka": ("-c:a", "libopus"), "flac.mka": ("-c:a", "flac"),
    "opus.oga": ("-c:a", "libopus"), "vorbis.oga": ("-c:a", "libvorbis"), "flac.oga": ("-c:a", "flac"), "row.wav": (),
    "more.w64": (), "more.aiff": (), "more.caf": (), "more.au": (), "more.ac3": (), "more.eac3": (), "more.tta": (), "more.wv": (),
}  # fmt: skip

# name: size of the picture, its codec, that of the sound, the muxer's options
VIDEO = {
    "row.3g2": (SMALL, "mpeg4", "aac", ()),
    "h263.3gp": (SMALL, "h263", "aac", ()),
    "row.wmv": (SMALL, "wmv2", "wmav2", ()),
    "row.flv": (SMALL, "flv1", "libmp3lame", ("-ar", "44100")),
    "avc.flv": (SMALL, "libx264", "aac", ()),
    "raw.avi": (SMALL, "rawvideo", "pcm_s16le", ()),
    "divx.avi": (SMALL, "mpeg4", "libmp3lame", ("-vtag", "DIVX")),
    "dv.avi": (PAL, "dvvideo", "pcm_s16le", ("-pix_fmt", "yuv420p")),
    "mjpeg.avi": (SMALL, "mjpeg", "pcm_s16le", ("-pix_fmt", "yuvj420p")),
    "mpeg2.mxf": (PAL, "mpeg2video", "pcm_s16le", ("-pix_fmt", "yuv422p")),
    "dnxhd.mxf": (HD, "dnxhd", "pcm_s24le", ("-b:v", "120M", "-pix_fmt", "yuv422p")),
    "jpeg2000.mxf": (SMALL, "jpeg2000", "pcm_s24le", ()),
    "dv50.mxf": (PAL, "dvvideo", "pcm_s16le", ("-pix_fmt", "yuv422p")),
    "mpeg4.mkv": (SMALL, "mpeg4", "pcm_s16le", ()),
    "mpeg2.ps": (SMALL, "mpeg2video", "mp2", ("-f", "vob")),
    "row.m2t": (SMALL, "mpeg2video", "ac3", ("-f", "mpegts")),
    "hevc.ts": (SMALL, "libx265", "aac", ("-x265-params", "log-level=none")),
    "system.dat": (SMALL, "mpeg1video", "mp2", ("-f", "mpeg")),
    "row.mpeg4": (SMALL, "mpeg2video", "aac", ("-f", "mp4")),
    "prores.mov": (SMALL, "prores_ks", "pcm_s24le", ()),
    "animation.qt": (SMALL, "qtrle", "pcm_s16be", ("-f", "mov")),
    "dv.mov": (PAL, "dvvideo", "pcm_s16le", ("-pix_fmt", "yuv420p")),
    "vp8.webm": (SMALL, "libvpx", "libvorbis", ()),
    "row.dv": (PAL, "dvvideo", "pcm_s16le", ("-pix_fmt", "yuv420p", "-f", "dv")),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, music(1, RATE), RATE, *SOUND[name])
    source = measure(str(path))
    assert source.samples == len(decode(path))
    assert source.frame_rate is None
    assert [track.type for track in describe(str(path))] == ["Audio"]


@pytest.mark.parametrize("name", VIDEO)
def test_sound_of_video(name: str, tmp_path: Path) -> None:
    size, picture, sound, options = VIDEO[name]
    inputs = [part.format(size=size) for part in PICTURE]
    path = write(tmp_path / name, music(1, RATE), RATE, *inputs, "-c:v", picture, "-c:a", sound, *options)
    source = measure(str(path))
    assert source.samples == len(decode(path, 2, "-map", "0:a:0"))
    assert source.frame_rate == Fraction(25)
    assert [track.type for track in describe(str(path))] == ["Video", "Audio"]


@pytest.mark.parametrize(("name", "codec"), [("a.m2v", "mpeg2video"), ("b.m1v", "mpeg1video"), ("c.mpeg", "libx264"), ("d.mpg", "libx265")])
def test_pictures_without_a_container_have_no_sound(name: str, codec: str, tmp_path: Path) -> None:
    muxer = {"libx264": "h264", "libx265": "hevc"}.get(codec, codec)
    inputs = [part.format(size=SMALL) for part in PICTURE[:-2]]
    quiet = ("-x265-params", "log-level=none") if codec == "libx265" else ()
    path = write(tmp_path / name, music(1, RATE), RATE, *inputs, "-c:v", codec, *quiet, "-f", muxer)
    with pytest.raises(UnsupportedInput, match="no audio track"):
        measure(str(path))
    assert [track.type for track in describe(str(path))] == ["Video"]
