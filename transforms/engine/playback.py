"""Plays a plan's timeline once from a point on: one decode for the feeds of all renditions."""

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

from av import AudioFrame

from transforms.engine.feed import Feed
from transforms.engine.frames import SampleKind, silence
from transforms.engine.reader import Reader
from transforms.engine.timeline import Slice, common_start, slices
from transforms.plan import Plan, Run

MIXED_FORMAT = "fltp"
"""Files of one run that may differ in sample format meet in this one; a run of one file keeps its own, as FFmpeg would."""


class Playback:
    """A generator of steps over all runs. Where an input ends early, silence keeps every later sample in its place; only at the very
    end of the timeline, and only when `may_end_early`, the output becomes shorter instead."""

    def __init__(self, plan: Plan, paths: Sequence[str]) -> None:
        self._plan = plan
        self._paths = paths
        self._reader: Reader | None = None
        self._reading: tuple[int, str | None] | None = None
        self.may_end_early = False
        self.missing_samples = 0
        self.decoded_samples = 0

    def close(self) -> None:
        """Close the file that is open."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def steps(self, feeds: Sequence[Feed]) -> Iterator[None]:
        """Each step has pushed one frame into all feeds; when they end, the timeline is over."""
        first_run = min(feed.first_run for feed in feeds)
        for number, run in enumerate(self._plan.runs[first_run:], first_run):
            start = 0
            if number == first_run:
                starting = [feed for feed in feeds if feed.first_run == number]
                start = common_start(
                    run.sample_rate_hz, [(feed.rendition.sample_rate_hz, feed.first_sample_in(number)) for feed in starting]
                )
            for feed in feeds:
                feed.enter(number, start)
            self.missing_samples = 0
            for frame in self._frames(run, start, last_run=number == len(self._plan.runs) - 1):
                for feed in feeds:
                    feed.push(frame)
                yield
            for feed in feeds:
                feed.leave(number, self.missing_samples)
            yield

    def _frames(self, run: Run, start: int, *, last_run: bool) -> Iterator[AudioFrame]:
        """The run's samples from `start` on, without a gap."""
        asked = None if len({cut.source for cut in run.cuts}) == 1 else MIXED_FORMAT
        seen = asked
        for part, following in pairwise(chain(slices(run, start), (None,))):
            assert part is not None
            missing = part.end - part.start
            for frame in self._read(part, asked):
                missing -= frame.samples
                seen = frame.format.name
                yield frame
            if missing and last_run and following is None and self.may_end_early:
                self.missing_samples = missing
            elif missing:
                if seen is None:  # nothing decoded in this run yet: what may come must be of one format with the silence
                    seen = asked = MIXED_FORMAT
                yield from silence(SampleKind(seen, run.layout, run.sample_rate_hz), missing)

    def _read(self, part: Slice, sample_format: str | None) -> Iterator[AudioFrame]:
        """What can be decoded of a slice; the reader of one file is kept for the next slice of it."""
        wanted = (part.source, sample_format)
        if self._reader is None or self._reading != wanted:
            self.close()
            self._reader = Reader(self._paths[part.source], self._plan.sources[part.source], sample_format)
            self._reading = wanted
        for frame in self._reader.read(part.start, part.end):
            self.decoded_samples += frame.samples
            yield frame
