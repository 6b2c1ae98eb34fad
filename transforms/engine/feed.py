"""One rendition's way from decoded frames to its coder: a resampler per run, and what counts as its own samples."""

from collections.abc import Sequence
from time import perf_counter

from av import AudioFrame

from transforms.engine.coder import Coder
from transforms.engine.frames import SampleKind
from transforms.engine.resample import RunResampler
from transforms.engine.timeline import resampled, run_at, run_end
from transforms.plan import Rendition, Run


class Feed:
    """Takes the frames of every run that reaches behind the coder's first sample. `produced` counts the samples given to the coder,
    `missing_samples` those at the end of the whole output that the input did not have, `work_seconds` what all of this took."""

    def __init__(self, rendition: Rendition, runs: Sequence[Run], coder: Coder) -> None:
        self.rendition = rendition
        self.coder = coder
        self.first_run = run_at(rendition, coder.first_sample)
        self.produced = 0
        self.missing_samples = 0
        self.work_seconds = 0.0
        self._runs = runs
        self._resampler: RunResampler | None = None

    def first_sample_in(self, run: int) -> int:
        """The first sample of a run's own output that the coder wants."""
        return max(0, self.coder.first_sample - self.rendition.run_starts[run])

    def enter(self, run: int, run_sample: int) -> None:
        """From here on frames belong to `run`; the first begins at its sample `run_sample`, which is on the phase grid."""
        if run < self.first_run:
            return
        rate = self.rendition.sample_rate_hz
        first = self.first_sample_in(run)
        due = run_end(self.rendition, run) - self.rendition.run_starts[run] - first
        kind = SampleKind(self.coder.sample_format, self.rendition.layout, rate)
        self._resampler = RunResampler(kind, first - run_sample * rate // self._runs[run].sample_rate_hz, due)

    def push(self, frame: AudioFrame) -> None:
        """Resample and encode one frame of the current run."""
        if self._resampler is not None:
            begun = perf_counter()
            self._write(self._resampler.push(frame))
            self.work_seconds += perf_counter() - begun

    def leave(self, run: int, missing_samples: int) -> None:
        """The run is over, `missing_samples` of its own rate before its end."""
        if self._resampler is None:
            return
        whole, rate = self._runs[run], self.rendition.sample_rate_hz
        present = resampled(whole.samples - missing_samples, whole.sample_rate_hz, rate)
        self.missing_samples = resampled(whole.samples, whole.sample_rate_hz, rate) - present
        self._write(self._resampler.flush(self.missing_samples))
        self._resampler = None

    def _write(self, frames: Sequence[AudioFrame]) -> None:
        for frame in frames:
            self.coder.write(frame)
            self.produced += frame.samples
