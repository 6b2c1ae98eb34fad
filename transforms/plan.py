"""Every number decided: a spec and its measured sources become a plan in samples.

The timeline is a list of runs. A run is a stretch of source samples of one sample rate and layout that is fed to one resampler, so
that joins inside it (repeats, appended files of the same kind) are seamless; runs meet at exact output samples. Nothing below
this file sees a second or a parameter again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import ceil, floor

from transforms.errors import TrimStartExceedsDuration, UnsupportedInput
from transforms.limits import PlanLimits
from transforms.source import Source
from transforms.spec import AAC_FAMILY, HLS_FAMILY, Format, RealTime, Spec, TrimMode, TrimPoint, Variant

AAC_FRAME_SAMPLES = 1024
MP3_FRAME_SAMPLES = 1152
MP3_LOW_RATE_FRAME_SAMPLES = 576  # MPEG-2 layer III, below 32 kHz
PCM_BYTES_PER_SAMPLE = 2

STEREO = "stereo"

# By the codec's grid: how far content lies behind its frame's place. AAC: one priming packet (ENGINE 3). MP3: LAME's delay of 576
# samples and at least 576 of padding after the end.
_LEAD_SAMPLES = {1: 0, AAC_FRAME_SAMPLES: 1024, MP3_FRAME_SAMPLES: 1152, MP3_LOW_RATE_FRAME_SAMPLES: 1152}


@dataclass(frozen=True, slots=True)
class Cut:
    """Samples [start, end) of `sources[source]`, played `plays` times in a row."""

    source: int
    start: int
    end: int
    plays: int = 1

    @property
    def samples(self) -> int:
        """Source samples this cut contributes, repeats included."""
        return (self.end - self.start) * self.plays


@dataclass(frozen=True, slots=True)
class Run:
    """Cuts of one sample rate and layout, joined before they are resampled."""

    cuts: tuple[Cut, ...]
    sample_rate_hz: int
    layout: str

    @property
    def samples(self) -> int:
        """Length in samples of the run's own rate."""
        return sum(cut.samples for cut in self.cuts)

    @property
    def seconds(self) -> Fraction:
        """Exact length."""
        return Fraction(self.samples, self.sample_rate_hz)


@dataclass(frozen=True, slots=True)
class Rendition:
    """One encoded output. `samples` is the exact decoded length per channel at `sample_rate_hz`.

    `frame_samples` is the codec's grid: ranges of an encode are counted in these frames (1 for PCM).
    `run_starts[i]` is the output sample at which run i begins; run i ends where run i + 1 begins, the last at `samples`.
    """

    bitrate_kbps: int | None
    sample_rate_hz: int
    channels: int
    layout: str
    frame_samples: int
    samples: int
    run_starts: tuple[int, ...]
    real_time: RealTime = RealTime.AUTO

    @property
    def seconds(self) -> Fraction:
        """Exact length of the output."""
        return Fraction(self.samples, self.sample_rate_hz)

    @property
    def lead_samples(self) -> int:
        """Frame k holds the content samples from k × frame_samples − lead_samples."""
        return _LEAD_SAMPLES[self.frame_samples]

    @property
    def frames(self) -> int:
        """Frames of a whole encode: for AAC the priming packet and ⌈N/1024⌉ more (ENGINE 3), for PCM the samples."""
        return -(-(self.samples + self.lead_samples) // self.frame_samples)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine executes. `sources[i]` describes the file that cuts with `source == i` read."""

    format: Format
    sources: tuple[Source, ...]
    runs: tuple[Run, ...]
    renditions: tuple[Rendition, ...]

    @property
    def seconds(self) -> Fraction:
        """Exact length of the timeline."""
        return sum((run.seconds for run in self.runs), Fraction(0))


ARTIFACT_NAMES = {
    Format.MP3: "/audio.mp3",
    Format.AAC: "/audio.aac",
    Format.WAV_RIFF: "/audio.wav",
    Format.WAV_RF64: "/audio.wav",
    Format.HLS_AAC: "/audio.m3u8",
}


def plan(spec: Spec, sources: Sequence[Source], limits: PlanLimits) -> Plan:
    """Decide the whole encode. `sources[i]` is the measured source of `spec.clips[i]`.

    Raises UnsupportedInput (unmeasured or empty source), TrimStartExceedsDuration and TooLarge.
    """
    for source in sources:
        limits.check_source(source.sample_rate_hz, source.channels)
        if not source.samples:
            raise UnsupportedInput("The input has an audio track, but no audio could be decoded from it.")
    cuts = _timeline(spec, sources)
    runs = tuple(_runs(cuts, sources))
    renditions = tuple(_rendition(variant, spec.format, runs, sources[0]) for variant in spec.variants)
    decided = Plan(spec.format, tuple(sources), runs, renditions)
    limits.check_output(decided.seconds)
    for rendition in renditions:
        limits.check_bytes(spec.format, output_bytes(rendition))
    return decided


def output_bytes(rendition: Rendition) -> int:
    """Expected size in bytes: exact for PCM (without its header), the nominal bit rate otherwise."""
    if rendition.bitrate_kbps is None:
        return rendition.samples * rendition.channels * PCM_BYTES_PER_SAMPLE
    return ceil(rendition.seconds * rendition.bitrate_kbps * 1000 / 8)


def _timeline(spec: Spec, sources: Sequence[Source]) -> list[Cut]:
    """Clips to cuts: the trim applies to the primary alone, or to everything (CONTRACT 2, "Timeline")."""
    whole = [Cut(i, 0, _measured(sources[i]), clip.plays) for i, clip in enumerate(spec.clips)]
    if spec.trim_start is None and spec.trim_end is None:
        return whole
    start, end = (_seconds(point, sources[0]) for point in (spec.trim_start, spec.trim_end))
    if spec.trim_mode is TrimMode.BEFORE_REPEAT:
        primary = whole[0]
        rate = sources[0].sample_rate_hz
        first, last = _window(start, end, Fraction(primary.end, rate))
        cut = Cut(0, _nearest(first * rate), _nearest(last * rate), primary.plays)
        return [_not_empty(cut), *whole[1:]]
    total = sum((Fraction(cut.samples, sources[cut.source].sample_rate_hz) for cut in whole), Fraction(0))
    first, last = _window(start, end, total)
    return list(_clip(whole, sources, first, last))


def _measured(source: Source) -> int:
    assert source.samples is not None
    return source.samples


def _seconds(point: TrimPoint | None, primary: Source) -> Fraction | None:
    """The time a trim point means for this input; raises when its frame number does not exist at the video's rate."""
    if point is None:
        return None
    if primary.frame_rate is None:
        return point.seconds + Fraction(point.hundredths, 100)
    if point.hundredths >= primary.frame_rate:
        rate = float(primary.frame_rate)
        raise TrimStartExceedsDuration(
            f"Frame number {point.hundredths} in '{point.seconds}.{point.hundredths:02d}' does not exist: the video has {rate:g} frames a second."
        )
    return point.seconds + point.hundredths / primary.frame_rate


def _window(start: Fraction | None, end: Fraction | None, length: Fraction) -> tuple[Fraction, Fraction]:
    """The part of `length` seconds that a trim keeps; `te` beyond the end has no effect, `ts` there is an error."""
    first = start or Fraction(0)
    if first >= length:
        raise TrimStartExceedsDuration(f"The trim starts at {float(first):g} s, but the audio is only {float(length):.2f} s long.")
    last = length if end is None else min(end, length)
    if last <= first:
        # Only frame numbers get here: `params` has compared the digits, the video's rate decides what they mean.
        raise TrimStartExceedsDuration("The trim ends before it starts.")
    return first, last


def _not_empty(cut: Cut) -> Cut:
    if cut.end <= cut.start:
        raise TrimStartExceedsDuration("The trim leaves no audio.")
    return cut


def _nearest(value: Fraction) -> int:
    """Round half up: the nearest sample to a time."""
    return floor(value + Fraction(1, 2))


def _clip(cuts: Iterable[Cut], sources: Sequence[Source], first: Fraction, last: Fraction) -> Iterator[Cut]:
    """The cuts that lie within [first, last) seconds of the assembled timeline: partial plays become cuts of their own."""
    begins = Fraction(0)
    kept = False
    for cut in cuts:
        rate = sources[cut.source].sample_rate_hz
        ends = begins + Fraction(cut.samples, rate)
        low = _nearest((max(first, begins) - begins) * rate)
        high = _nearest((min(last, ends) - begins) * rate)
        if low < high:
            kept = True
            yield from _part(cut, low, high)
        begins = ends
    if not kept:
        raise TrimStartExceedsDuration("The trim leaves no audio.")


def _part(cut: Cut, low: int, high: int) -> Iterator[Cut]:
    """Samples [low, high) of a repeated cut as at most three cuts: the rest of a play, whole plays, the beginning of one."""
    length = cut.end - cut.start
    play, offset = divmod(low, length)
    if offset:
        stop = min(length, offset + high - low)
        yield Cut(cut.source, cut.start + offset, cut.start + stop)
        play += 1
    whole, rest = divmod(high - play * length, length) if high > play * length else (0, 0)
    if whole:
        yield Cut(cut.source, cut.start, cut.end, whole)
    if rest:
        yield Cut(cut.source, cut.start, cut.start + rest)


def _runs(cuts: Iterable[Cut], sources: Sequence[Source]) -> Iterator[Run]:
    """Join neighbouring cuts of one kind."""

    def kind(cut: Cut) -> tuple[int, str]:
        return sources[cut.source].sample_rate_hz, sources[cut.source].layout

    for (rate, layout), members in groupby(cuts, kind):
        yield Run(tuple(members), rate, layout)


def _rendition(variant: Variant, format_: Format, runs: Sequence[Run], primary: Source) -> Rendition:
    """Output lengths: each run starts at the sample nearest to its exact time, so rounding never adds up."""
    rate = variant.sample_rate_hz
    starts, time = [], Fraction(0)
    for run in runs:
        starts.append(_nearest(time * rate))
        time += run.seconds
    stereo = variant.bitrate_kbps is not None
    return Rendition(
        bitrate_kbps=variant.bitrate_kbps,
        sample_rate_hz=rate,
        channels=2 if stereo else primary.channels,
        layout=STEREO if stereo else primary.layout,
        frame_samples=_frame_samples(format_, rate),
        samples=max(1, _nearest(time * rate)),
        run_starts=tuple(starts),
        real_time=variant.real_time,
    )


def _frame_samples(format_: Format, rate: int) -> int:
    if format_ in AAC_FAMILY or format_ in HLS_FAMILY:
        return AAC_FRAME_SAMPLES
    if format_ is Format.MP3:
        return MP3_FRAME_SAMPLES if rate >= 32_000 else MP3_LOW_RATE_FRAME_SAMPLES
    return 1
