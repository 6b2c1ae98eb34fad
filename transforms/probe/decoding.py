"""What decoding a track yields: its kind, and frames with the errors between them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet

# What FFmpeg takes n channels to be when a file does not say (av_channel_layout_default).
_DEFAULT_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}

# FFmpeg's own rule (-max_error_rate): with more errors than this, what came out is not the track.
_MAX_ERROR_SHARE = Fraction(2, 3)


@dataclass(frozen=True, slots=True)
class Kind:
    """What decoding yields: the layout always has a name that a resampler knows."""

    sample_rate_hz: int
    channels: int
    layout: str


def kind_of(frame: AudioFrame) -> Kind:
    """The frame's rate and layout; a layout that the file leaves open gets FFmpeg's default for that many channels."""
    channels = frame.layout.nb_channels
    name = frame.layout.name
    if name == f"{channels} channels":
        name = _DEFAULT_LAYOUTS.get(channels, name)
    return Kind(frame.sample_rate, channels, name)


def packets(container: InputContainer, stream: AudioStream) -> "Iterator[Packet[AudioStream]]":
    """The track's packets, and the empty one that drains the decoder; a read error ends the file, as for the ffmpeg command line."""
    try:
        yield from container.demux(stream)
    except FFmpegError:
        return


class Count:
    """Adds up decoded frames. `samples` counts at the first frame's rate, whatever rates later frames have."""

    def __init__(self) -> None:
        self.kind: Kind | None = None
        self.frames = 0
        self.errors = 0
        self.first_pts: int | None = None
        self.last_pts: int | None = None
        self.last_samples = 0
        self.largest_samples = 0
        self.contiguous = True
        self._samples = 0
        self._other_seconds = Fraction(0)  # of frames that have another rate than the first

    def decode(self, packet: "Packet[AudioStream]") -> int:
        """Feed one packet; returns how many samples it gave."""
        try:
            frames = packet.decode()
        except FFmpegError:
            self.errors += 1
            self.contiguous = False
            return 0
        for frame in frames:
            self._add(frame)
        return sum(frame.samples for frame in frames)

    def decode_all(self, source: "Iterable[Packet[AudioStream]]") -> "Count":
        """Feed packets until there are no more."""
        for packet in source:
            self.decode(packet)
        return self

    @property
    def samples(self) -> int:
        """Samples so far, at `kind`'s rate."""
        rate = self.kind.sample_rate_hz if self.kind else 0
        return self._samples + round(self._other_seconds * rate)

    @property
    def usable(self) -> bool:
        """Whether what came out is the track."""
        return self.frames > 0 and self.errors <= _MAX_ERROR_SHARE * (self.errors + self.frames)

    def _add(self, frame: AudioFrame) -> None:
        kind = kind_of(frame)
        if self.kind is None:
            self.kind, self.first_pts = kind, frame.pts
        self.contiguous = self.contiguous and kind == self.kind and self._in_place(frame)
        self.frames += 1
        self.last_pts = frame.pts
        self.last_samples = frame.samples
        self.largest_samples = max(self.largest_samples, frame.samples)
        if kind.sample_rate_hz == self.kind.sample_rate_hz:
            self._samples += frame.samples
        else:
            self._other_seconds += Fraction(frame.samples, kind.sample_rate_hz)

    def _in_place(self, frame: AudioFrame) -> bool:
        """Whether the frame's time stamp names the sample that counting arrived at: what seeking by time stamps relies on."""
        base = frame.time_base
        if frame.pts is None or self.first_pts is None or base is None:
            return False
        drift = (frame.pts - self.first_pts) * base.numerator * frame.sample_rate - self._samples * base.denominator
        return 2 * abs(drift) < base.denominator
