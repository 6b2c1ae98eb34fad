"""How many samples a full decode of the audio track gives, as cheaply as the container allows (ENGINE 2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet

from transforms.errors import UnsupportedInput
from transforms.probe.guard import audio_stream, open_media

# FFmpeg's own rule (-max_error_rate): beyond it, what came out is not the track.
_MAX_ERROR_SHARE = Fraction(2, 3)

# What FFmpeg takes n channels to be when a file does not say (av_channel_layout_default).
_DEFAULT_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}

# Formats in which seeking and counting reaches any sample exactly (ENGINE 2).
_SEEKABLE = {"wav", "flac", "mp3", "mov,mp4,m4a,3gp,3g2,mj2", "aac", "mpegts"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What decoding yields: the layout always has a name that a resampler knows."""

    sample_rate_hz: int
    channels: int
    layout: str


@dataclass(frozen=True, slots=True)
class Length:
    """Samples per channel at `kind`'s rate. `seekable` as in Source."""

    kind: Kind
    samples: int
    seekable: bool


def kind_of(frame: AudioFrame) -> Kind:
    """The frame's rate and layout; a layout that the file leaves open gets FFmpeg's default for that many channels."""
    channels = frame.layout.nb_channels
    name = frame.layout.name
    if name == f"{channels} channels":
        name = _DEFAULT_LAYOUTS.get(channels, name)
    return Kind(frame.sample_rate, channels, name)


def measure_length(path: str) -> Length:
    """The exact length of the audio track."""
    with open_media(path) as container:
        return decoded_length(container, audio_stream(container))


def decoded_length(container: InputContainer, stream: AudioStream) -> Length:
    """Decode everything and count."""
    kind: Kind | None = None
    uniform = True
    seconds = Fraction(0)
    samples = frames = errors = 0
    for packet in packets(container, stream):
        try:
            decoded = packet.decode()
        except FFmpegError:
            errors += 1
            continue
        for frame in decoded:
            found = kind_of(frame)
            kind = kind or found
            uniform = uniform and found == kind
            frames += 1
            samples += frame.samples
            seconds += Fraction(frame.samples, found.sample_rate_hz)
    if kind is None or errors > _MAX_ERROR_SHARE * (errors + frames):
        raise UnsupportedInput(
            "The file has an audio track, but no audio could be decoded from it.", detail=f"{errors} errors, {frames} frames"
        )
    if not uniform:
        samples = round(seconds * kind.sample_rate_hz)
    return Length(kind, samples, uniform and container.format.name in _SEEKABLE)


def packets(container: InputContainer, stream: AudioStream) -> "Iterator[Packet[AudioStream]]":
    """The track's packets; a read error ends the file, as it does for the ffmpeg command line."""
    try:
        yield from container.demux(stream)
    except FFmpegError:
        return
