"""One run at one rendition's rate, layout and format: exactly the samples that are due, whatever libswresample keeps back or adds.

FFmpeg's defaults throughout: its downmix matrices, its filter, no dither; so the samples are those of the command line.
"""

from av import AudioFrame, AudioResampler

from transforms.engine.frames import SampleKind, cut, sample_kind, silence
from transforms.engine.timeline import filter_reach


class RunResampler:
    """Gives `due` samples, after `discard` that are dropped. Fed from a sample on the phase grid it gives what a whole run gives."""

    def __init__(self, wanted: SampleKind, discard: int, due: int) -> None:
        self._rate_hz = wanted.rate_hz
        self._resampler = AudioResampler(format=wanted.sample_format, layout=wanted.layout, rate=wanted.rate_hz)
        self._discard = discard
        self._due = due
        self._fed = 0
        self._last: AudioFrame | None = None  # that went in
        self._converted: AudioFrame | None = None  # that came out

    def push(self, frame: AudioFrame) -> list[AudioFrame]:
        """Convert one frame of the run."""
        self._fed += frame.samples
        self._last = frame
        return [kept for converted in self._resampler.resample(frame) if (kept := self._keep(converted)) is not None]

    def flush(self, missing: int = 0) -> list[AudioFrame]:
        """The rest of the run; `missing` samples of what is due will never come because the input ended early."""
        self._due = max(0, self._due - missing)
        kept: list[AudioFrame] = []
        if self._last is not None and self._due:
            reach = filter_reach(self._last.sample_rate, self._rate_hz)
            if self._fed < reach:
                for frame in silence(sample_kind(self._last), reach - self._fed):
                    kept += self.push(frame)
            kept += [last for converted in self._resampler.resample(None) if (last := self._keep(converted)) is not None]
            kept += self._hold()
        return kept

    def _hold(self) -> list[AudioFrame]:
        """The plan rounds a run's length to the nearest sample, libswresample down: the last sample then sounds once more."""
        if self._due == 0 or self._converted is None:
            return []
        samples = self._converted.samples
        last = cut(self._converted, samples - 1, samples)
        held, self._due = [last] * self._due, 0
        return held

    def _keep(self, frame: AudioFrame) -> AudioFrame | None:
        """The part of a converted frame that is due."""
        first = min(self._discard, frame.samples)
        self._discard -= first
        samples = min(self._due, frame.samples - first)
        if samples <= 0:
            return None
        self._due -= samples
        frame.pts = None
        self._converted = frame
        return cut(frame, first, first + samples)
