"""Reads exact samples of one original: positions are counted, never trusted from time stamps alone (ENGINE 2).

Damaged packets are skipped, as FFmpeg does. A file that ends early gives fewer samples than asked for; the caller decides what that means.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain

from av import AudioFrame, AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet

from transforms.engine.frames import SampleKind, cut, sample_kind
from transforms.engine.mp3_offsets import FrameOffsets
from transforms.probe.decoding import packets
from transforms.probe.guard import audio_stream, open_media
from transforms.source import Source

SEEK_EARLY_SECONDS = 0.3
"""Decoded and dropped after a seek: the bit reservoir of MP3, the 80 ms pre-roll of Opus (ENGINE 2)."""

SEEK_WORTH_SECONDS = 2.0
"""Positions nearer than this are reached by decoding on."""


class Reader:
    """One original, open. `sample_format` None keeps what the decoder gives; rate and layout are always the source's."""

    def __init__(self, path: str, source: Source, sample_format: str | None = None) -> None:
        self._path = path
        self._source = source
        self._sample_format = sample_format
        self._container: InputContainer | None = None
        self._frames: Iterator[AudioFrame] = iter(())
        self._origin: int | None = None  # place of the first decoded sample on the container's clock
        self._position: int | None = None  # of the next decoded sample; None where only a seek can tell
        self._first_at: int | None = None  # byte offset of the first frame of an mp3 file
        self._has_jumped = False  # the demuxer's clock is not the file's any more

    def close(self) -> None:
        """Close the file."""
        self._frames = iter(())
        self._position = None
        if self._container is not None:
            self._container.close()
            self._container = None

    def read(self, start: int, end: int) -> Iterator[AudioFrame]:
        """Frames that hold samples [start, end), time stamps removed; fewer where the file ends early. Raises UnsupportedInput."""
        if not self._near(start):
            self._go_to(start)
        while (first := self._position) is not None and first < end:
            frame = next(self._frames, None)
            if frame is None:
                # A decoder that has been flushed gives nothing more: the next read seeks.
                self._position = None
                return
            self._position = first + frame.samples
            if self._position > max(start, first):
                frame.pts = None
                yield cut(frame, max(0, start - first), min(frame.samples, end - first))

    def _near(self, start: int) -> bool:
        if self._position is None or start < self._position:
            return False
        return not self._source.seekable or start - self._position < SEEK_WORTH_SECONDS * self._source.sample_rate_hz

    def _go_to(self, start: int) -> None:
        """Make `start` lie at or behind the next decoded sample: by a seek where that is exact, else from the beginning."""
        early = start - int(SEEK_EARLY_SECONDS * self._source.sample_rate_hz)
        if self._source.seekable and early > 0:
            if self._container is None:
                self._rewind()
            if self._jump(early, start):
                return
            if self._has_jumped:
                self._rewind()
            if self._seek(early, start):
                return
        self._rewind()

    def _rewind(self) -> None:
        """Decode from the beginning of the file, freshly opened: only then is everything as at the first time."""
        self.close()
        self._container = open_media(self._path)
        self._has_jumped = False
        following = _packets(self._container)
        head = next(following, None)
        self._first_at = None if head is None or self._container.format.name != "mp3" else head.pos
        frames = self._decode(self._container, chain(() if head is None else (head,), following))
        first = next(frames, None)
        # The first sample that comes out is sample 0, whatever the container says of its start (ENGINE 2).
        self._origin = None if first is None else self._place(first)
        self._position = 0
        self._frames = chain(() if first is None else (first,), frames)

    def _seek(self, early: int, start: int) -> bool:
        """Seek to sample `early`. False when the first frame that comes out lies behind `start`, or does not say where it lies."""
        assert self._container is not None
        if self._origin is None:
            return False
        stream = audio_stream(self._container)
        assert stream.time_base is not None
        try:
            self._container.seek(int((early + self._origin) / self._source.sample_rate_hz / stream.time_base), stream=stream)
        except FFmpegError:
            return False
        return self._continue(_packets(self._container), self._origin, start)

    def _jump(self, early: int, start: int) -> bool:
        """The same by bytes, in a file whose frames lie where their numbers say. The demuxer's clock begins anew there."""
        assert self._container is not None
        if self._first_at is None or self._origin is None:
            return False
        offsets = FrameOffsets.of_file(self._path, self._first_at)
        if offsets is None or offsets.header.sample_rate_hz != self._source.sample_rate_hz:
            return False
        number = (early + self._origin) // offsets.header.samples
        at = offsets.find(number)
        if at is None:
            return False
        self._has_jumped = True
        try:
            self._container.seek(at, stream=audio_stream(self._container), unsupported_byte_offset=True)
        except FFmpegError:
            return False
        following = _packets(self._container)
        head = next(following, None)
        place = None if head is None else self._place(head)
        if head is None or head.pos != at or place is None:
            return False
        return self._continue(chain((head,), following), self._origin + place - number * offsets.header.samples, start)

    def _continue(self, following: "Iterator[Packet[AudioStream]]", origin: int, start: int) -> bool:
        """Decode on from here; the file's first sample is `origin` on the demuxer's clock. False when what comes lies behind `start`."""
        assert self._container is not None
        frames = self._decode(self._container, following)
        first = next(frames, None)
        place = None if first is None else self._place(first)
        if first is None or place is None or place - origin > start:
            return False
        self._position = place - origin
        self._frames = chain((first,), frames)
        return True

    def _place(self, timed: "AudioFrame | Packet[AudioStream]") -> int | None:
        """A time stamp in samples."""
        if timed.pts is None or timed.time_base is None:
            return None
        return round(timed.pts * timed.time_base * self._source.sample_rate_hz)

    def _decode(self, container: InputContainer, following: "Iterator[Packet[AudioStream]]") -> Iterator[AudioFrame]:
        """Decode a container's packets in the source's rate and layout whatever the stream changes to."""
        conform = _Conform(self._source, self._sample_format)
        for frame in _decoded(following, audio_stream(container)):
            yield from conform.push(frame)
        yield from conform.flush()


class _Conform:
    """Turns frames of a stream that changes its parameters into frames of one kind; frames of that kind pass untouched."""

    def __init__(self, source: Source, sample_format: str | None) -> None:
        self._rate = source.sample_rate_hz
        self._layout = source.layout
        self._format = sample_format
        self._kind: SampleKind | None = None
        self._resampler: AudioResampler | None = None

    def push(self, frame: AudioFrame) -> list[AudioFrame]:
        kind = sample_kind(frame)
        if kind == self._kind:
            return [frame] if self._resampler is None else self._resampler.resample(frame)
        before = self.flush()
        self._format = self._format or frame.format.name
        self._kind = kind
        if kind == (self._format, self._layout, self._rate):
            return [*before, frame]
        self._resampler = AudioResampler(format=self._format, layout=self._layout, rate=self._rate)
        return [*before, *self._resampler.resample(frame)]

    def flush(self) -> list[AudioFrame]:
        resampler, self._resampler, self._kind = self._resampler, None, None
        return [] if resampler is None else resampler.resample(None)


def _packets(container: InputContainer) -> "Iterator[Packet[AudioStream]]":
    """From where the container stands, without the empty one, which would flush the decoder."""
    return (packet for packet in packets(container, audio_stream(container)) if packet.size)


def _decoded(following: "Iterator[Packet[AudioStream]]", stream: AudioStream) -> Iterator[AudioFrame]:
    """Every frame that can be decoded. An error of the decoder costs its packet."""
    for packet in chain(following, (None,)):
        with suppress(FFmpegError):
            yield from stream.codec_context.decode(packet)
