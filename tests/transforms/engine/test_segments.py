"""HLS segments encoded each by itself, in any order, join without a click (ENGINE 3): a seek may begin anywhere."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import tones
from tests.transforms.engine.encodes import Wish, parts_of, plan_of, spans_between
from tests.transforms.engine.test_parallel import error_db, pcm_of
from transforms.engine.messages import Span
from transforms.hls.segments import segmentation
from transforms.plan import Plan
from transforms.spec import Format

SECONDS = 6
RATE_HZ = 44_100
KBPS = 128


def tone() -> tones.Pcm:
    """A steady tone hides nothing: what is wrong with a join is all that is heard."""
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(SECONDS * RATE_HZ) / RATE_HZ)
    return np.stack([wave, wave], axis=1).astype(np.float32)


SIGNALS: dict[str, tuple[Callable[[], tones.Pcm], float]] = {
    "tone": (tone, 0.5),
    "music": (lambda: tones.music(SECONDS, RATE_HZ), 3.0),
    "noise": (lambda: tones.noise(SECONDS, RATE_HZ), 1.0),
}
"""And how many dB a join's error may exceed the serial encode's: with two frames of pre-roll it would be 7 to 31 for the tone."""


def heard(made: Plan, source: Path, scratch: Path, spans: list[Span]) -> tones.Pcm:
    """The decoded concatenation of the spans, without the priming packet."""
    scratch.mkdir()
    parts = sorted(parts_of(made, [source], scratch, spans), key=lambda part: part.span.start)
    (scratch / "all.aac").write_bytes(b"".join((scratch / part.file).read_bytes() for part in parts))
    rendition = made.renditions[0]
    return tones.decode(scratch / "all.aac")[rendition.frame_samples :][: rendition.samples]


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_segments_by_themselves_join_like_one_encode(signal: str, rate_hz: int, tmp_path: Path) -> None:
    sound, excess_db = SIGNALS[signal]
    source = tones.write(tmp_path / "a.flac", sound(), RATE_HZ)
    wish = Wish(Format.HLS_AAC, KBPS, rate_hz)
    made = plan_of(wish, [source])
    rendition, segments = made.renditions[0], segmentation(made)
    ends = [segments.span(0, index).end for index in range(segments.count - 1)]
    alone = heard(made, source, tmp_path / "alone", spans_between(ends))
    serial = heard(made, source, tmp_path / "serial", spans_between([]))
    reference = pcm_of(wish, source, tmp_path)
    assert len(alone) == len(serial) == len(reference) == rendition.samples
    joins = [end * rendition.frame_samples - rendition.lead_samples for end in ends]
    excess = [error_db(reference, alone, join, rate_hz) - error_db(reference, serial, join, rate_hz) for join in joins]
    assert len(excess) >= 3
    assert max(excess) < excess_db, excess
