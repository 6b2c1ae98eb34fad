"""The player page over HTTP: what it says, what it may load, its cover, its oEmbed answer, and that reading it runs nothing."""

import re
import subprocess
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests import tones
from tests.service import ACCOUNT, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PNG = b"\x89PNG\r\n\x1a\n"


def _ffmpeg(*arguments: str) -> None:
    subprocess.run([tones.ffmpeg(), "-v", "error", "-y", *arguments], check=True)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    pcm = tones.chirp(8, 44_100)
    tones.write(folder / "plain.wav", pcm, 44_100)
    cover = folder / "cover.png"
    colour = ["-f", "lavfi", "-i", "color=teal:s=64x64", "-frames:v", "1"]
    _ffmpeg(*colour, str(cover))
    tags = ["-metadata", "title=</script><b>Tide</b>", "-metadata", 'artist=A & "B"']
    tones.write(folder / "audio.flac", pcm, 44_100)
    _ffmpeg(
        "-i", str(folder / "audio.flac"), "-i", str(cover), "-map", "0", "-map", "1", "-c", "copy",
        "-disposition:v", "attached_pic", *tags, str(folder / "tagged.flac"),
    )  # fmt: skip
    (folder / "text.mp3").write_text("This is not audio.\n" * 100)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(library: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with Service(tmp_path_factory.mktemp("data"), library) as running:
        yield running


def at(path: str, query: str = "") -> str:
    return f"/{ACCOUNT}/audio{path}{query}"


async def test_the_page_is_safe_revalidated_and_asks_no_foreign_host(service: Service) -> None:
    target = at("/tagged.flac", "?br=64&br=128")
    answer = await service.get(target)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    html = answer.body.decode()
    assert "</script><b>" not in html
    assert not re.search(r"<[^>]+\son\w+=|<[^>]+\sstyle=|<script>", html)
    links = re.findall(r'(?:src|href)="((?:https?:)?//[^"]+)"', html)
    assert links
    assert all(link.startswith(service.url) for link in links)
    again = await service.get(target, If_None_Match=answer.headers["etag"])
    assert again.status == 304
    head = await service.get(target, "HEAD")
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(answer.body)), b"")


async def test_reading_the_page_and_its_oembed_starts_no_run(service: Service) -> None:
    target = at("/plain.wav", "?br=112")
    await service.get(target)
    await service.get(f"/oembed?url={quote(service.url + target, safe='')}")
    cold = await service.get(at("/plain.wav", "!f=hls-aac-rt&br=112&cache_only=true"))
    assert (cold.status, cold.json()["error"]["code"]) == (404, "cache_miss")


async def test_the_page_names_the_sound_and_unfurls(service: Service) -> None:
    html = (await service.get(at("/tagged.flac", "?br=64"))).body.decode()
    tags = {name: unescape(value) for name, value in re.findall(r'<meta property="([^"]+)" content="([^"]*)"', html)}
    assert tags["og:title"] == "</script><b>Tide</b>"
    assert tags["og:type"] == "music.song"
    assert tags["music:duration"] == "8"
    assert tags["og:url"] == service.url + at("/tagged.flac", "?br=64")
    cover = await service.get(tags["og:image"].removeprefix(service.url))
    assert (cover.status, cover.headers["content-type"]) == (200, "image/png")
    sound = await service.get(tags["og:audio"].removeprefix(service.url))
    assert (sound.status, sound.headers["content-type"]) == (200, "audio/mpeg")
    plain = (await service.get(at("/plain.wav"))).body.decode()
    assert "<h1>plain</h1>" in plain
    assert "og:image" not in plain


async def test_the_page_shows_what_the_url_became(service: Service) -> None:
    html = (await service.get(at("/plain.wav", "?br=40&sr=8&rt=false&br=128&ts=1.5&rp=2&colour=red"))).body.decode()
    text = unescape(re.sub(r"<[^>]+>", " ", html))
    for said in (
        "40 kbps AAC, 32 kHz stereo",
        "sr=8 became 32 kHz, the nearest that 40 kbps allows",
        "rt=false: offered when it is finished",
        "128 kbps AAC, 48 kHz stereo",
        "/plain.wav × 2",
        "from 1.50 to the end",
        "13 s",
        "40 kbps: 13 s",
        "128 kbps: 13 s + 10 s for real-time encoding",
        "36 s × 0.75",
        "27 s",
        "colour",
    ):
        assert said in text, said
    short = (await service.get(at("/plain.wav", "?te=2"))).body.decode()
    assert "96 kbps: 10 s minimum + 10 s for real-time encoding" in short


async def test_the_price_on_the_page_is_the_price_of_the_dry_run(service: Service) -> None:
    target = at("/plain.wav", "?br=40&br=128&te=3")
    dry = (await service.get(target, X_Soundpath_Dry_Run="true")).json()
    html = (await service.get(target)).body.decode()
    assert f"<td>{dry['billedSeconds']:g} s" in html
    assert f"<td>{dry['quotaSeconds']:g} s" in html


async def test_assets_never_change_and_come_packed(service: Service) -> None:
    html = (await service.get(at("/plain.wav"))).body.decode()
    script = re.search(r'<script src="(/player/[0-9a-f]+/page\.js)"', html)
    assert script is not None
    packed = await service.get(script[1], Accept_Encoding="gzip")
    assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert packed.headers["content-encoding"] == "gzip"
    plain = await service.get(script[1], Accept_Encoding="identity")
    assert packed.body == plain.body  # the client has unpacked it
    assert packed.headers["etag"] != plain.headers["etag"]
    assert int(packed.headers["content-length"]) < len(plain.body) / 2
    for accepted, coding in (("br, gzip;q=0.5", "gzip"), ("gzip; q=1.0", "gzip"), ("gzip;q=0", None), ("gzip;q=0.0", None)):
        assert (await service.get(script[1], "HEAD", Accept_Encoding=accepted)).headers.get("content-encoding") == coding, accepted
    tag = await service.get("/player/soundpath.js")
    assert (tag.status, tag.headers["cache-control"]) == (200, "public, max-age=3600")
    assert (await service.get("/player/0123456789abcdef/page.js")).status == 404
    assert (await service.get(script[1].replace("page.js", "..%2F__init__.py"))).status == 404


async def test_the_cover_is_the_picture_in_the_file(service: Service, library: Path) -> None:
    target = at("/tagged.flac", "!f=meta&a=/cover")
    answer = await service.get(target)
    assert answer.body == (library / "cover.png").read_bytes()
    assert answer.body.startswith(PNG)
    assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == ("image/png", "nosniff")
    assert (await service.get(target, If_None_Match=answer.headers["etag"])).status == 304
    for missing in (at("/plain.wav", "!f=meta&a=/cover"), at("/tagged.flac", "!f=meta&a=/back"), at("/none.flac", "!f=meta&a=/cover")):
        assert (await service.get(missing)).status == 404


async def test_oembed_answers_for_player_pages_alone(service: Service) -> None:
    page = service.url + at("/tagged.flac", "?br=64&ts=1")

    async def ask(url: str, more: str = "") -> int:
        return (await service.get(f"/oembed?url={quote(url, safe='')}{more}")).status

    document = (await service.get(f"/oembed?url={quote(page, safe='')}&maxwidth=300&format=json")).json()
    assert (document["version"], document["type"], document["width"]) == ("1.0", "rich", 300)
    assert (document["title"], document["author_name"]) == ("</script><b>Tide</b>", 'A & "B"')
    frame = re.fullmatch(
        r'<iframe src="([^"]+)" width="300" height="\d+" title="[^"<]+" allow="autoplay" style="border:0"></iframe>', document["html"]
    )
    assert frame is not None
    assert unescape(frame[1]) == page
    assert await ask(page, "&format=xml") == 501
    refused = await service.get(f"/oembed?url={quote(page, safe='')}&format=xml")
    assert refused.json()["error"]["code"] == "not_implemented"
    assert await ask("https://elsewhere.example/W142hJk/audio/tagged.flac") == 404
    assert await ask(service.url + at("/tagged.flac", "?f=mp3")) == 404
    assert await ask(service.url + at("/none.flac")) == 404
    assert (await service.get("/oembed")).status == 400


@pytest.mark.parametrize(("target", "status"), [
    (at("/none.wav"), 404),
    (at("/text.mp3", "?br=64"), 422),
    (at("/plain.wav", "?br=65"), 400),
    (at("/plain.wav", "?ts=8"), 400),
])  # fmt: skip
async def test_browsers_get_errors_as_a_page_and_clients_as_json(service: Service, target: str, status: int) -> None:
    page = await service.get(target, Accept=BROWSER)
    assert (page.status, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert page.headers["vary"] == "Accept"
    error = await service.get(target)
    assert (error.status, error.headers["content-type"]) == (status, "application/json")
    assert error.headers["vary"] == "Accept", "a cache that keeps it must not show it to browsers"
    assert error.json()["error"]["message"] in unescape(page.body.decode())


async def test_other_formats_refuse_browsers_in_json_too(service: Service) -> None:
    for target in (at("/none.wav", "?f=mp3"), at("/none.wav", "!f=hls-aac-rt"), f"/{ACCOUNT}/raw/none.wav"):
        answer = await service.get(target, Accept=BROWSER)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
        assert "vary" not in answer.headers
