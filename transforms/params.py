"""The transformation language: ordered (name, value) pairs become a validated Spec (CONTRACT 2; reference, all "Audio … API" sections).

What a format does not use is ignored as if it were not there, its value unread: `br` for wav, `rt` outside of real-time HLS,
everything but `f` for meta. What means nothing is left out of the Spec (`ts=0`; `tm` where the order of trim and repeat
cannot matter), so that specs of equal meaning are equal. A parameter that may be given once counts as given last.
Whether an appended path may be opened is not decided here: this floor only asks that it is absolute.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from transforms.errors import InvalidParameter
from transforms.limits import (
    DEFAULT_BITRATE_KBPS,
    DEFAULT_SAMPLE_RATE_HZ,
    MAX_PLAYS,
    MAX_TRIM_SECONDS,
    MAX_VARIANTS,
    adjust_sample_rate,
    bitrates_kbps,
    sample_rates_hz,
)
from transforms.spec import HLS_FAMILY, REAL_TIME_FAMILY, Clip, Format, RealTime, Spec, TrimMode, TrimPoint, Variant

Params = Sequence[tuple[str, str]]

PARAMETERS: Final = ("f", "br", "sr", "rt", "next", "ts", "te", "tm", "append", "rp")
FORMAT_ALIASES: Final = {"wav": Format.WAV_RIFF}
DEFAULT_FORMAT: Final = Format.HTML_AAC

_INTEGER = re.compile(r"[0-9]{1,10}")
_KILOHERTZ = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,3}))?")
_TIME = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?")


def parse(path: str, params: Params) -> Spec:
    """The Spec that `params` ask for of the file at `path`; unknown names are ignored. Raises InvalidParameter."""
    format_ = _format(_last(params, "f"))
    if format_ is Format.META:
        return Spec(format_, (Clip(path),), ())
    variants = _variants(params, format_)
    start, end = _trim(params)
    trim_mode = _trim_mode(_last(params, "tm"))
    primary_alone = trim_mode is TrimMode.BEFORE_REPEAT and not (start is None and end is None)
    clips = _join_repeats(_clips(path, params), primary_alone)
    if (start is None and end is None) or clips == (Clip(path),):
        trim_mode = TrimMode.BEFORE_REPEAT
    return Spec(format_, clips, variants, start, end, trim_mode)


def variant_groups(params: Params, format_: Format) -> tuple[Mapping[str, str], ...]:
    """What was written for each variant, among `br`, `sr` and `rt`: one group per variant, an empty one where nothing was."""
    return tuple(_groups(params, _variant_keys(format_))) or ({},)


def format_kilohertz(sample_rate_hz: int) -> str:
    """A rate as `sr` writes it: 44100 is '44.1', 48000 is '48'."""
    return f"{sample_rate_hz / 1000:g}"


def format_trim_point(point: TrimPoint) -> str:
    """A time as `ts` and `te` write it: '90', '1.50'."""
    return f"{point.seconds}.{point.hundredths:02d}" if point.hundredths else str(point.seconds)


def _last(params: Params, name: str) -> str | None:
    return next((value for key, value in reversed(params) if key == name), None)


def _format(value: str | None) -> Format:
    if value is None:
        return DEFAULT_FORMAT
    if value in FORMAT_ALIASES:
        return FORMAT_ALIASES[value]
    try:
        return Format(value)
    except ValueError:
        raise InvalidParameter("f", value, f"allowed are {_list([*Format, *FORMAT_ALIASES])}") from None


def _variants(params: Params, format_: Format) -> tuple[Variant, ...]:
    groups = variant_groups(params, format_)
    if len(groups) > 1 and format_ not in HLS_FAMILY:
        name, value = next(iter(groups[1].items()))
        several = _list(each for each in Format if each in HLS_FAMILY)
        raise InvalidParameter(name, value, f"it begins a second variant, which f={format_} cannot have, only f={several}")
    if len(groups) > MAX_VARIANTS:
        name, value = next(iter(groups[MAX_VARIANTS].items()))
        raise InvalidParameter(name, value, f"it begins variant {MAX_VARIANTS + 1}, and at most {MAX_VARIANTS} are allowed")
    return tuple(_variant(group, format_) for group in groups)


def _variant_keys(format_: Format) -> frozenset[str]:
    keys = {"sr"}
    if bitrates_kbps(format_):
        keys.add("br")
    if format_ in REAL_TIME_FAMILY:
        keys.add("rt")
    return frozenset(keys)


def _groups(params: Params, keys: frozenset[str]) -> Iterator[dict[str, str]]:
    """Split into variant groups: one ends when a key of it comes again, or at next=true; empty ones are dropped."""
    group: dict[str, str] = {}
    for name, value in params:
        if group and (name in group or (name, value) == ("next", "true")):
            yield group
            group = {}
        if name in keys:
            group[name] = value
    if group:
        yield group


def _variant(group: Mapping[str, str], format_: Format) -> Variant:
    bitrate_kbps = _bitrate(group.get("br"), format_) if bitrates_kbps(format_) else None
    asked_hz = _sample_rate(group.get("sr"), format_)
    return Variant(bitrate_kbps, adjust_sample_rate(format_, bitrate_kbps, asked_hz), _real_time(group.get("rt")))


def _bitrate(value: str | None, format_: Format) -> int:
    if value is None:
        return DEFAULT_BITRATE_KBPS
    possible = bitrates_kbps(format_)
    if not _INTEGER.fullmatch(value) or int(value) not in possible:
        raise InvalidParameter("br", value, f"allowed for f={format_} are {_list(possible)} (kbps)")
    return int(value)


def _sample_rate(value: str | None, format_: Format) -> int:
    if value is None:
        return DEFAULT_SAMPLE_RATE_HZ
    possible = sample_rates_hz(format_)
    match = _KILOHERTZ.fullmatch(value)
    rate_hz = int(match[1]) * 1000 + int((match[2] or "").ljust(3, "0")) if match else 0
    if rate_hz not in possible:
        raise InvalidParameter("sr", value, f"allowed for f={format_} are {_list(map(format_kilohertz, possible))} (kHz)")
    return rate_hz


def _real_time(value: str | None) -> RealTime:
    if value is None:
        return RealTime.AUTO
    try:
        return RealTime(value)
    except ValueError:
        raise InvalidParameter("rt", value, f"allowed are {_list(RealTime)}") from None


def _trim(params: Params) -> tuple[TrimPoint | None, TrimPoint | None]:
    """`ts` and `te`; a start of 0 is none.

    The written digits decide which is later, whatever the decimals will mean: a frame number that exists is smaller than
    the frame rate, so frame numbers sort as hundredths do.
    """
    start = _trim_point("ts", _last(params, "ts")) or TrimPoint(0)
    end_value = _last(params, "te")
    end = _trim_point("te", end_value)
    if end_value is not None and end is not None and end <= start:
        raise InvalidParameter("te", end_value, f"the end must lie behind the start, which is {format_trim_point(start)}")
    return (start if start > TrimPoint(0) else None), end


def _trim_point(name: str, value: str | None) -> TrimPoint | None:
    if value is None:
        return None
    match = _TIME.fullmatch(value)
    point = TrimPoint(int(match[1]), int((match[2] or "").ljust(2, "0"))) if match else None
    if point is None or point > TrimPoint(MAX_TRIM_SECONDS):
        raise InvalidParameter(name, value, f"allowed are numbers from 0 to {MAX_TRIM_SECONDS} with at most two decimals")
    return point


def _trim_mode(value: str | None) -> TrimMode:
    if value is None:
        return TrimMode.BEFORE_REPEAT
    try:
        return TrimMode(value)
    except ValueError:
        raise InvalidParameter("tm", value, f"allowed are {_list(TrimMode)}") from None


def _clips(path: str, params: Params) -> list[Clip]:
    """The timeline: `append` adds an item, `rp` speaks of the item added last, and the last `rp` of an item wins."""
    items: list[tuple[str, str]] = [(path, "1")]
    for name, value in params:
        if name == "append":
            items.append((_absolute(value), "1"))
        elif name == "rp":
            items[-1] = (items[-1][0], value)
    return [Clip(item, _plays(value)) for item, value in items]


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise InvalidParameter("append", path, "it must be the full path of a file of the account, such as /folder/file.mp3")
    return path


def _plays(value: str) -> int:
    if not _INTEGER.fullmatch(value) or not 1 <= int(value) <= MAX_PLAYS:
        raise InvalidParameter("rp", value, f"allowed are whole numbers from 1 to {MAX_PLAYS}")
    return int(value)


def _join_repeats(clips: Sequence[Clip], primary_alone: bool) -> tuple[Clip, ...]:
    """One clip for neighbours of the same file: appending it again means playing it once more.

    `primary_alone`: the first clip is trimmed and the others are not, so it stays by itself.
    """
    joined = [clips[0]]
    for clip in clips[1:]:
        before = joined[-1]
        if clip.path == before.path and not (primary_alone and len(joined) == 1):
            joined[-1] = Clip(clip.path, _plays(str(before.plays + clip.plays)))
        else:
            joined.append(clip)
    return tuple(joined)


def _list(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
