"""Counts one track's packets while the file is demuxed."""

from fractions import Fraction

from av.packet import Packet
from av.stream import Stream

MPEG_AUDIO = {"mp1", "mp2", "mp3"}
_CONSTANT_WITHIN_PERCENT = 1


class Tally:
    """Packets, bytes and the time that they span. `ticks` are the stream's time base."""

    def __init__(self, codec: str | None) -> None:
        self.packets = 0
        self.size_bytes = 0
        self.duration_ticks = 0
        self.first_at: int | None = None  # byte offset
        self.bit_rates: set[int] = set()  # of MPEG audio: the field of each frame's header
        self._reads_headers = codec in MPEG_AUDIO
        self._smallest = self._largest = 0
        self._first_ticks: int | None = None
        self._end_ticks = 0

    def add(self, packet: "Packet[Stream]") -> None:
        """Count one packet, unless it is empty (it drains decoders) or outside of what an edit list shows."""
        size = packet.size
        if not size or packet.is_discard or (self._reads_headers and not self._is_frame(packet)):
            return
        self.packets += 1
        self.duration_ticks += packet.duration or 0
        if self.first_at is None:
            self.first_at = packet.pos
        self.size_bytes += size
        self._largest = max(self._largest, size)
        self._smallest = min(self._smallest or size, size)
        ticks = packet.pts if packet.pts is not None else packet.dts
        if ticks is not None:
            self._first_ticks = ticks if self._first_ticks is None else min(self._first_ticks, ticks)
            self._end_ticks = max(self._end_ticks, ticks + (packet.duration or 0))

    def _is_frame(self, packet: "Packet[Stream]") -> bool:
        """Whether MPEG audio begins with a frame's sync; a demuxer passes on what lies between frames too."""
        header = bytes(memoryview(packet)[:3])
        if len(header) < 3 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
            return False
        self.bit_rates.add(header[2] >> 4)
        return True

    def seconds(self, time_base: Fraction | None) -> Fraction | None:
        """From the first packet's start to the last one's end."""
        if self._first_ticks is None or time_base is None or self._end_ticks <= self._first_ticks:
            return None
        return (self._end_ticks - self._first_ticks) * time_base

    @property
    def sizes_vary(self) -> bool | None:
        """Whether packets differ in size; None with fewer than two."""
        if self.packets < 2:
            return None
        return (self._largest - self._smallest) * 100 > self._largest * _CONSTANT_WITHIN_PERCENT
