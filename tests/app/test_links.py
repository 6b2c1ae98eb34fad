"""Every link of a list, resolved as its readers resolve it, names the same variant: by Python's RFC 3986, and by Node's WHATWG URL."""

import json
import shutil
import subprocess
from collections.abc import Iterable
from urllib.parse import quote, urljoin

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.errors import AppError
from app.web.address import Address, parse_target
from app.web.delivery import parse_delivery
from app.web.links import links
from transforms.errors import InvalidParameter
from transforms.hls.names import MASTER, MediaList, Segment
from transforms.params import PARAMETERS
from transforms.spec import Format

HOST = "https://audio.example"
MEDIA_LIST, SEGMENT = MediaList(0).artifact, Segment(0, 7).artifact
FILE = "/W142hJk/audio/a/song.mp3"


def follow(base: str, link: str, public_path: str = "") -> str:
    """The target that the server sees when a player follows a link of the list at `base`."""
    url = urljoin(HOST + public_path + base, link)
    assert url.startswith(HOST + public_path + "/")
    return url.removeprefix(HOST + public_path)


def kept(address: Address) -> tuple[object, ...]:
    """What a link must not change: the file, its transformation and version, whether it is kept, and the form of its lists."""
    delivery = parse_delivery(address.params)
    transformation = [pair for pair in address.params if pair[0] in PARAMETERS]
    return address.account, address.api, address.path, transformation, delivery.version, delivery.cache, delivery.playlist


@pytest.mark.parametrize(
    ("asked", "artifact", "link"),
    [
        # The list's own name ends the URL, behind `!`: relative.
        ("!f=hls-aac-rt&a=/0f/manifest.m3u8", SEGMENT, "seg7.aac"),
        ("!f=hls-aac-rt&a=/audio.m3u8", MEDIA_LIST, "0f/manifest.m3u8"),
        ("!f=hls-aac-rt&artifact=/audio.m3u8", MEDIA_LIST, "0f/manifest.m3u8"),
        ("!a=/0f/manifest.m3u8", SEGMENT, "seg7.aac"),
        ("!f=hls-aac-rt&append=/b/c.mp3&a=/0f/manifest.m3u8", SEGMENT, "seg7.aac"),
        ("!f=hls-aac-rt&playlist=event&version=1&cache=false&a=/0f/manifest.m3u8", SEGMENT, "seg7.aac"),
        # No '/' behind the file's name: from the file's name on.
        ("?f=hls-aac-rt", MEDIA_LIST, "song.mp3!f=hls-aac-rt&a=/0f/manifest.m3u8"),
        ("!f=hls-aac-rt", MEDIA_LIST, "song.mp3!f=hls-aac-rt&a=/0f/manifest.m3u8"),
        ("", MEDIA_LIST, "song.mp3!a=/0f/manifest.m3u8"),
        ("?f=hls-aac-rt&append=%2Fx.mp3", MEDIA_LIST, "song.mp3!f=hls-aac-rt&append=%2Fx.mp3&a=/0f/manifest.m3u8"),
        ("?a=%2F0f%2Fmanifest.m3u8&f=hls-aac-rt", SEGMENT, "song.mp3!f=hls-aac-rt&a=/0f/seg7.aac"),
        ("!f=hls-aac-rt?br=64", MEDIA_LIST, "song.mp3!f=hls-aac-rt&br=64&a=/0f/manifest.m3u8"),
        # Everything else: from the root.
        ("?f=hls-aac-rt&a=/audio.m3u8", MEDIA_LIST, f"{FILE}!f=hls-aac-rt&a=/0f/manifest.m3u8"),
        ("!a=/audio.m3u8&f=hls-aac-rt", MEDIA_LIST, f"{FILE}!f=hls-aac-rt&a=/0f/manifest.m3u8"),
        ("!f=hls-aac-rt&a=/audio.m3u8&br=64", MEDIA_LIST, f"{FILE}!f=hls-aac-rt&br=64&a=/0f/manifest.m3u8"),
        ("!f=hls-aac-rt&append=/x.mp3", MEDIA_LIST, f"{FILE}!f=hls-aac-rt&append=%2Fx.mp3&a=/0f/manifest.m3u8"),
        ("!f=hls-aac-rt&a=/audio.m3u8?br=64", MEDIA_LIST, f"{FILE}!f=hls-aac-rt&br=64&a=/0f/manifest.m3u8"),
        ("!f=hls-aac-rt?v=1&a=/audio.m3u8", MEDIA_LIST, f"{FILE}!f=hls-aac-rt&v=1&a=/0f/manifest.m3u8"),
        ("!f=hls-aac-rt&a=/audio%2Em3u8", MEDIA_LIST, f"{FILE}!f=hls-aac-rt&a=/0f/manifest.m3u8"),
        # What belongs to one request alone is left out; the event form, the version and cache=false are not.
        ("!f=hls-aac-rt&wait=5&a=/audio.m3u8", MEDIA_LIST, f"{FILE}!f=hls-aac-rt&a=/0f/manifest.m3u8"),
        ("!f=hls-aac-rt&exp=inf&sig=1.k.s&a=/audio.m3u8", MEDIA_LIST, f"{FILE}!f=hls-aac-rt&a=/0f/manifest.m3u8"),
        ("!f=hls-aac-rt&cache-ttl=9&a=/audio.m3u8", MEDIA_LIST, f"{FILE}!f=hls-aac-rt&a=/0f/manifest.m3u8"),
        (
            "?v=2&playlist=event&f=hls-aac-rt&cache=false&download=true&who=me",
            MEDIA_LIST,
            "song.mp3!v=2&f=hls-aac-rt&cache=false&playlist=event&a=/0f/manifest.m3u8",
        ),
        # Clients collapse these on the way, so nothing may be relative to them.
        ("!version=/../x&f=hls-aac-rt&a=/audio.m3u8", MEDIA_LIST, f"{FILE}!version=%2F..%2Fx&f=hls-aac-rt&a=/0f/manifest.m3u8"),
        ("!version=/%2e%2E/x&f=hls-aac-rt&a=/audio.m3u8", MEDIA_LIST, f"{FILE}!version=%2F..%2Fx&f=hls-aac-rt&a=/0f/manifest.m3u8"),
        ("!version=x//y&f=hls-aac-rt&a=/audio.m3u8", MEDIA_LIST, f"{FILE}!version=x%2F%2Fy&f=hls-aac-rt&a=/0f/manifest.m3u8"),
    ],
)
def test_the_form_of_a_link(asked: str, artifact: str, link: str) -> None:
    assert links(FILE + asked).to(artifact) == link
    followed = parse_target(follow(FILE + asked, link))
    assert followed.artifact == artifact
    assert kept(followed) == kept(parse_target(FILE + asked))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("/W142hJk/audio/a%20b/c%20d.mp3", "c%20d.mp3"),
        ("/W142hJk/audio/what%3F%21%23.mp3", "what%3F%21%23.mp3"),
        ("/W142hJk/audio/a:b.mp3", "a%3Ab.mp3"),  # without the escape, 'a' would be a scheme
        ("/W142hJk/audio/rock&roll;=+.mp3", "rock%26roll%3B%3D%2B.mp3"),
        ("/W142hJk/audio/a%2Fb.mp3", "a/b.mp3"),
        ("/W142hJk/audio/ümlaut.mp3", "%C3%BCmlaut.mp3"),
    ],
)
def test_names_of_files_survive(file: str, name: str) -> None:
    link = links(f"{file}?f=hls-aac-rt").to(SEGMENT)
    assert link == f"{name}!f=hls-aac-rt&a=/0f/seg7.aac"
    assert parse_target(follow(f"{file}?f=hls-aac-rt", link)).path == parse_target(file).path


def test_the_public_path_stands_in_front_of_root_links_only() -> None:
    assert links(f"{FILE}?f=hls-aac-rt&a=/audio.m3u8", "/cdn").to(MEDIA_LIST) == f"/cdn{FILE}!f=hls-aac-rt&a=/0f/manifest.m3u8"
    assert links(f"{FILE}?f=hls-aac-rt", "/cdn").to(MEDIA_LIST) == "song.mp3!f=hls-aac-rt&a=/0f/manifest.m3u8"
    assert links(f"{FILE}!a=/audio.m3u8", "/cdn").to(MEDIA_LIST) == "0f/manifest.m3u8"


def test_what_is_carried_stands_in_every_link() -> None:
    """A link relative to a list that was asked with it has it already."""
    for asked in ("?f=hls-aac-rt&token=a", "!f=hls-aac-rt&token=a%2Fb"):
        carried = asked.partition("&")[2]
        assert links(FILE + asked, carried=carried).to(MEDIA_LIST) == f"song.mp3!f=hls-aac-rt&{carried}&a=/0f/manifest.m3u8"
    assert links(f"{FILE}!f=hls-aac-rt&token=a&a=/audio.m3u8", carried="token=a").to(MEDIA_LIST) == "0f/manifest.m3u8"


def test_a_list_of_another_folder_is_named_whole() -> None:
    assert links(f"{FILE}!f=hls-aac&a=/0f/manifest.m3u8").to("/1f/manifest.m3u8") == f"{FILE}!f=hls-aac&a=/1f/manifest.m3u8"


def texts() -> st.SearchStrategy[str]:
    """Any text, with the characters that URLs trip over far more often than chance has it."""
    tricky = st.sampled_from([*"/!?&=#%+:;,@ .\\'\"|~*()[]{}<>^`", "..", "//", "%2F", "a", "b", "ü", "😀"])
    anything = st.characters(codec="utf-8")
    return st.lists(st.one_of(tricky, anything), min_size=1, max_size=6).map("".join)


def is_segment(text: str) -> bool:
    return text not in (".", "..") and not set(text) & set("/\\\0")


def paths() -> st.SearchStrategy[str]:
    """Decoded paths that an account's file can have."""
    return st.lists(texts().filter(is_segment), min_size=1, max_size=3).map(lambda names: "/" + "/".join(names))


@st.composite
def written(draw: st.DrawFn, text: str, must_escape: str) -> str:
    """One of the many raw spellings of a text: `must_escape` and what no client sends is escaped, the rest by chance."""
    escaped = draw(st.sets(st.sampled_from(sorted(set(text))))) if draw(st.booleans()) else set()
    return "".join(
        quote(each, safe="") if not each.isprintable() or each in must_escape or each in escaped or each in ' "<>#%\\' else each
        for each in text
    )


@st.composite
def list_targets(draw: st.DrawFn) -> str:
    """Raw targets of lists: any file, both forms, parameters in any order and spelling, `a` first, in the middle, last or not there."""
    path = "/" + draw(written(draw(paths())[1:], "?!"))
    pairs = draw(
        st.lists(
            st.one_of(
                st.tuples(st.just("br"), st.sampled_from(["64", "128"])),
                st.tuples(st.just("next"), st.just("true")),
                st.tuples(st.just("append"), paths()),
                st.tuples(st.sampled_from(["version", "v", "unknown"]), texts()),
                st.tuples(st.just("playlist"), st.sampled_from(["event", "vod"])),
                st.tuples(st.sampled_from(["wait", "cache_ttl", "cache-ttl"]), st.just("7")),
            ),
            max_size=4,
        )
    )
    form = draw(st.sampled_from("?!"))
    must_escape = "&+" + ("?" if form == "!" else "")
    raw = ["f=hls-aac-rt"] + [f"{name}={draw(written(value, must_escape))}" for name, value in pairs]
    if draw(st.booleans()):
        name, value = draw(st.sampled_from(["a", "artifact"])), draw(st.sampled_from([MASTER.artifact, MEDIA_LIST]))
        raw.insert(draw(st.sampled_from([0, len(raw) // 2, len(raw)])), f"{name}={draw(written(value, must_escape))}")
    both = draw(st.integers(0, len(raw))) if form == "!" else 0  # where a `?` stands behind the `!`, 0 for nowhere
    params = "?".join("&".join(part) for part in (raw[:both], raw[both:]) if part)
    target = f"/W142hJk/audio{path}{form}{params}"
    assume(len(quote(target, safe="%")) < 900)  # the limit of an address, less what a link adds
    return target


@example("/W142hJk/audio/a:b.mp3?f=hls-aac-rt&v=a?b!c")
@example("/W142hJk/audio/a%2Fb.mp3!f=hls-aac-rt&v=x/../y&a=/audio.m3u8")
@settings(max_examples=300)
@given(list_targets())
def test_every_link_leads_to_the_same_variant(target: str) -> None:
    asked = parse_target(target)
    for public_path in ("", "/cdn/v1"):
        for artifact in (MEDIA_LIST, SEGMENT):
            followed = parse_target(follow(target, links(target, public_path).to(artifact), public_path))
            assert followed.artifact == artifact
            assert kept(followed) == kept(asked)


@example("/W142hJk/audio/song.mp3!f=hls-aac-rt&append=/x.mp3&br=64&a=/audio.m3u8")
@settings(max_examples=100)
@given(list_targets())
def test_links_of_links_are_relative(target: str) -> None:
    """What a link leads to is asked with `!` and `a` last, so one level down every list is the same short text."""
    media_list = follow(target, links(target).to(MEDIA_LIST))
    if not any(name in ("wait", "cache_ttl", "cache-ttl") for name, _ in parse_target(media_list).params):
        assert links(media_list).to(SEGMENT) == "seg7.aac"


NODE_RESOLVES = """
const pairs = JSON.parse(require("fs").readFileSync(0, "utf8"));
const urls = pairs.map(([base, link]) => new URL(link, base));
console.log(JSON.stringify(urls.map((url) => [url.host, url.pathname + url.search])));
"""


def test_browsers_follow_links_to_the_same_variant() -> None:
    """One batch for Node, whose URL is the browsers'. Lists are asked with what URL makes of an address, as browsers do."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: links are resolved by Python alone")

    def resolve(pairs: Iterable[tuple[str, str]]) -> list[str]:
        answer = subprocess.run([node, "-e", NODE_RESOLVES], input=json.dumps(list(pairs)), capture_output=True, text=True, check=True)
        found = json.loads(answer.stdout)
        assert all(host == "audio.example" for host, _ in found)
        return [target for _, target in found]

    drawn: list[str] = []

    @settings(max_examples=300)
    @given(list_targets())
    def draw(target: str) -> None:
        drawn.append(target)

    draw()
    targets = [target for target in resolve((HOST, target) for target in drawn) if is_readable(target)]
    assert len(targets) > 200
    cases = [(target, artifact) for target in targets for artifact in (MEDIA_LIST, SEGMENT)]
    followed = resolve((HOST + target, links(target).to(artifact)) for target, artifact in cases)
    for (target, artifact), reached in zip(cases, followed, strict=True):
        assert parse_target(reached).artifact == artifact, (target, reached)
        assert kept(parse_target(reached)) == kept(parse_target(target)), (target, reached)


def is_readable(target: str) -> bool:
    """Whether what URL made of a raw target is still a list's (dot segments in a value can eat the file's name)."""
    try:
        return ("f", Format.HLS_AAC_RT) in parse_target(target).params
    except (AppError, InvalidParameter):
        return False
