"""Plans for the HLS tests: one invented source of a given length, any set of renditions."""

from collections.abc import Iterable
from fractions import Fraction

from hypothesis import strategies as st

from transforms.limits import AAC_SAMPLE_RATES_HZ, AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS, PlanLimits
from transforms.plan import Plan, plan
from transforms.source import Source
from transforms.spec import Clip, Format, Spec, Variant

SOURCE_RATE_HZ = 192_000
TEN_HOURS_SECONDS = 36_000

BITRATE_KBPS_BY_RATE_HZ = {rate: bitrate for bitrate, rates in AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS.items() for rate in rates}


def plan_of(seconds: Fraction | float, rates_hz: Iterable[int] = (48_000,)) -> Plan:
    """A plan of `seconds` (to the source's sample) with one rendition for each rate."""
    samples = max(1, round(Fraction(seconds) * SOURCE_RATE_HZ))
    source = Source("wav", "pcm_s16le", SOURCE_RATE_HZ, 2, "stereo", samples, True)
    variants = tuple(Variant(BITRATE_KBPS_BY_RATE_HZ[rate], rate) for rate in rates_hz)
    return plan(Spec(Format.HLS_AAC_RT, (Clip("/a.wav"),), variants), [source], PlanLimits())


def lengths() -> st.SearchStrategy[Fraction]:
    """Lengths from one sample to ten hours, often close to a boundary, where tails are short."""
    anywhere = st.integers(1, TEN_HOURS_SECONDS * SOURCE_RATE_HZ).map(lambda samples: Fraction(samples, SOURCE_RATE_HZ))
    short = st.integers(1, 20 * SOURCE_RATE_HZ).map(lambda samples: Fraction(samples, SOURCE_RATE_HZ))
    near = st.builds(
        lambda units, samples: max(Fraction(1, SOURCE_RATE_HZ), units * Fraction(376, 375) + Fraction(samples, SOURCE_RATE_HZ)),
        st.one_of(st.integers(0, 40), st.integers(0, 9_000).map(lambda segments: 4 * segments)),
        st.integers(-SOURCE_RATE_HZ, SOURCE_RATE_HZ),
    )
    return st.one_of(anywhere, short, near)


def rate_sets() -> st.SearchStrategy[list[int]]:
    """The rates of one to ten renditions."""
    return st.lists(st.sampled_from(AAC_SAMPLE_RATES_HZ), min_size=1, max_size=10)
