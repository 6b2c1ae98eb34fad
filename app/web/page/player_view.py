"""Everything the player page says, decided before its template is filled."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from app.web.address import VERSION_PARAMETERS, transformation_query
from app.web.asked import Asked
from app.web.cover import COVER_ARTIFACT
from app.web.page.artwork import Artwork, draw
from app.web.page.player_assets import SCRIPT_TAG_ROUTE, PlayerAssets
from app.web.page.resolved_plan import Row, clock_text, rendition_names, rows
from app.web.page.snippets import Snippet, mp3_path, path_of, playlist_path, snippets
from transforms.params import format_kilohertz
from transforms.plan import Plan
from transforms.source import Source
from transforms.spec import Format

OEMBED_ROUTE: Final = "/oembed"

_LAYOUTS: Final = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True)
class Site:
    """Where we are seen from: `base` begins absolute links, `prefix` is its path, which begins links from the root."""

    base: str
    prefix: str
    assets: PlayerAssets
    sign: Callable[[str], str] = lambda target: target
    """Lets the links of a private file's page work: what has opened the page opens them."""


@dataclass(frozen=True, slots=True)
class PlayerView:
    """What the template shows. Links are absolute where other sites read them, else from the root."""

    title: str
    artist: str | None
    facts: tuple[str, ...]
    seconds: Fraction
    cover: str | None
    cover_url: str | None
    artwork: Artwork
    page_url: str
    playlist: str
    mp3_url: str
    oembed_url: str
    renditions: list[str]
    snippets: tuple[Snippet, ...]
    rows: tuple[Row, ...]
    script: str
    style: str


def player_view(asked: Asked, plan: Plan, raw_target: str, site: Site) -> PlayerView:
    """The view of one page. `raw_target` is the page's own address as it was asked for. Raises PlayerNotBuilt."""
    source = plan.sources[0]
    page_url = site.base + raw_target
    playlist = site.sign(playlist_path(asked))
    mp3_url = site.base + site.sign(mp3_path(asked))
    cover = site.sign(_cover_path(asked)) if source.has_cover else None
    return PlayerView(
        title=title_of(source, asked.address.path),
        artist=source.artist,
        facts=(clock_text(plan.seconds), *_facts(source, asked.address.path)),
        seconds=plan.seconds,
        cover=cover and site.prefix + cover,
        cover_url=cover and site.base + cover,
        artwork=draw(asked.address.path),
        page_url=page_url,
        playlist=site.prefix + playlist,
        mp3_url=mp3_url,
        oembed_url=f"{site.base}{OEMBED_ROUTE}?format=json&url={quote(page_url, safe='')}",
        renditions=rendition_names(plan.renditions),
        snippets=snippets(page_url, site.base + playlist, mp3_url, site.base + SCRIPT_TAG_ROUTE),
        rows=tuple(rows(asked.spec, asked.address.params, plan)),
        script=site.prefix + site.assets.path("page.js"),
        style=site.prefix + site.assets.path("page.css"),
    )


def title_of(source: Source, path: str) -> str:
    """The title in the file, else the file's name."""
    return source.title or PurePosixPath(path).stem


def _facts(source: Source, path: str) -> tuple[str, ...]:
    """What the original is, in a line."""
    kind = PurePosixPath(path).suffix.lstrip(".").upper()
    channels = _LAYOUTS.get(source.channels, f"{source.channels} channels")
    return tuple(fact for fact in (source.album, kind, f"{format_kilohertz(source.sample_rate_hz)} kHz", channels) if fact)


def _cover_path(asked: Asked) -> str:
    """Where the original's picture is; `version` goes along, because a new version may bring a new one."""
    kept = [(name, value) for name, value in asked.address.params if name in VERSION_PARAMETERS]
    return path_of(asked, transformation_query([("f", Format.META.value), *kept]), f"a={COVER_ARTIFACT}")
