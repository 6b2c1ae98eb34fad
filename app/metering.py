"""What a plan costs, exactly (CONTRACT 5; reference, "Audio pricing").

Durations are integers of 1/28,224,000 s, which every output sample rate divides; quota is counted in twentieths of that, which
make both multipliers (3/4 and 23/20) whole numbers. No figure is ever rounded.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from transforms.plan import Plan, Rendition
from transforms.spec import REAL_TIME_FAMILY, WAV_FAMILY, Format, RealTime

UNITS_PER_SECOND: Final = 28_224_000
QUOTA_UNITS_PER_SECOND: Final = 20 * UNITS_PER_SECOND
MIN_BILLED_SECONDS: Final = 10  # per output
REAL_TIME_SECONDS: Final = 10  # added per variant that may be listed while it is encoded

# Quota units per billed unit: twenty times the multiplier.
COMPRESSED_MULTIPLIER: Final = 15  # 0.75
WAV_MULTIPLIER: Final = 23  # 1.15


@dataclass(frozen=True, slots=True)
class Charge:
    """One bill: `billed_units` of 1/28,224,000 s, `quota_units` of 1/564,480,000 s."""

    billed_units: int
    quota_units: int

    @property
    def billed_seconds(self) -> Fraction:
        """Exact billed duration, before the multiplier."""
        return Fraction(self.billed_units, UNITS_PER_SECOND)

    @property
    def quota_seconds(self) -> Fraction:
        """Exact duration taken from the quota."""
        return Fraction(self.quota_units, QUOTA_UNITS_PER_SECOND)


FREE: Final = Charge(0, 0)  # f=meta, which has no plan


def price(plan: Plan) -> Charge:
    """What the first successful run of `plan` costs."""
    billed_units = sum(_billed_units(rendition, plan.format) for rendition in plan.renditions)
    multiplier = WAV_MULTIPLIER if plan.format in WAV_FAMILY else COMPRESSED_MULTIPLIER
    return Charge(billed_units, billed_units * multiplier)


def duration_units(rendition: Rendition) -> int:
    """Exact length of an output in 1/28,224,000 s."""
    return rendition.samples * (UNITS_PER_SECOND // rendition.sample_rate_hz)


def _billed_units(rendition: Rendition, format_: Format) -> int:
    real_time = format_ in REAL_TIME_FAMILY and rendition.real_time is not RealTime.FALSE
    surcharge = REAL_TIME_SECONDS * UNITS_PER_SECOND if real_time else 0
    return max(MIN_BILLED_SECONDS * UNITS_PER_SECOND, duration_units(rendition)) + surcharge
