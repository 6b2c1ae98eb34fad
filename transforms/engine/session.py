"""A plan being encoded: ranges in any order, and without starting again where one follows the other."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from transforms.engine.aac import RANGE_PREROLL_FRAMES, SEGMENT_PREROLL_FRAMES, AacCoder
from transforms.engine.coder import Coder
from transforms.engine.feed import Feed
from transforms.engine.messages import WHOLE, Part, Span
from transforms.engine.mp3 import Mp3Coder
from transforms.engine.mp3_command import corrected_kbps, miss
from transforms.engine.pcm import PcmCoder
from transforms.engine.playback import Playback
from transforms.engine.timeline import span_samples
from transforms.errors import UnsupportedInput
from transforms.plan import Plan, Rendition
from transforms.spec import HLS_FAMILY, Format

PROGRESS_EVERY_SECONDS = 1

OVER: Final = object()
"""What the timeline gives behind its last step."""


class Session:
    """One plan and its open files. May be kept between spans of the same plan: decoder, resamplers and encoders then go on where they
    stand (ENGINE 2 and 3). `ffmpeg` is the program that encodes MP3."""

    def __init__(self, plan: Plan, paths: Sequence[str], *, ffmpeg: str) -> None:
        self._plan = plan
        self._ffmpeg = ffmpeg
        self._playback = Playback(plan, paths)
        self._feeds: list[Feed] = []
        self._steps: Iterator[None] = iter(())

    def close(self) -> None:
        """Stop what runs and close all files."""
        for feed in self._feeds:
            feed.coder.close()
        self._feeds = []
        self._playback.close()

    def encode(self, spans: Sequence[Span], scratch: str, progress: Callable[[int], None]) -> tuple[Part, ...]:
        """Write one part per rendition, in order, to `scratch`: `spans[i]` in frames of rendition i. Raises UnsupportedInput, EngineFault.

        `progress` is told the samples of the first rendition's span that have been fed to its encoder so far.
        """
        asked = [rendition.bitrate_kbps for rendition in self._plan.renditions]
        parts = self._encode(spans, scratch, progress, asked)
        return self._corrected(parts, scratch, progress) if self._plan.format is Format.MP3 else parts

    def _corrected(self, parts: tuple[Part, ...], scratch: str, progress: Callable[[int], None]) -> tuple[Part, ...]:
        """An MP3 whose average bit rate missed its mark is encoded once more, asked for differently; the nearer one stays."""
        (rendition,), (first,) = self._plan.renditions, parts
        better = corrected_kbps(rendition, first.size_bytes, first.frames)
        if better is None:
            return parts
        aside = Path(scratch, f"{first.file}.first")
        Path(scratch, first.file).rename(aside)
        (second,) = self._encode((first.span,), scratch, progress, (better,))
        if miss(rendition, first.size_bytes, first.frames) <= miss(rendition, second.size_bytes, second.frames):
            aside.replace(Path(scratch, first.file))
            return parts
        aside.unlink()
        return (second,)

    def _encode(
        self, spans: Sequence[Span], scratch: str, progress: Callable[[int], None], bitrates_kbps: Sequence[int | None]
    ) -> tuple[Part, ...]:
        try:
            self._playback.may_end_early = all(span.end is None for span in spans)
            if not self._go_on(spans):
                self._start(spans, bitrates_kbps)
            paths = [Path(scratch, _file_name(number, span)) for number, span in enumerate(spans)]
            for feed, span, path in zip(self._feeds, spans, paths, strict=True):
                feed.coder.begin(span, str(path))
            self._run(progress)
            self._must_have_sound(spans)
            return tuple(self._part(number, span, paths[number].name) for number, span in enumerate(spans))
        except BaseException:
            self.close()
            raise

    def _go_on(self, spans: Sequence[Span]) -> bool:
        return bool(self._feeds) and all(feed.coder.follows(span) for feed, span in zip(self._feeds, spans, strict=True))

    def _start(self, spans: Sequence[Span], bitrates_kbps: Sequence[int | None]) -> None:
        self._feeds = [
            Feed(rendition, self._plan.runs, self._coder(rendition, span, bitrate))
            for rendition, span, bitrate in zip(self._plan.renditions, spans, bitrates_kbps, strict=True)
        ]
        self._playback.decoded_samples = 0
        self._steps = self._playback.steps(self._feeds)

    def _coder(self, rendition: Rendition, span: Span, bitrate_kbps: int | None) -> Coder:
        if bitrate_kbps is None:
            return PcmCoder(rendition, span)
        if self._plan.format is Format.MP3:
            return Mp3Coder(rendition, span, self._ffmpeg, bitrate_kbps)
        return AacCoder(rendition, span, SEGMENT_PREROLL_FRAMES if self._plan.format in HLS_FAMILY else RANGE_PREROLL_FRAMES)

    def _run(self, progress: Callable[[int], None]) -> None:
        """Decode until each feed has what it needs, or the timeline is over."""
        first = self._feeds[0]
        begun = told = first.produced
        while not all(feed.coder.complete for feed in self._feeds):
            if next(self._steps, OVER) is OVER:
                for feed in self._feeds:
                    feed.coder.finish()
                return
            if first.produced - told >= PROGRESS_EVERY_SECONDS * first.rendition.sample_rate_hz:
                told = first.produced
                progress(told - begun)

    def _part(self, number: int, span: Span, file: str) -> Part:
        feed = self._feeds[number]
        written = feed.coder.end()
        samples = span_samples(feed.rendition, span, feed.rendition.samples - feed.missing_samples)
        work_seconds, feed.work_seconds = feed.work_seconds, 0.0
        return Part(number, span, file, written.frames, samples, written.size_bytes, work_seconds)

    def _must_have_sound(self, spans: Sequence[Span]) -> None:
        """Success means that samples came out."""
        if self._playback.decoded_samples == 0 and all(span == WHOLE for span in spans):
            raise UnsupportedInput.without_sound()


def _file_name(number: int, span: Span) -> str:
    return f"part-{number:02d}-{span.start:010d}-{'end' if span.end is None else span.end}"
