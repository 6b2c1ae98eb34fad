"""Length by demuxing alone: packets are counted, and only the first and last few are decoded (0.2–0.4 CPU seconds per hour of audio).

Both ends are decoded because there packets give other numbers of samples than they say: priming and padding that the decoder takes
off, a first packet that only primes, a last one that is cut off.
"""

from collections import deque
from fractions import Fraction
from itertools import islice

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from transforms.meta import MOV
from transforms.probe.decoding import Count, packets
from transforms.probe.joins import is_joined
from transforms.probe.verdict import Length, can_seek, heard_samples

# Not here, because their packets do not tell: matroska, flv, asf and avi (ticks of 1 ms, or durations that are guessed).
_SCANNED = {"mp3", "aac", "mpegts", "mpeg", "ac3", "eac3", "amr", "wav", "w64", "aiff", "au", "caf", "flac", "ogg", "mxf", MOV}

# Codecs all of whose packets give equally many samples, the ends excepted.
_FRAMED = {"aac", "aac_latm", "mp3", "mp2", "mp1", "ac3", "eac3", "amr_nb", "amr_wb", "alac", "dts"}

_END_PACKETS = 12
_PRIMING_PACKETS = 12  # decoded before the tail and not counted: an mp3 frame may need bits of the nine before it


def scanned_length(path: str, container: InputContainer, stream: AudioStream) -> Length | None:
    """Count the packets; None where they do not tell and only decoding does."""
    codec = stream.codec_context.codec.canonical_name
    if container.format.name not in _SCANNED or codec == "vorbis" or stream.time_base is None:
        return None
    if container.format.name == "mp3" and is_joined(path):
        return None
    source = packets(container, stream)
    head = Count().decode_all(islice(source, _END_PACKETS))
    if head.kind is None or head.first_pts is None or head.errors:
        return None
    framed = codec in _FRAMED
    if not framed and stream.time_base.denominator % head.kind.sample_rate_hz:
        return None
    middle = _Middle(head, stream.time_base, framed=framed)
    for packet in source:
        middle.add(packet)
    if not middle.tells:
        return None
    tail = middle.decode_tail(stream)
    if tail.kind != head.kind:
        return None
    samples = heard_samples(container, stream, head, head.samples + middle.samples + tail.samples)
    return Length(head.kind, samples, can_seek(container, stream) and head.contiguous and middle.contiguous)


class _Middle:
    """The packets between head and tail.

    A packet's length is one frame with codecs that know only one; else its duration, in a time base that divides into samples
    (MPEG-TS's does not: it counts 1/90000 s). Lengths add up as integers: samples × the time base's denominator.
    """

    def __init__(self, head: Count, tick_seconds: Fraction, *, framed: bool) -> None:
        assert head.kind is not None
        self.contiguous = True
        self._denominator = tick_seconds.denominator
        self._tick = tick_seconds.numerator * head.kind.sample_rate_hz
        self._frame = head.last_samples * self._denominator if framed else 0
        self._origin = (head.first_pts or 0) * self._tick + head.samples * self._denominator
        self._total = self._declared = 0
        self._altered = False
        self._latest: deque[Packet[AudioStream]] = deque(maxlen=_PRIMING_PACKETS + _END_PACKETS)
        self._drain: Packet[AudioStream] | None = None

    def add(self, packet: "Packet[AudioStream]") -> None:
        """Take the next packet; the one that thereby leaves the tail is counted."""
        if not packet.size:
            self._drain = packet
            return
        if len(self._latest) >= _END_PACKETS:
            self._count(self._latest[-_END_PACKETS])
        self._latest.append(packet)

    @property
    def samples(self) -> int:
        """Samples of the packets counted."""
        return self._total // self._denominator

    @property
    def tells(self) -> bool:
        """Whether the packets are worth believing: no edit list cuts into them, and durations agree with their number."""
        agree = abs(self._declared - self._total) * 100 <= self._total
        return not self._altered and agree and self._total % self._denominator == 0 and len(self._latest) == self._latest.maxlen

    def decode_tail(self, stream: AudioStream) -> Count:
        """Decode the last packets afresh."""
        stream.codec_context.flush_buffers()
        tail = list(self._latest)
        Count().decode_all(tail[:_PRIMING_PACKETS])
        count = Count().decode_all(tail[_PRIMING_PACKETS:])
        if self._drain is not None:
            count.decode(self._drain)
        return count

    def _count(self, packet: "Packet[AudioStream]") -> None:
        duration = (packet.duration or 0) * self._tick
        if packet.pts is None or abs(packet.pts * self._tick - self._origin - self._total) * 2 >= self._denominator:
            self.contiguous = False
        self._declared += duration
        self._total += self._frame or duration
        self._altered = self._altered or packet.is_discard or packet.has_sidedata("skip_samples")
