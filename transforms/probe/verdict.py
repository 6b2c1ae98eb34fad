"""A measured length, and whether its track can be entered anywhere."""

from dataclasses import dataclass

from av.audio.stream import AudioStream
from av.container import InputContainer

from transforms.meta import MOV
from transforms.probe.decoding import Count, Kind

# Formats in which seeking and counting reaches any sample exactly (ENGINE 2); Ogg only with Opus in it.
_SEEKABLE = {"wav", "flac", "mp3", MOV, "aac", "mpegts"}


@dataclass(frozen=True, slots=True)
class Length:
    """Samples per channel at `kind`'s rate. `seekable` as in Source."""

    kind: Kind
    samples: int
    seekable: bool


def heard_samples(container: InputContainer, stream: AudioStream, count: Count, samples: int) -> int:
    """`samples` that decoding gives, less the encoder's padding of the last frame where MP4 names it.

    MP4 says so by ending the track before its last frame does. FFmpeg takes it off from version 9 on; PyAV's does not yet, and a reader
    stops where the length says. `count` knows the first frame, and the size of one.
    """
    if container.format.name != MOV or stream.duration is None or stream.time_base is None or count.kind is None or count.first_pts is None:
        return samples
    end = (stream.start_time or 0) + stream.duration - count.first_pts
    told = round(end * stream.time_base * count.kind.sample_rate_hz)
    return told if 0 < samples - told < count.largest_samples else samples


def can_seek(container: InputContainer, stream: AudioStream) -> bool:
    """Whether this kind of file can be entered exactly, provided that its time stamps keep step with its samples."""
    name = container.format.name
    return name in _SEEKABLE or (name == "ogg" and stream.codec_context.name == "opus")
