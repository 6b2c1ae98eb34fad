"""Real files for tests: where they lie, what is known about them, and what happens where they are missing.

`SOUNDPATH_TEST_MEDIA` names the folder; without it, the folder beside the repository is tried. A clone without media skips what needs
it and says so; under `SOUNDPATH_REQUIRE_MEDIA=1`, as in continuous integration, missing media is an error.
"""

import csv
import functools
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

ROOT = Path(os.environ.get("SOUNDPATH_TEST_MEDIA") or Path(__file__).parents[2] / "shared" / "media")
REQUIRED = os.environ.get("SOUNDPATH_REQUIRE_MEDIA") == "1"
PRESENT = (ROOT / "MANIFEST.tsv").is_file()

if REQUIRED and not PRESENT:
    raise FileNotFoundError(f"SOUNDPATH_REQUIRE_MEDIA is set, but there is no MANIFEST.tsv in {ROOT}: set SOUNDPATH_TEST_MEDIA")

needs_media = pytest.mark.skipif(not PRESENT, reason=f"no test media in {ROOT} (SOUNDPATH_TEST_MEDIA)")


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One row of the manifest.

    `kind`: "file", "hls-part" (a segment), "hls-playlist" (with its segments) or "playlist-only". `decodes`: whether ffmpeg decoded it;
    None where the manifest does not say, because it was not tried or the answer varies. `decoded_seconds`: what a full decode of the
    first audio track gave; None where it gave nothing.
    """

    name: str
    kind: str
    decodes: bool | None
    decoded_seconds: float | None

    @property
    def path(self) -> str:
        """Where it lies."""
        return str(ROOT / self.name)


@functools.cache
def manifest() -> tuple[MediaFile, ...]:
    """Every file of the collection; none where it is missing."""
    if not PRESENT:
        return ()
    with (ROOT / "MANIFEST.tsv").open(newline="", encoding="utf-8") as table:
        return tuple(_row(row) for row in csv.DictReader(table, delimiter="\t"))


def _row(row: dict[str, str]) -> MediaFile:
    verdict = row["decode"]
    decodes = None if verdict in {"-", "VARIES"} else verdict.startswith("ok")
    seconds = float(row["decoded_s"]) if decodes and row["decoded_s"] else None
    return MediaFile(row["path"], row["kind"], decodes, seconds)


@functools.cache
def oracle() -> dict[str, list[dict[str, str]]]:
    """MediaInfo's tracks by file name, its general one left out."""
    if not PRESENT:
        return {}
    with (ROOT / "mediainfo.jsonl").open(encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    return {entry["path"]: [track for track in entry["tracks"] if track["@type"] != "General"] for entry in entries}


def each_file(wanted: Callable[[MediaFile], bool] = lambda _: True) -> Iterable[ParameterSet]:
    """Parameters for a test that runs once per file; one skipped run where there are none."""
    if not PRESENT:
        return [pytest.param(None, marks=needs_media, id="no media")]
    return [pytest.param(file, id=file.name) for file in manifest() if wanted(file)]


def media(name: str) -> str:
    """The path of one file of the collection; skips the test where the collection is missing."""
    if not PRESENT:
        pytest.skip(f"no test media in {ROOT} (SOUNDPATH_TEST_MEDIA): {name}")
    path = ROOT / name
    assert path.is_file(), f"{name} is not in {ROOT}"
    return str(path)
