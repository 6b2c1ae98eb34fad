"""Addresses in all their spellings (CONTRACT 1, reference), and the URLs that are written for artifacts."""

from urllib.parse import quote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidUrl, RouteNotFound, UrlTooLong
from app.web.address import MAX_TARGET_BYTES, Address, artifact_url_query, encode_path, parse_target, transformation_query, with_artifact
from tests.transforms.queries import PATHS, Pair, queries
from transforms.errors import InvalidParameter

ACCOUNT = "W142hJk"
F_MP3 = (("f", "mp3"),)

EXAMPLES: dict[str, Address] = {
    "/W142hJk/raw/example.mp3": Address(ACCOUNT, "raw", "/example.mp3"),
    "/W142hJk/audio/example.mp3?br=96": Address(ACCOUNT, "audio", "/example.mp3", (("br", "96"),)),
    "/W142hJk/audio/example.mp3!f=hls-aac-rt&br=80&br=256": Address(
        ACCOUNT, "audio", "/example.mp3", (("f", "hls-aac-rt"), ("br", "80"), ("br", "256"))
    ),
    "/W142hJk/audio/example.mp3?f=mp3": Address(ACCOUNT, "audio", "/example.mp3", F_MP3),
    "/W142hJk/audio/example.mp3!f=mp3&a=/audio.mp3": Address(
        ACCOUNT, "audio", "/example.mp3", (("f", "mp3"), ("a", "/audio.mp3")), "/audio.mp3"
    ),
    "/W142hJk/audio/example.mp3!f=hls-aac&br=80&br=256&a=/audio.m3u8": Address(
        ACCOUNT, "audio", "/example.mp3", (("f", "hls-aac"), ("br", "80"), ("br", "256"), ("a", "/audio.m3u8")), "/audio.m3u8"
    ),
    "/W142hJk/audio/example.mp3!f=hls-aac-rt&a=/0f/manifest.m3u8": Address(
        ACCOUNT, "audio", "/example.mp3", (("f", "hls-aac-rt"), ("a", "/0f/manifest.m3u8")), "/0f/manifest.m3u8"
    ),
    "/W142hJk/audio/example.mp4?f=meta": Address(ACCOUNT, "audio", "/example.mp4", (("f", "meta"),)),
    "/W142hJk/audio/song.flac?f=mp3&br=128&ts=5&te=65": Address(
        ACCOUNT, "audio", "/song.flac", (("f", "mp3"), ("br", "128"), ("ts", "5"), ("te", "65"))
    ),
    "/W142hJk/audio/example.mp3?artifact=/audio.mp3&f=mp3": Address(
        ACCOUNT, "audio", "/example.mp3", (("artifact", "/audio.mp3"), ("f", "mp3")), "/audio.mp3"
    ),
}


@pytest.mark.parametrize("target", EXAMPLES)
def test_addresses_of_the_reference_and_the_contract(target: str) -> None:
    assert parse_target(target) == EXAMPLES[target]


@pytest.mark.parametrize(
    ("tail", "path", "params"),
    [
        ("/x.mp3", "/x.mp3", ()),
        ("/x.mp3?", "/x.mp3", ()),
        ("/x.mp3!", "/x.mp3", ()),
        ("/x.mp3!?", "/x.mp3", ()),
        ("/x.mp3!f=mp3?ts=1", "/x.mp3", (("f", "mp3"), ("ts", "1"))),
        ("/x.mp3!?f=mp3", "/x.mp3", F_MP3),
        ("/x.mp3!f=mp3?v=a?b", "/x.mp3", (("f", "mp3"), ("v", "a?b"))),
        ("/x.mp3?append=/wow!.mp3", "/x.mp3", (("append", "/wow!.mp3"),)),
        ("/x.mp3?f=mp3!ts=1", "/x.mp3", (("f", "mp3!ts=1"),)),
        ("/x.mp3!append=/wow!.mp3", "/x.mp3", (("append", "/wow!.mp3"),)),
        ("/wow%21.mp3!f=mp3", "/wow!.mp3", F_MP3),
        ("/a%3Fb.mp3?f=mp3", "/a?b.mp3", F_MP3),
        ("/a/b%2Fc.mp3", "/a/b/c.mp3", ()),
        ("/a+b%2Bc%20d.mp3?v=a+b%2Bc%20d", "/a+b+c d.mp3", (("v", "a b+c d"),)),
        ("/%E2%99%AB%20é.mp3!v=%E2%99%AB♫", "/♫ é.mp3", (("v", "♫♫"),)),
        ("/100%25.mp3?v=100%25", "/100%.mp3", (("v", "100%"),)),
        ("/%252e%252e/x", "/%2e%2e/x", ()),
        ("/...mp3/..a/b..", "/...mp3/..a/b..", ()),
        ("/x?&&f=mp3&&ts=1&", "/x", (("f", "mp3"), ("ts", "1"))),
        ("/x?flag&=v&n=a=b&e=", "/x", (("flag", ""), ("", "v"), ("n", "a=b"), ("e", ""))),
        ("/x?%66=mp3&cache%2Dttl=3", "/x", (("f", "mp3"), ("cache-ttl", "3"))),
        ("/x?v=a%26f%3Dmp3", "/x", (("v", "a&f=mp3"),)),
        ("/x?f=mp3;ts=1", "/x", (("f", "mp3;ts=1"),)),
    ],
)
def test_splitting_and_decoding(tail: str, path: str, params: tuple[Pair, ...]) -> None:
    assert parse_target(f"/{ACCOUNT}/audio{tail}") == Address(ACCOUNT, "audio", path, params)


@pytest.mark.parametrize("artifact", ["a=/old.mp3&artifact=/x.aac", "artifact=/old.mp3&a=/x.aac", "a=%2Fx.aac", "a=/y&a=/x.aac&f=aac"])
def test_the_last_artifact_counts(artifact: str) -> None:
    assert parse_target(f"/{ACCOUNT}/audio/x.mp3?{artifact}").artifact == "/x.aac"


UNSAFE_PATHS = [
    "/",
    "//x",
    "/x/",
    "/a//b",
    "/.",
    "/..",
    "/../x",
    "/a/../x",
    "/a/./x",
    "/a/%2e%2e/x",
    "/a/.%2E/x",
    "/a%2F..%2Fx",
    "/a%2f%2fb",
    "/a%00b",
    "/a%5C..%5Cb",
    "/a\\b",
    "/%",
    "/a%2",
    "/a%zz",
    "/a%u0041",
    "/%FF",
    "/%C0%AE%C0%AE/x",
    "/%ED%A0%80",
    "/\udcff",
]


@pytest.mark.parametrize("path", UNSAFE_PATHS)
@pytest.mark.parametrize("api", ["raw", "audio"])
def test_unsafe_paths_are_refused(api: str, path: str) -> None:
    with pytest.raises(InvalidUrl):
        parse_target(f"/{ACCOUNT}/{api}{path}?f=mp3")


@pytest.mark.parametrize("query", ["v=%", "v=%FF", "%zz=1", "v=\udcff", "f=mp3&x=%C3"])
def test_broken_escapes_in_parameters_are_refused(query: str) -> None:
    for mark in "?!":
        with pytest.raises(InvalidUrl):
            parse_target(f"/{ACCOUNT}/audio/x.mp3{mark}{query}")


@pytest.mark.parametrize("name", ["append", "a", "artifact"])
@pytest.mark.parametrize(
    "value", ["", "x.mp3", "/", "/../x", "/a/../../x", "/a//b", "%2F..%2Fx", "/%00", "/a%5Cb", "file:///etc/passwd", "/./x"]
)
def test_unsafe_paths_in_values_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        parse_target(f"/{ACCOUNT}/audio/x.mp3?f=mp3&{name}={value}")
    assert caught.value.parameter == name


@pytest.mark.parametrize("account", ["W142hJ", "W142hJkk", "W142hJ0", "W142hJO", "W142hJI", "W142hJl", "W142h-k", "%57142hJk", "W142hJ\n"])
def test_accounts_are_seven_characters_of_base58(account: str) -> None:
    with pytest.raises(InvalidUrl):
        parse_target(f"/{account}/audio/x.mp3")


@pytest.mark.parametrize(
    "target",
    ["", "/", "/W142hJk", "/W142hJk/audio", "/W142hJk/audio?f=mp3", "/W142hJk/image/x.png", "/W142hJk/Audio/x", "W142hJk/raw/x", "*"],
)
def test_other_routes_are_not_ours(target: str) -> None:
    with pytest.raises(RouteNotFound):
        parse_target(target)


def test_a_url_may_have_a_thousand_bytes() -> None:
    start = f"/{ACCOUNT}/audio/x.mp3?v="
    longest = start + "x" * (MAX_TARGET_BYTES - len(start))
    assert len(parse_target(longest).params[0][1]) == MAX_TARGET_BYTES - len(start)
    with pytest.raises(UrlTooLong):
        parse_target(longest + "x")
    with pytest.raises(UrlTooLong):
        parse_target(start + "é" * (MAX_TARGET_BYTES // 2))


def test_the_address_of_an_output_may_be_longer_than_what_was_asked() -> None:
    asked = f"/{ACCOUNT}/audio/x.mp3?v=" + "é" * 400
    params = (("v", "é" * 400),)
    linked = f"/{ACCOUNT}/audio/x.mp3" + artifact_url_query(params, "/0f/seg7.aac")
    assert len(linked) > MAX_TARGET_BYTES >= len(asked.encode())
    assert parse_target(linked).params[0] == params[0]
    with pytest.raises(UrlTooLong):
        parse_target(f"/{ACCOUNT}/audio/x.mp3?a=/audio.mp3&v=" + "x" * 4000)


def test_the_last_cache_parameter_counts() -> None:
    assert transformation_query((("cache", "false"), ("f", "mp3"), ("cache", "true"))) == "f=mp3"
    assert transformation_query((("cache", "true"), ("f", "mp3"), ("cache", "false"))) == "f=mp3&cache=false"


@pytest.mark.parametrize(
    ("query", "artifact", "expected"),
    [
        ("f=mp3", "/audio.mp3", "!f=mp3&a=/audio.mp3"),
        ("f=aac", "/audio.aac", "!f=aac&a=/audio.aac"),
        ("f=wav-riff", "/audio.wav", "!f=wav-riff&a=/audio.wav"),
        ("f=hls-aac&br=80&br=256", "/audio.m3u8", "!f=hls-aac&br=80&br=256&a=/audio.m3u8"),
        ("", "/0f/manifest.m3u8", "!a=/0f/manifest.m3u8"),
        ("a=/audio.mp3&f=mp3&artifact=/x", "/audio.mp3", "!f=mp3&a=/audio.mp3"),
        ("te=9&f=mp3&ts=1&version=2", "/audio.mp3", "!te=9&f=mp3&ts=1&version=2&a=/audio.mp3"),
        ("f=mp3&v=a%2F..%2Fb+c%26", "/audio.mp3", "!f=mp3&v=a%2F..%2Fb%20c%26&a=/audio.mp3"),
        ("f=mp3&append=/x%20%21.mp3&rp=2&tm=after-repeat", "/audio.mp3", "!f=mp3&append=%2Fx%20%21.mp3&rp=2&tm=after-repeat&a=/audio.mp3"),
        ("br=64&next=true&sr=44.1&rt=false", "/a", "!br=64&next=true&sr=44.1&rt=false&a=/a"),
        ("f=mp3&cache=false&cache_ttl=1&cache-ttl=1&cache_ttl_404=1&cache_only=true&cache_perm=true", "/a", "!f=mp3&cache=false&a=/a"),
        ("f=mp3&cache=true&download=true&wait=5&playlist=event&sig=s&exp=9&unknown=1", "/a", "!f=mp3&a=/a"),
    ],
)
def test_artifact_urls_keep_what_makes_the_variant(query: str, artifact: str, expected: str) -> None:
    params = parse_target(f"/{ACCOUNT}/audio/x.mp3?{query}").params
    assert artifact_url_query(params, artifact) == expected
    assert with_artifact(transformation_query(params), artifact) == expected


@given(PATHS, queries(), PATHS)
def test_written_artifact_urls_read_back(path: str, query: list[Pair], artifact: str) -> None:
    target = f"/{ACCOUNT}/audio{encode_path(path)}{artifact_url_query(query, artifact)}"
    if len(target) <= MAX_TARGET_BYTES:
        assert parse_target(target) == Address(ACCOUNT, "audio", path, (*query, ("a", artifact)), artifact)


@given(PATHS, queries())
def test_relative_links_of_an_artifact_resolve_beside_it(path: str, query: list[Pair]) -> None:
    """Only because the URL's last '/' stands in `a` (CONTRACT 1)."""
    listed = f"http://cdn.test/{ACCOUNT}/audio{encode_path(path)}{artifact_url_query(query, '/0f/manifest.m3u8')}"
    segment = urljoin(listed, "seg7.aac").removeprefix("http://cdn.test")
    if len(segment) <= MAX_TARGET_BYTES:
        assert parse_target(segment) == Address(ACCOUNT, "audio", path, (*query, ("a", "/0f/seg7.aac")), "/0f/seg7.aac")


@given(PATHS, queries(), st.integers(0, 9))
def test_both_marks_and_any_mixture_carry_the_same_parameters(path: str, query: list[Pair], at: int) -> None:
    pairs = [f"{name}={quote(value, safe='/')}" for name, value in query]
    start = f"/{ACCOUNT}/audio{encode_path(path)}"
    first, second = "&".join(pairs[:at]), "&".join(pairs[at:])
    targets = [f"{start}?{'&'.join(pairs)}", f"{start}!{'&'.join(pairs)}", f"{start}!{first}?{second}"]
    if len(targets[2]) <= MAX_TARGET_BYTES:
        assert [parse_target(target) for target in targets] == [Address(ACCOUNT, "audio", path, tuple(query))] * 3


@given(st.text(max_size=60))
def test_any_target_is_read_or_refused(tail: str) -> None:
    try:
        address = parse_target(f"/{ACCOUNT}/audio/{tail}")
    except (InvalidUrl, InvalidParameter):
        return
    assert address.path.startswith("/")
    assert not {"", ".", ".."} & set(address.path.split("/")[1:])
    assert "\0" not in address.path
    assert "\\" not in address.path
