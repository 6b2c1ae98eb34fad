"""The only door through which a media file is opened.

Content decides what a file is, never its name, and only self-contained formats are known: a playlist, a manifest or an image cannot make
FFmpeg open another file or a URL (ENGINE 7: the format whitelist is what stops it, the protocol whitelist alone does not).
"""

import os
import stat

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from transforms.errors import UnsupportedInput
from transforms.probe.arriving import ArrivingFile, is_arriving, open_bytes
from transforms.probe.sniff import not_media

# Every row of the reference's two "Supported Input" tables, and what else FFmpeg decodes that holds all of itself in one file.
# Never here: lists of other files (hls, concat, dash, sdp, imf …), images, text, devices, and raw formats without a header.
FORMATS = (
    "mp3,wav,w64,aiff,flac,ogg,aac,mov,matroska,asf,avi,flv,mpeg,mpegts,mxf,au,caf,amr,ac3",  # ENGINE 7
    "mpegvideo,h261,h263,h264,hevc,m4v,vc1,dv",  # "No Container": pictures only, except dv, but they have tracks for f=meta
    "eac3,dts,dtshd,truehd,mlp,loas,tta,wv,ape,mpc,mpc8,tak,shn,dsf,oma,voc,rm,gxf,nut,xwma,amrnb,amrwb",
)

_OPTIONS = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}

# How much of a file may be read before its streams are known. FFmpeg's figure; for WAVE less, because all of it is read there on each
# opening (20 ms), in search of DTS in disguise, which shows within a second.
_PROBED_BYTES = 5_000_000
_PROBED_WAVE_BYTES = 250_000


def open_media(path: str) -> InputContainer:
    """Open a local media file of any supported format; the caller closes it.

    Raises UnsupportedInput when nothing can read it, OSError when there is no such file.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise UnsupportedInput("The input is not a file.")
    if status.st_size == 0:
        raise UnsupportedInput("The file is empty.")
    try:
        # The prefix keeps names such as "data:x" or "pipe:0" names. Tags in a wrong encoding are no reason to refuse a file.
        file = ArrivingFile(path) if is_arriving(path) else f"file:{path}"
        return av.open(file, "r", options={**_OPTIONS, "probesize": str(_probed_bytes(path))}, metadata_errors="replace")
    except (FFmpegError, ValueError) as error:
        raise UnsupportedInput(not_media(path), detail=f"{type(error).__name__}: {error}") from error


def _probed_bytes(path: str) -> int:
    with open_bytes(path) as file:
        return _PROBED_WAVE_BYTES if file.read(12)[8:] == b"WAVE" else _PROBED_BYTES


def audio_stream(container: InputContainer) -> AudioStream:
    """The track that is heard: the first audio stream that has a decoder. All other streams are discarded.

    Raises UnsupportedInput when there is none.
    """
    if not container.streams.audio:
        raise UnsupportedInput("The file has no audio track.")
    for stream in container.streams.audio:
        if has_decoder(stream):
            discard_others(container, stream)
            return stream
    raise UnsupportedInput("The file has an audio track, but its codec is unknown.")


def has_decoder(stream: Stream) -> bool:
    """Whether FFmpeg can decode the stream at all: PyAV gives streams of unknown codecs no context."""
    return getattr(stream, "codec_context", None) is not None


def discard_others(container: InputContainer, kept: Stream) -> None:
    """Let the demuxer drop the packets of all other streams."""
    for stream in container.streams:
        stream.discard = Discard.default if stream.index == kept.index else Discard.all


def is_picture(stream: Stream) -> bool:
    """Whether a video stream is cover art or a thumbnail track, which are no video (CONTRACT 2, "Time")."""
    return bool(stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


def first_video(container: InputContainer) -> VideoStream | None:
    """The first real video stream."""
    return next((stream for stream in container.streams.video if not is_picture(stream)), None)
