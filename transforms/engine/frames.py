"""Decoded audio in pieces: cutting a frame, and silence of any kind. The samples never become Python objects."""

from collections.abc import Iterator
from typing import NamedTuple

from av import AudioFifo, AudioFrame
from av.audio.plane import AudioPlane

SILENCE_SAMPLES = 4096
"""Samples per frame of silence."""


class SampleKind(NamedTuple):
    """What a resampler takes or gives: FFmpeg's names of the sample format and the channel layout, and the rate."""

    sample_format: str
    layout: str
    rate_hz: int


def cut(frame: AudioFrame, start: int, end: int) -> AudioFrame:
    """Samples [start, end) of a frame: the frame itself where that is all of it, else a copy without a time stamp."""
    if start == 0 and end == frame.samples:
        return frame
    frame.pts = None
    fifo = AudioFifo()
    fifo.write(frame)
    if start:
        fifo.read(start)
    kept = fifo.read(end - start)
    assert kept is not None
    kept.pts = None  # the queue counts from its own beginning
    return kept


def silence(kind: SampleKind, samples: int) -> Iterator[AudioFrame]:
    """`samples` of silence."""
    # Unsigned 8-bit samples rest in the middle, all others at zero.
    rest = b"\x80" if kind.sample_format.startswith("u8") else b"\0"
    while samples > 0:
        frame = AudioFrame(format=kind.sample_format, layout=kind.layout, samples=min(samples, SILENCE_SAMPLES))
        for plane in _planes(frame):
            plane.update(rest * plane.buffer_size)
        frame.sample_rate = kind.rate_hz
        yield frame
        samples -= frame.samples


def sample_kind(frame: AudioFrame) -> SampleKind:
    """As the decoder says it: a layout that it leaves open has a name such as '6 channels'."""
    return SampleKind(frame.format.name, frame.layout.name, frame.sample_rate)


def _planes(frame: AudioFrame) -> list[AudioPlane]:
    """The planes by number: PyAV 18's `frame.planes` runs past the end of planar frames of exactly eight channels."""
    return [AudioPlane(frame, index) for index in range(len(frame.layout.channels) if frame.format.is_planar else 1)]
