"""What a URL became, in words: one row per decision, from its parameters as written, its plan and its price."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from app.metering import COMPRESSED_MULTIPLIER, MIN_BILLED_SECONDS, REAL_TIME_SECONDS, price
from app.web.delivery import NAMES as DELIVERY_NAMES
from transforms.limits import DEFAULT_BITRATE_KBPS, DEFAULT_SAMPLE_RATE_HZ
from transforms.params import PARAMETERS, Params, format_kilohertz, format_trim_point, variant_groups
from transforms.plan import Plan, Rendition
from transforms.spec import RealTime, Spec, TrimMode

_KNOWN: Final = DELIVERY_NAMES.union(PARAMETERS)
_MULTIPLIER: Final = Fraction(COMPRESSED_MULTIPLIER, 20)

_REAL_TIME: Final[Mapping[RealTime, str]] = {
    RealTime.TRUE: "rt=true: offered while it is encoded",
    RealTime.AUTO: "rt=auto: offered while it is encoded, if that goes faster than it plays",
    RealTime.FALSE: "rt=false: offered when it is finished",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A decision: what it is about, what was decided, and why. A sum closes a calculation."""

    name: str
    value: str
    notes: tuple[str, ...] = ()
    is_sum: bool = False


def rows(spec: Spec, params: Params, plan: Plan) -> Iterator[Row]:
    """Every row, in the order a reader asks."""
    yield Row("Format", "Player page", ("it plays f=hls-aac-rt and shares that URL's encode, cache and bill",))
    asked = variant_groups(params, spec.format)
    for number, (group, rendition) in enumerate(zip(asked, plan.renditions, strict=True), start=1):
        yield _quality(number if len(asked) > 1 else None, group, rendition)
    yield from _timeline(spec)
    yield Row("Length", seconds_text(plan.seconds), (f"{plan.renditions[0].samples:,} samples",))
    yield from _bill(plan)
    ignored = dict.fromkeys(name for name, _ in params if name.replace("-", "_") not in _KNOWN)
    if ignored:
        yield Row("Ignored", ", ".join(ignored), ("no parameter of this service",))


def rendition_names(renditions: Iterable[Rendition]) -> list[str]:
    """What the quality menu calls them: the bit rate, and the sample rate where the bit rate does not tell them apart."""
    listed = list(renditions)
    rates = [rendition.bitrate_kbps for rendition in listed]
    return [
        f"{rendition.bitrate_kbps} kbps"
        + (f", {format_kilohertz(rendition.sample_rate_hz)} kHz" if rates.count(rendition.bitrate_kbps) > 1 else "")
        for rendition in listed
    ]


def seconds_text(seconds: Fraction) -> str:
    """'60 s', '12.345 s': to the millisecond, without zeros that say nothing."""
    return f"{float(seconds):,.3f}".rstrip("0").rstrip(".") + " s"


def clock_text(seconds: Fraction) -> str:
    """'3:42', '1:00:05': as players show it."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _quality(number: int | None, group: Mapping[str, str], rendition: Rendition) -> Row:
    value = f"{rendition.bitrate_kbps} kbps AAC, {format_kilohertz(rendition.sample_rate_hz)} kHz {rendition.layout}"
    notes = [] if "br" in group else [f"br is not given: {DEFAULT_BITRATE_KBPS} kbps"]
    notes += _sample_rate(group.get("sr"), rendition)
    return Row("Quality" if number is None else f"Quality {number}", value, (*notes, _REAL_TIME[rendition.real_time]))


def _sample_rate(asked: str | None, rendition: Rendition) -> list[str]:
    """What became of `sr`; nothing to say when it is what it was."""
    wanted, used = asked or format_kilohertz(DEFAULT_SAMPLE_RATE_HZ), format_kilohertz(rendition.sample_rate_hz)
    if float(wanted) == float(used):
        return []
    said = f"sr={wanted}" if asked else f"sr is not given ({wanted} kHz)"
    return [f"{said} became {used} kHz, the nearest that {rendition.bitrate_kbps} kbps allows"]


def _timeline(spec: Spec) -> Iterator[Row]:
    names = [clip.path + (f" × {clip.plays}" if clip.plays > 1 else "") for clip in spec.clips]
    if len(names) > 1 or spec.clips[0].plays > 1:
        yield Row("Timeline", ", then ".join(names), ("joined without a gap",))
    if spec.trim_start is None and spec.trim_end is None:
        return
    begin = f"from {format_trim_point(spec.trim_start)}" if spec.trim_start else "from the start"
    end = f"to {format_trim_point(spec.trim_end)}" if spec.trim_end else "to the end"
    alone = "the first file, before it is repeated" if spec.trim_mode is TrimMode.BEFORE_REPEAT else "the whole timeline"
    yield Row("Trim", f"{begin} {end}", (f"cuts {alone}",) if len(names) > 1 or spec.clips[0].plays > 1 else ())


def _bill(plan: Plan) -> Iterator[Row]:
    charge = price(plan)
    notes = tuple(_share(rendition) for rendition in plan.renditions)
    yield Row("Billed", seconds_text(charge.billed_seconds), (*notes, "once, by the first run that succeeds"))
    product = f"{seconds_text(charge.billed_seconds)} × {float(_MULTIPLIER):g}"
    yield Row("Quota", seconds_text(charge.quota_seconds), (product,), is_sum=True)


def _share(rendition: Rendition) -> str:
    """One rendition's part of the bill (CONTRACT 5)."""
    long_enough = rendition.seconds >= MIN_BILLED_SECONDS
    length = seconds_text(rendition.seconds) if long_enough else f"{MIN_BILLED_SECONDS} s minimum"
    surcharge = "" if rendition.real_time is RealTime.FALSE else f" + {REAL_TIME_SECONDS} s for real-time encoding"
    return f"{rendition.bitrate_kbps} kbps: {length}{surcharge}"
