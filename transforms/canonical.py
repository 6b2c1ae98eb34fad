"""One way to write each Spec, and the identity of a variant made from it (CONTRACT 5).

`params.parse` already leaves out what means nothing, so two URLs of equal meaning arrive here as equal specs. What remains is
html-aac: a page around the renditions of hls-aac-rt, whose variants, cache and bill it shares, and so its identity.
"""

import hashlib
import json
from collections.abc import Iterator
from urllib.parse import quote

from transforms.params import format_kilohertz, format_trim_point
from transforms.spec import REAL_TIME_FAMILY, Clip, Format, Spec, TrimMode, Variant


def canonical(spec: Spec) -> str:
    """The spec as a query string, defaults filled. `params.parse` reads it back to the same spec (html-aac as hls-aac-rt)."""
    return "&".join(f"{name}={quote(value, safe='/')}" for name, value in _pairs(spec))


def identity(account: str, path: str, spec: Spec, version: str | None) -> str:
    """Hex SHA-256 that is the same for every URL of equal meaning and for no other. JSON keeps the parts apart."""
    parts = json.dumps([account, path, canonical(spec), version])
    return hashlib.sha256(parts.encode()).hexdigest()


def _pairs(spec: Spec) -> Iterator[tuple[str, str]]:
    shared = Format.HLS_AAC_RT if spec.format is Format.HTML_AAC else spec.format
    yield "f", shared
    for variant in spec.variants:
        yield from _variant_pairs(variant, spec.format in REAL_TIME_FAMILY)
    if spec.trim_start is not None:
        yield "ts", format_trim_point(spec.trim_start)
    if spec.trim_end is not None:
        yield "te", format_trim_point(spec.trim_end)
    if spec.trim_mode is not TrimMode.BEFORE_REPEAT:
        yield "tm", spec.trim_mode
    yield from _clip_pairs(spec.clips)


def _variant_pairs(variant: Variant, real_time: bool) -> Iterator[tuple[str, str]]:
    """A whole group each, so that the next variant's first key begins the next group."""
    if variant.bitrate_kbps is not None:
        yield "br", str(variant.bitrate_kbps)
    yield "sr", format_kilohertz(variant.sample_rate_hz)
    if real_time:
        yield "rt", variant.real_time


def _clip_pairs(clips: tuple[Clip, ...]) -> Iterator[tuple[str, str]]:
    for position, clip in enumerate(clips):
        if position > 0:
            yield "append", clip.path
        if clip.plays > 1:
            yield "rp", str(clip.plays)
