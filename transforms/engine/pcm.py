"""16-bit PCM: a frame is a sample, so a span is a stretch of bytes."""

from typing import BinaryIO

from av import AudioFifo, AudioFrame

from transforms.engine.coder import Written
from transforms.engine.messages import Span
from transforms.plan import PCM_BYTES_PER_SAMPLE, Rendition


class PcmCoder:
    """Writes interleaved little-endian samples."""

    sample_format = "s16"

    def __init__(self, rendition: Rendition, span: Span) -> None:
        self.first_sample = span.start
        self._frame_bytes = rendition.channels * PCM_BYTES_PER_SAMPLE
        self._position = span.start
        self._waiting = AudioFifo()  # what came behind the end of a span
        self._span = span
        self._over = False
        self._file: BinaryIO | None = None

    def follows(self, span: Span) -> bool:
        """Whether the next sample is the span's first."""
        return not self._over and span.start == self._span.end == self._position

    def begin(self, span: Span, path: str) -> None:
        """Open the file; samples that came behind the last span go first."""
        self._span = span
        self._file = open(path, "wb")  # noqa: SIM115 (closed by close)
        self._drain()

    @property
    def complete(self) -> bool:
        """The span's samples are written."""
        return self._over or self._position == self._span.end

    def write(self, frame: AudioFrame) -> None:
        """Write what belongs to the span, keep the rest for the next one."""
        if self._waiting.samples == 0 and (self._span.end is None or self._position + frame.samples <= self._span.end):
            self._write(frame)
            return
        self._waiting.write(frame)
        self._drain()

    def finish(self) -> None:
        """No sample will follow."""
        self._over = True

    def end(self) -> Written:
        """Close the file."""
        self.close()
        samples = self._position - self._span.start
        return Written(samples, samples * self._frame_bytes)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _drain(self) -> None:
        waiting = self._waiting.samples
        samples = waiting if self._span.end is None else min(waiting, self._span.end - self._position)
        frame = self._waiting.read(samples) if samples else None
        if frame is not None:
            self._write(frame)

    def _write(self, frame: AudioFrame) -> None:
        assert self._file is not None
        self._file.write(memoryview(frame.planes[0])[: frame.samples * self._frame_bytes])  # lines may be padded
        self._position += frame.samples
