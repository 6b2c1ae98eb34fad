"""What a URL asks for: the values the transformation language is parsed into. Frozen, validated by `params`, compared by meaning."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Format(StrEnum):
    """Output format, the `f` parameter (reference, "Audio Transcoding API")."""

    MP3 = "mp3"
    AAC = "aac"
    WAV_RIFF = "wav-riff"
    WAV_RF64 = "wav-rf64"
    HLS_AAC = "hls-aac"
    HLS_AAC_RT = "hls-aac-rt"
    HTML_AAC = "html-aac"
    META = "meta"


AAC_FAMILY: Final = frozenset({Format.AAC, Format.HLS_AAC, Format.HLS_AAC_RT, Format.HTML_AAC})
WAV_FAMILY: Final = frozenset({Format.WAV_RIFF, Format.WAV_RF64})
HLS_FAMILY: Final = frozenset({Format.HLS_AAC, Format.HLS_AAC_RT, Format.HTML_AAC})
REAL_TIME_FAMILY: Final = frozenset({Format.HLS_AAC_RT, Format.HTML_AAC})

ARTIFACT_NAMES: Final = {
    Format.MP3: "/audio.mp3",
    Format.AAC: "/audio.aac",
    Format.WAV_RIFF: "/audio.wav",
    Format.WAV_RF64: "/audio.wav",
    Format.HLS_AAC: "/audio.m3u8",
}
"""The main output of a finished job, as `a` names it."""

FILE_FORMATS: Final = tuple(format_ for format_ in ARTIFACT_NAMES if format_ not in HLS_FAMILY)
"""Formats whose variant is one file."""


class RealTime(StrEnum):
    """When a variant is listed while it is still being encoded, the `rt` parameter."""

    AUTO = "auto"
    TRUE = "true"
    FALSE = "false"


class TrimMode(StrEnum):
    """Which timeline the trim applies to, the `tm` parameter."""

    BEFORE_REPEAT = "before-repeat"
    AFTER_REPEAT = "after-repeat"


@dataclass(frozen=True, slots=True, order=True)
class TrimPoint:
    """A `ts` or `te` value as written: whole seconds, and two digits whose meaning the input decides (CONTRACT 2, "Time").

    The two digits are hundredths of a second for audio-only inputs and a frame number for inputs with a real video stream.
    """

    seconds: int
    hundredths: int = 0


@dataclass(frozen=True, slots=True)
class Clip:
    """One item of the timeline: a file of the account, played `plays` times (`rp`)."""

    path: str
    plays: int = 1


@dataclass(frozen=True, slots=True)
class Variant:
    """One rendition as asked for. `bitrate_kbps` is None for PCM; `sample_rate_hz` is already adjusted to the format and bit rate."""

    bitrate_kbps: int | None
    sample_rate_hz: int
    real_time: RealTime = RealTime.AUTO


@dataclass(frozen=True, slots=True)
class Spec:
    """A whole transformation. `clips[0]` is the file of the address.

    `variants` is empty for meta and has one entry unless the format is HLS.
    """

    format: Format
    clips: tuple[Clip, ...]
    variants: tuple[Variant, ...]
    trim_start: TrimPoint | None = None
    trim_end: TrimPoint | None = None
    trim_mode: TrimMode = TrimMode.BEFORE_REPEAT
