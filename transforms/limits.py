"""Limits and allowed values: each number once, with its source."""

from dataclasses import dataclass
from fractions import Fraction

from transforms.errors import TooLarge
from transforms.spec import Format

MIN_SOURCE_RATE_HZ = 4_000
MAX_SOURCE_RATE_HZ = 384_000
MAX_CHANNELS = 8
RIFF_MAX_BYTES = 2**32 - 1 - 1024  # a RIFF size is 32 bits; the slack covers any header we write


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What an operator allows one plan to cost. Seconds and bytes are per output."""

    max_seconds: int = 12 * 3600
    max_output_bytes: int = 64 * 2**30

    def check_source(self, sample_rate_hz: int, channels: int) -> None:
        """Refuse sources whose numbers only an attack has (ENGINE 7)."""
        if not MIN_SOURCE_RATE_HZ <= sample_rate_hz <= MAX_SOURCE_RATE_HZ:
            raise TooLarge(
                f"The input's sample rate is {sample_rate_hz} Hz; {MIN_SOURCE_RATE_HZ} to {MAX_SOURCE_RATE_HZ} Hz are supported."
            )
        if not 1 <= channels <= MAX_CHANNELS:
            raise TooLarge(f"The input has {channels} channels; 1 to {MAX_CHANNELS} are supported.")

    def check_output(self, seconds: Fraction) -> None:
        """Refuse outputs longer than the limit."""
        if seconds > self.max_seconds:
            raise TooLarge(f"The output would be {float(seconds):.0f} s long; {self.max_seconds} s are allowed.")

    def check_bytes(self, format_: Format, size_bytes: int) -> None:
        """Refuse outputs larger than the limit, and RIFF files its 32-bit sizes cannot describe."""
        if format_ is Format.WAV_RIFF and size_bytes > RIFF_MAX_BYTES:
            raise TooLarge("The output would be larger than 4 GiB, which f=wav-riff cannot hold: use f=wav-rf64.")
        if size_bytes > self.max_output_bytes:
            raise TooLarge(f"The output would have {size_bytes} bytes; {self.max_output_bytes} are allowed.")
