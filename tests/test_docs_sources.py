"""Every source that a comment cites is told of in docs/sources.md, and every place that page names exists."""

import re

import pytest

from bench.__main__ import MEASURES
from tests.source_code import ROOT, modules

PAGE = (ROOT / "docs" / "sources.md").read_text()
CITED = re.compile(r"\b(CONTRACT|ENGINE) (\d+)")
TOLD = {f"{source} {number}" for source, number in re.findall(r"^\| (CONTRACT|ENGINE) (\d+) \|", PAGE, re.MULTILINE)}


def cited() -> set[str]:
    texts = [module.text for module in modules("app", "storage", "transforms", "tests", "deploy", "bench")]
    texts += [file.read_text() for file in sorted((ROOT / "docs").rglob("*.md"))]
    return {f"{source} {number}" for text in texts for source, number in CITED.findall(text)}


def test_the_page_tells_of_what_is_cited_and_of_no_more() -> None:
    assert cited() == TOLD
    assert len(TOLD) > 10


@pytest.mark.parametrize("place", sorted({*re.findall(r"`(tests/[\w/.]+)`", PAGE), *re.findall(r"\]\(([\w./]+\.md)", PAGE)}))
def test_every_place_exists(place: str) -> None:
    assert (ROOT / place if place.startswith("tests/") else ROOT / "docs" / place).exists()


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\]\(([\w./]+\.md#[\w-]+)\)", PAGE))))
def test_every_heading_exists(anchor: str) -> None:
    file, _, heading = anchor.partition("#")
    headings = re.findall(r"^#+ (.*)$", (ROOT / "docs" / file).read_text(), re.MULTILINE)
    assert heading in {re.sub(r"[^\w\- ]", "", each).strip().lower().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("measure", sorted(set(re.findall(r"bench --only (\w+)", PAGE))))
def test_every_measure_exists(measure: str) -> None:
    assert measure in MEASURES
