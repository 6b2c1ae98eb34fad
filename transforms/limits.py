"""Limits and allowed values: each number once, with its source."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from transforms.errors import TooLarge
from transforms.spec import AAC_FAMILY, WAV_FAMILY, Format

MIN_SOURCE_RATE_HZ = 1_000  # real files at 1,234 Hz exist; 1 Hz, which makes hours of a few kilobytes, does not
MAX_SOURCE_RATE_HZ = 384_000
MAX_CHANNELS = 8
RIFF_MAX_BYTES = 2**32 - 1 - 1024  # a RIFF size is 32 bits; the slack covers any header we write

MAX_VARIANTS = 10  # reference, "Creating HLS audio with multiple bitrates"
MAX_TRIM_SECONDS = 86_399  # reference, "Audio Trimming API"
MAX_PLAYS = 10**9  # ours: more plays than any duration limit lets through, few enough to stay an everyday integer

DEFAULT_BITRATE_KBPS = 96
DEFAULT_SAMPLE_RATE_HZ = 48_000

# What AAC can carry at each bit rate: the keys are the allowed `br`, the values the rates `sr` is moved to (CONTRACT 6).
AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS: Final = {
    **dict.fromkeys((16, 20), (8_000, 12_000, 16_000)),
    **dict.fromkeys((24, 28), (16_000,)),
    32: (16_000, 22_050, 24_000),
    **dict.fromkeys((40, 48, 56), (32_000,)),
    **dict.fromkeys((64, 80, 96, 112, 128, 160, 192, 224), (32_000, 44_100, 48_000)),
    **dict.fromkeys((256, 288, 320, 384), (32_000, 44_100, 48_000, 96_000)),
    **dict.fromkeys((448, 512), (44_100, 48_000, 96_000)),
    576: (48_000, 88_200, 96_000),
}
AAC_SAMPLE_RATES_HZ: Final = (8_000, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000)

MP3_BITRATES_KBPS: Final = tuple(range(16, 297, 8))
MP3_SAMPLE_RATES_HZ: Final = (22_050, 32_000, 44_100, 48_000)
MP3_ONLY_22050_UP_TO_KBPS = 24  # MPEG-1 Layer III begins at 32 kbps
MP3_22050_UP_TO_KBPS = 160  # MPEG-2 Layer III ends there

AAC_FRAME_SAMPLES: Final = 1024
ADTS_HEADER_BYTES: Final = 7  # in front of each AAC packet (ISO/IEC 14496-3, 1.A.2.2)
MP3_FRAME_SAMPLES: Final = 1152
MP3_LOW_RATE_FRAME_SAMPLES: Final = 576  # MPEG-2 layer III, below 32 kHz

WAV_SAMPLE_RATES_HZ: Final = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000)


def bitrates_kbps(format_: Format) -> tuple[int, ...]:
    """Allowed `br` of a format in kbps, ascending; empty where `br` has no meaning."""
    if format_ in AAC_FAMILY:
        return tuple(AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS)
    return MP3_BITRATES_KBPS if format_ is Format.MP3 else ()


def sample_rates_hz(format_: Format) -> tuple[int, ...]:
    """Allowed `sr` of a format in Hz, ascending, before the adjustment to `br`; empty where `sr` has no meaning."""
    if format_ in AAC_FAMILY:
        return AAC_SAMPLE_RATES_HZ
    if format_ in WAV_FAMILY:
        return WAV_SAMPLE_RATES_HZ
    return MP3_SAMPLE_RATES_HZ if format_ is Format.MP3 else ()


def adjust_sample_rate(format_: Format, bitrate_kbps: int | None, sample_rate_hz: int) -> int:
    """The rate in Hz that is really encoded for an allowed `br` (None for PCM) and `sr`: the nearest one the pair can have (CONTRACT 6)."""
    if bitrate_kbps is None:
        return sample_rate_hz
    if format_ is Format.MP3:
        return _adjust_mp3(bitrate_kbps, sample_rate_hz)
    possible = AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS[bitrate_kbps]
    return min(possible, key=lambda rate: abs(rate - sample_rate_hz))  # no ties occur


def frame_samples(format_: Format, sample_rate_hz: int) -> int:
    """Samples of one channel in a frame of the format's codec; 1 for PCM."""
    if format_ in AAC_FAMILY:
        return AAC_FRAME_SAMPLES
    if format_ is Format.MP3:
        return MP3_FRAME_SAMPLES if sample_rate_hz >= 32_000 else MP3_LOW_RATE_FRAME_SAMPLES
    return 1


def _adjust_mp3(bitrate_kbps: int, sample_rate_hz: int) -> int:
    if bitrate_kbps <= MP3_ONLY_22050_UP_TO_KBPS:
        return 22_050
    if sample_rate_hz == 22_050 and bitrate_kbps > MP3_22050_UP_TO_KBPS:
        return 32_000
    return sample_rate_hz


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What an operator allows one plan to cost. Seconds and bytes are per output."""

    max_seconds: int = 12 * 3600
    max_output_bytes: int = 64 * 2**30
    max_channel_seconds: int = 8 * 12 * 3600

    def check_channels(self, seconds: Fraction, channels: int) -> None:
        """Refuse outputs whose length times their channels is over the limit: what encoding costs grows with both."""
        if seconds * channels > self.max_channel_seconds:
            raise TooLarge(
                f"The output would have {float(seconds):.2f} s of {channels} channels; {self.max_channel_seconds} s of one are allowed."
            )

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
