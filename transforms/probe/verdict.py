"""A measured length, and whether its track can be entered anywhere."""

from dataclasses import dataclass

from av.audio.stream import AudioStream
from av.container import InputContainer

from transforms.probe.decoding import Kind

MOV = "mov,mp4,m4a,3gp,3g2,mj2"

# Formats in which seeking and counting reaches any sample exactly (ENGINE 2); Ogg only with Opus in it.
_SEEKABLE = {"wav", "flac", "mp3", MOV, "aac", "mpegts"}


@dataclass(frozen=True, slots=True)
class Length:
    """Samples per channel at `kind`'s rate. `seekable` as in Source."""

    kind: Kind
    samples: int
    seekable: bool


def can_seek(container: InputContainer, stream: AudioStream) -> bool:
    """Whether this kind of file can be entered exactly, provided that its time stamps keep step with its samples."""
    name = container.format.name
    return name in _SEEKABLE or (name == "ogg" and stream.codec_context.name == "opus")
