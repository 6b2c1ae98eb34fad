"""A synthesised file for each row of the reference's "Supported Input" tables that FFmpeg can write: container, codecs, arguments.

Rows without an encoder anywhere (VC-1, WMA Pro, Flash 9, Canopus HQ, Panasonic P2, Sony XDCam, AVC Intra) differ from the ones here
in their video alone, which is never decoded; where the test media hold a real file of such a row, it is tried with all the others.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests import tones

SECONDS = 2
RATE_HZ = 48_000
SMALL = "testsrc2=s=176x144:r=25"
PAL = "testsrc2=s=720x576:r=25"


@dataclass(frozen=True, slots=True)
class Row:
    """One file: its name, its audio arguments, its video source and arguments (none for audio)."""

    name: str
    audio: str
    video: str = ""
    picture: str = SMALL


AUDIO_ROWS = (
    Row("wma1.wma", "-c:a wmav1 -b:a 128k"),
    Row("wma2.asf", "-c:a wmav2 -b:a 128k"),
    Row("flac.fla", "-c:a flac -f flac"),
    Row("flac.flac", "-c:a flac"),
    Row("mp3.mp3", "-c:a libmp3lame -b:a 192k"),
    Row("mp2.ts", "-c:a mp2 -b:a 192k"),
    Row("pcm.ts", "-c:a s302m -strict -2 -sample_fmt s16 -f mpegts"),
    Row("pcm.m2ts", "-c:a pcm_bluray -f mpegts -mpegts_m2ts_mode 1"),
    Row("adts.aac", "-c:a aac -b:a 192k"),
    Row("aac.mp4", "-c:a aac -b:a 192k"),
    Row("aac.m4a", "-c:a aac -b:a 192k"),
    Row("opus.mka", "-c:a libopus -b:a 128k"),
    Row("flac.mka", "-c:a flac"),
    Row("opus.oga", "-c:a libopus -b:a 128k -f ogg"),
    Row("vorbis.oga", "-c:a libvorbis -b:a 128k -f ogg"),
    Row("flac.oga", "-c:a flac -f ogg"),
    Row("s16.wav", "-c:a pcm_s16le"),
    Row("s24.wav", "-c:a pcm_s24le"),
    Row("float.wav", "-c:a pcm_f32le"),
    Row("u8.wav", "-c:a pcm_u8"),
    Row("rf64.wav", "-c:a pcm_s16le -rf64 always"),
)
VIDEO_ROWS = (
    Row("mpeg4.3g2", "-c:a aac", "-c:v mpeg4"),
    Row("h264.3g2", "-c:a aac", "-c:v libx264"),
    Row("h263.3gp", "-c:a aac", "-c:v h263"),
    Row("h264.3gp", "-c:a aac", "-c:v libx264"),
    Row("wmv2.wmv", "-c:a wmav2", "-c:v wmv2"),
    Row("h264.flv", "-c:a aac", "-c:v libx264"),
    Row("h263.flv", "-c:a libmp3lame -ar 44100", "-c:v flv1"),
    Row("raw.avi", "-c:a pcm_s16le", "-c:v rawvideo -pix_fmt yuv420p"),
    Row("divx.avi", "-c:a libmp3lame", "-c:v mpeg4 -vtag DIVX"),
    Row("xvid.avi", "-c:a libmp3lame", "-c:v libxvid"),
    Row("dv.avi", "-c:a pcm_s16le", "-c:v dvvideo -pix_fmt yuv420p", PAL),
    Row("mjpeg.avi", "-c:a pcm_s16le", "-c:v mjpeg -pix_fmt yuvj420p"),
    Row("h264.mxf", "-c:a pcm_s16le", "-c:v libx264 -pix_fmt yuv420p"),
    Row("prores.mxf", "-c:a pcm_s24le", "-c:v prores_ks"),
    Row("dv50.mxf", "-c:a pcm_s16le", "-c:v dvvideo -pix_fmt yuv422p", PAL),
    Row("jpeg2000.mxf", "-c:a pcm_s24le", "-c:v jpeg2000"),
    Row("mpeg2.mxf", "-c:a pcm_s16le", "-c:v mpeg2video"),
    Row("vc3.mxf", "-c:a pcm_s24le", "-c:v dnxhd -profile:v dnxhr_lb -pix_fmt yuv422p", "testsrc2=s=256x120:r=25"),
    Row("imf-track.mxf", "-ac 1 -c:a pcm_s24le -f mxf_opatom"),
    Row("h264.mkv", "-c:a aac", "-c:v libx264"),
    Row("mpeg2.mkv", "-c:a pcm_s16le", "-c:v mpeg2video"),
    Row("mpeg4.mkv", "-c:a aac", "-c:v mpeg4"),
    Row("mpeg2.ps", "-c:a mp2", "-c:v mpeg2video -f vob"),
    Row("mpeg2.m2p", "-c:a mp2", "-c:v mpeg2video -f mpeg"),
    Row("h264.ts", "-c:a aac", "-c:v libx264"),
    Row("hevc.ts", "-c:a aac", "-c:v libx265 -x265-params log-level=none"),
    Row("mpeg2.m2t", "-c:a ac3", "-c:v mpeg2video -f mpegts"),
    Row("mpeg2.tsv", "-c:a mp2", "-c:v mpeg2video -f mpegts"),
    Row("mpeg1.dat", "-c:a mp2", "-c:v mpeg1video -f vcd"),
    Row("mpeg1.mpg", "-c:a mp2", "-c:v mpeg1video -f mpeg"),
    Row("h264.mp4", "-c:a aac", "-c:v libx264"),
    Row("hevc.mp4", "-c:a aac", "-c:v libx265 -x265-params log-level=none"),
    Row("mpeg4.mp4", "-c:a aac", "-c:v mpeg4"),
    Row("mpeg2.mp4", "-c:a aac", "-c:v mpeg2video"),
    Row("raw.mov", "-c:a pcm_s16le", "-c:v rawvideo -pix_fmt uyvy422"),
    Row("prores.mov", "-c:a pcm_s24le", "-c:v prores_ks -profile:v 0"),
    Row("prores4444.mov", "-c:a pcm_s24le", "-c:v prores_ks -profile:v 4 -pix_fmt yuva444p10le"),
    Row("dv.mov", "-c:a pcm_s16le", "-c:v dvvideo -pix_fmt yuv420p", PAL),
    Row("h261.mov", "-c:a aac", "-c:v h261"),
    Row("h263.mov", "-c:a aac", "-c:v h263"),
    Row("jpeg2000.mov", "-c:a pcm_s16le", "-c:v jpeg2000"),
    Row("mjpeg.mov", "-c:a pcm_s16be", "-c:v mjpeg -pix_fmt yuvj420p"),
    Row("qtrle.qt", "-c:a pcm_s16be -f mov", "-c:v qtrle"),
    Row("vp8.webm", "-c:a libvorbis", "-c:v libvpx -deadline realtime"),
    Row("vp9.webm", "-c:a libopus", "-c:v libvpx-vp9 -deadline realtime"),
)
SILENT_ROWS = (
    Row("mpeg2.m2v", "-an", "-c:v mpeg2video -f mpeg2video"),
    Row("mpeg1.m1v", "-an", "-c:v mpeg1video -f mpeg1video"),
    Row("h264.mpeg", "-an", "-c:v libx264 -f h264"),
    Row("hevc.mpg", "-an", "-c:v libx265 -x265-params log-level=none -f hevc"),
)
"""Elementary video: nothing to hear (CONTRACT 6, "Inputs")."""


def write(row: Row, folder: Path) -> Path:
    """Make the row's file: a chirp in both channels, and a moving picture where the row has one."""
    source = folder / "chirp.wav"
    if not source.exists():
        tones.write(source, tones.chirp(SECONDS, RATE_HZ), RATE_HZ)
    inputs = ["-i", str(source), *(["-f", "lavfi", "-t", str(SECONDS), "-i", row.picture] if row.video else [])]
    out = folder / row.name
    command = [tones.ffmpeg(), "-v", "error", "-y", *inputs, *row.video.split(), *row.audio.split(), "-bitexact", str(out)]
    subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL)
    return out
