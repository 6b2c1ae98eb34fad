"""Every number decided: a spec and its measured sources become a plan in samples.

The timeline is a list of runs. A run is a stretch of source samples of one sample rate and layout that is fed to one resampler, so
that joins inside it (repeats, appended files of the same kind) are seamless; runs meet at exact output samples. Nothing below
this file sees a second or a parameter again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import ceil

from transforms.cuts import Cut, nearest, timeline
from transforms.errors import UnsupportedInput
from transforms.limits import AAC_FRAME_SAMPLES, MP3_FRAME_SAMPLES, MP3_LOW_RATE_FRAME_SAMPLES, PlanLimits, frame_samples
from transforms.source import Source
from transforms.spec import Format, RealTime, Spec, Variant

PCM_BYTES_PER_SAMPLE = 2

STEREO = "stereo"

# By the codec's grid: how far content lies behind its frame's place. AAC: one priming packet (ENGINE 3). MP3: LAME's delay of 576
# samples and at least 576 of padding after the end.
_LEAD_SAMPLES = {1: 0, AAC_FRAME_SAMPLES: 1024, MP3_FRAME_SAMPLES: 1152, MP3_LOW_RATE_FRAME_SAMPLES: 1152}


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


def plan(spec: Spec, sources: Sequence[Source], limits: PlanLimits) -> Plan:
    """Decide the whole encode. `sources[i]` is the measured source of `spec.clips[i]`.

    Raises UnsupportedInput (unmeasured or empty source), TrimStartExceedsDuration and TooLarge.
    """
    for source in sources:
        limits.check_source(source.sample_rate_hz, source.channels)
        if not source.samples:
            raise UnsupportedInput.without_sound()
    cuts = timeline(spec, sources)
    runs = tuple(_runs(cuts, sources))
    renditions = tuple(_rendition(variant, spec.format, runs, sources[0]) for variant in spec.variants)
    decided = Plan(spec.format, tuple(sources), runs, renditions)
    limits.check_output(decided.seconds)
    for rendition in renditions:
        limits.check_bytes(spec.format, output_bytes(rendition))
        limits.check_channels(rendition.seconds, rendition.channels)
    return decided


def output_bytes(rendition: Rendition) -> int:
    """Expected size in bytes: exact for PCM (without its header), the nominal bit rate otherwise."""
    if rendition.bitrate_kbps is None:
        return rendition.samples * rendition.channels * PCM_BYTES_PER_SAMPLE
    return ceil(rendition.seconds * rendition.bitrate_kbps * 1000 / 8)


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
        starts.append(nearest(time * rate))
        time += run.seconds
    stereo = variant.bitrate_kbps is not None
    return Rendition(
        bitrate_kbps=variant.bitrate_kbps,
        sample_rate_hz=rate,
        channels=2 if stereo else primary.channels,
        layout=STEREO if stereo else primary.layout,
        frame_samples=frame_samples(format_, rate),
        samples=max(1, nearest(time * rate)),
        run_starts=tuple(starts),
        real_time=variant.real_time,
    )
