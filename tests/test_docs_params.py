"""docs/params.md names everything the code knows, and every address in it does what it says."""

import re
from fractions import Fraction
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from app.errors import describe
from app.jobs.stream import PlaylistForm
from app.metering import price
from app.web.address import ARTIFACT_PARAMETERS, MAX_TARGET_BYTES, VERSION_PARAMETERS, parse_target
from app.web.delivery import MAX_TTL_SECONDS, MAX_WAIT_SECONDS, CachePermanence, parse_delivery
from app.web.delivery import PARAMETERS as DELIVERY_PARAMETERS
from transforms.canonical import canonical
from transforms.errors import InvalidParameter
from transforms.limits import (
    AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS,
    DEFAULT_BITRATE_KBPS,
    DEFAULT_SAMPLE_RATE_HZ,
    MAX_PLAYS,
    MAX_TRIM_SECONDS,
    MAX_VARIANTS,
    PlanLimits,
    bitrates_kbps,
    sample_rates_hz,
)
from transforms.params import DEFAULT_FORMAT, FORMAT_ALIASES, PARAMETERS, format_kilohertz, parse
from transforms.plan import plan
from transforms.source import Source
from transforms.spec import AAC_FAMILY, ARTIFACT_NAMES, WAV_FAMILY, Format, RealTime, Spec, TrimMode

PAGE = (Path(__file__).parent.parent / "docs" / "params.md").read_text()
NAMES = [*PARAMETERS, *DELIVERY_PARAMETERS, *ARTIFACT_PARAMETERS, *VERSION_PARAMETERS]


def section(heading: str) -> str:
    """The text from a heading to the next of its level or above."""
    level = heading.split(" ")[0]
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/params.md has no section '{heading}'"
    return found[1]


def rows(text: str) -> dict[str, list[str]]:
    """The table of a section, by the text of the first column."""
    cells = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in cells[2:]}


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


SUMMARY = {name: row for first, row in rows(section("## All parameters")).items() for name in codes(first)}


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_in_the_summary_and_has_a_section(name: str) -> None:
    assert name in SUMMARY
    listed = [code for heading in re.findall(r"^### (.*)$", PAGE, re.MULTILINE) for code in codes(heading)]
    aliases = {"artifact": "a", "v": "version"}
    assert aliases.get(name, name) in listed


def test_the_summary_names_nothing_else() -> None:
    assert set(SUMMARY) == set(NAMES)


CHOICES = {
    "rt": RealTime,
    "tm": TrimMode,
    "playlist": PlaylistForm,
    "cache_perm": CachePermanence,
    "cache": ("true", "false"),
    "cache_only": ("true", "false"),
    "download": ("true", "false"),
}


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_is_named(name: str) -> None:
    assert sorted(codes(SUMMARY[name][0])) == sorted(map(str, CHOICES[name]))


@pytest.mark.parametrize("name", ["rt", "tm"])
def test_every_choice_is_explained(name: str) -> None:
    explained = {line.split("`")[1] for line in section(f"### `{name}`").splitlines() if line.startswith("- `")}
    assert explained == set(map(str, CHOICES[name]))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ts", f"0 … {MAX_TRIM_SECONDS}, at most two decimals"),
        ("te", f"0 … {MAX_TRIM_SECONDS}, at most two decimals"),
        ("rp", f"1 … {MAX_PLAYS}"),
        ("wait", f"0 … {MAX_WAIT_SECONDS} seconds"),
        ("cache_ttl", f"0 … {MAX_TTL_SECONDS} seconds"),
        ("cache_ttl_404", f"0 … {MAX_TTL_SECONDS} seconds"),
    ],
)
def test_ranges(name: str, text: str) -> None:
    assert SUMMARY[name][0] == text


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("f", DEFAULT_FORMAT),
        ("br", str(DEFAULT_BITRATE_KBPS)),
        ("sr", format_kilohertz(DEFAULT_SAMPLE_RATE_HZ)),
        ("rt", RealTime.AUTO),
        ("tm", TrimMode.BEFORE_REPEAT),
        ("playlist", PlaylistForm.VOD),
        ("cache_perm", CachePermanence.AUTO),
    ],
)
def test_defaults(name: str, default: str) -> None:
    assert codes(SUMMARY[name][1]) == [default]


def test_limits_in_the_text() -> None:
    assert f"An address may have {MAX_TARGET_BYTES:,} bytes" in PAGE
    assert f"At most {MAX_VARIANTS} variants" in PAGE


FORMATS = rows(section("### `f`"))


def family(format_: Format) -> str:
    return "AAC" if format_ in AAC_FAMILY else "WAV" if format_ in WAV_FAMILY else "MP3" if format_ is Format.MP3 else "–"


def test_every_format_and_its_output_are_listed() -> None:
    assert set(FORMATS) == {f"`{format_}`" for format_ in Format}
    for format_ in Format:
        _, answer, bitrates, rates = FORMATS[f"`{format_}`"]
        assert codes(answer) == ([ARTIFACT_NAMES[format_]] if format_ in ARTIFACT_NAMES else [])
        assert bitrates == (family(format_) if bitrates_kbps(format_) else "–")
        assert rates == (family(format_) if sample_rates_hz(format_) else "–")
    for alias, format_ in FORMAT_ALIASES.items():
        assert f"`{alias}` is another name of `{format_}`" in PAGE


@pytest.mark.parametrize("format_", [each for each in Format if each is not Format.META])
def test_every_allowed_rate_is_listed(format_: Format) -> None:
    def listed(name: str) -> list[str]:
        return [code for line in section(f"### `{name}`").splitlines() if line.startswith(f"- {family(format_)}:") for code in codes(line)]

    assert listed("br") == list(map(str, bitrates_kbps(format_)))
    assert listed("sr") == list(map(format_kilohertz, sample_rates_hz(format_)))


def test_the_adjustment_table_is_the_one_of_the_code() -> None:
    table = {int(kbps): codes(row[0]) for first, row in rows(section("### `sr`")).items() for kbps in codes(first)}
    assert table == {kbps: list(map(format_kilohertz, rates)) for kbps, rates in AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS.items()}


def examples(fence: str) -> list[str]:
    """Addresses in code blocks of one kind, with what is said beside them."""
    blocks = re.findall(rf"^```{fence}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("/W142hJk/")]


def spec_of(line: str) -> Spec:
    address = parse_target(line.split()[0])
    parse_delivery(address.params)
    return parse(address.path, address.params)


@pytest.mark.parametrize("line", examples(""))
def test_every_example_is_allowed_and_has_its_variants(line: str) -> None:
    spec = spec_of(line)
    counted = re.search(r"(\d+) variant", line)
    if counted:
        assert len(spec.variants) == int(counted[1])


@pytest.mark.parametrize("line", examples("refused"))
def test_every_refused_example_is_refused_by_the_name_of_its_parameter(line: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        spec_of(line)
    assert f"{caught.value.parameter}={caught.value.value}" in line


def test_there_are_examples() -> None:
    assert len(examples("")) > 10
    assert len(examples("refused")) >= 10


def test_urls_of_the_same_meaning() -> None:
    one, other = (line for line in section("## Same meaning, one variant").splitlines() if line.startswith("/"))
    assert canonical(spec_of(one)) == canonical(spec_of(other))


def test_the_error_example_is_the_real_answer() -> None:
    with pytest.raises(InvalidParameter) as caught:
        parse("/song.flac", [("tm", "after")])
    public = describe(caught.value)
    assert f'"code": "{public.code}"' in PAGE
    assert f'"message": "{public.message}"' in PAGE
    assert list(public.details) == ["query.tm"]


def test_the_price_examples() -> None:
    minute = Source("flac", "flac", 48_000, 2, "stereo", 60 * 48_000, seekable=True)
    table = rows(section("## Price"))
    assert len(table) == 3
    for query, (billed, quota) in table.items():
        charge = price(plan(parse("/song.flac", parse_qsl(query.strip("`"))), [minute], PlanLimits()))
        assert (f"{charge.billed_seconds} s", f"{charge.quota_seconds} s") == (billed, quota)
        assert charge.quota_seconds == Fraction(quota.removesuffix(" s"))
