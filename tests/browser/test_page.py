"""The player page as people use it: by hand, by keyboard, in a frame, on a phone, in the dark, and when something is wrong."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.browser.browser import Browser
from tests.browser.conftest import address
from tests.service import Service

pytestmark = pytest.mark.asyncio(loop_scope="package")

SHOTS = Path(__file__).parent / "shots"


async def test_the_quality_menu_names_the_bit_rates_and_switches(browser: Browser, service: Service) -> None:
    src = address(service, "/music.wav", "?br=64&br=128")
    report = await browser.play("menu", player="page", src=src, name="64 kbps")
    assert (report.errors, set(report.origins)) == ([], {service.url})
    assert report.seen["items"] == ["Auto", "128 kbps", "64 kbps"]
    assert any(re.search(r"/0f/seg\d+\.aac", url) for url in report.seen["after"])


async def test_a_keyboard_reaches_everything_and_plays(browser: Browser, service: Service) -> None:
    report = await browser.play("keyboard", player="page", src=address(service, "/music.wav", "?br=64&br=128"))
    assert report.errors == []
    reached = {stop["name"] for stop in report.seen["order"]}
    controls = {"Play", "Skip backward 10 seconds", "Skip forward 10 seconds", "Progress Bar", "Mute", "Volume Level", "Playback Rate"}
    assert controls | {"Quality", "Copy link", "Script tag"} <= reached
    assert all(stop["name"] for stop in report.seen["order"] if stop["role"] in ("button", "tab", "slider"))
    assert all(stop["outline"] != "none" for stop in report.seen["order"] if stop["role"] in ("button", "tab", "slider"))
    assert report.seen["muted"]
    assert report.seen["after"]["seconds"] > 5


async def test_the_tabs_copy_what_they_show(browser: Browser, service: Service) -> None:
    report = await browser.play("share", player="page", src=address(service, "/music.wav", "?br=64&ts=2"))
    assert report.errors == []
    copied = report.seen["copied"]
    playlist = address(service, "/music.wav", "!f=hls-aac-rt&br=64&ts=2")
    assert playlist in unescape(copied["Video.js"])
    assert playlist in unescape(copied["hls.js"])
    file = address(service, "/music.wav", "!f=mp3&br=64&sr=48&ts=2&wait=60&a=/audio.mp3")
    assert file in unescape(copied["<audio>"])
    heard = await service.get(file.removeprefix(service.url))
    assert (heard.status, heard.headers["content-type"]) == (200, "audio/mpeg")


async def test_a_refusal_is_told_in_the_service_s_words_and_can_be_tried_again(browser: Browser, service: Service) -> None:
    src = address(service, "/music.wav", "?br=64")
    report = await browser.play("refused", player="page", src=src, message="The service takes no more work for now.")
    assert report.seen == {"told": "The service takes no more work for now.", "hidden": True}


@pytest.mark.parametrize(("path", "query", "status", "heading"), [
    ("/none.wav", "", 404, "There is no sound here"),
    ("/text.mp3", "?br=64", 422, "This file cannot be played"),
    ("/music.wav", "?br=65", 400, "This address cannot be read"),
    ("/music.wav", "?ts=61", 400, "This address cannot be read"),
])  # fmt: skip
async def test_an_error_is_a_page_that_says_what_is_wrong(
    browser: Browser, service: Service, path: str, query: str, status: int, heading: str
) -> None:
    target = address(service, path, query)
    report = await browser.play("look", src=target, scheme="light", width=390, height=844)
    assert (report.seen["status"], report.seen["heading"]) == (status, heading)
    answer = await service.get(target.removeprefix(service.url))
    assert answer.json()["error"]["message"] in report.seen["text"]


async def test_the_page_fits_a_phone_and_a_desk_in_both_schemes(browser: Browser, service: Service) -> None:
    grounds = set()
    for width, height in ((390, 844), (1280, 800)):
        for scheme in ("light", "dark"):
            SHOTS.mkdir(exist_ok=True)
            shot = str(SHOTS / f"{width}-{scheme}.png")
            src = address(service, "/chirp.flac", "?br=64&br=128")
            report = await browser.play("look", src=src, scheme=scheme, width=width, height=height, shot=shot)
            assert report.errors == []
            assert report.seen["overflow"] <= 0
            assert report.seen["heading"] == "Chirp <1>"
            grounds.add((scheme, report.seen["ground"]))
    assert len(grounds) == 2


async def test_the_oembed_frame_shows_the_player_alone_and_plays(browser: Browser, service: Service) -> None:
    page = address(service, "/chirp.flac", "?br=96")
    embed = (await service.get(f"/oembed?url={quote(page, safe='')}")).json()
    source = re.search(r'<iframe src="([^"]+)"', embed["html"])
    assert source is not None
    report = await browser.play("framed", player="frame", src=unescape(source[1]))
    assert (report.errors, set(report.origins)) == ([], {service.url})
    assert report.seen == {"panels": False, "heading": "Chirp <1>"}


async def test_one_script_tag_makes_a_player_on_another_site(browser: Browser, service: Service) -> None:
    report = await browser.play("tag", player="script tag", src=address(service, "/chirp.flac", "?br=80"))
    assert (report.errors, set(report.origins)) == ([], {service.url})
    assert report.seen["quiet"] == []
    assert report.seen["after"]["duration"] == pytest.approx(10, abs=0.1)
    assert "Chirp" in report.seen["text"]
