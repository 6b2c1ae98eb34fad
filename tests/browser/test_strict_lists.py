"""Every playlist at every moment, before a parser that forgives nothing: npm's hls-parser in strict mode."""

import asyncio
import json

import pytest

from tests.app.hls_client import Player
from tests.browser.browser import HERE, find_node
from tests.service import ACCOUNT, Service

pytestmark = pytest.mark.asyncio(loop_scope="package")

PARSE_SECONDS = 60


async def refused(lists: list[str]) -> list[tuple[int, str]]:
    """The numbers of the lists that hls-parser refuses, and why."""
    node = find_node()
    assert node is not None
    command = (node, str(HERE / "strict_lists.mjs"))
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PARSE_SECONDS):
        out, _ = await process.communicate(json.dumps(lists).encode())
    assert process.returncode == 0
    return [(number, why) for number, why in json.loads(out)]


async def lists_of(service: Service, target: str) -> list[str]:
    """The master and all answers of its media lists, from the first moment to the end of the encode and once more after it."""
    player = Player(service, target)
    found = [(await player.get(target)).body.decode()]
    for media in await player.lists():
        if "playlist=event" in target:
            found += [answer.decode() for answer in await player.ended(media)]
        else:
            found.append((await player.get(media)).body.decode())
            await player.bodies(media)
    found.append((await player.get(target)).body.decode())
    found += [(await player.get(media)).body.decode() for media in await player.lists()]
    return found


@pytest.mark.parametrize("form", ["", "&playlist=event"], ids=["vod", "event"])
@pytest.mark.parametrize("mark", ["?", "!"])
async def test_hls_parser_accepts_every_list_in_strict_mode(service: Service, mark: str, form: str) -> None:
    target = f"/{ACCOUNT}/audio/music.wav{mark}f=hls-aac-rt&br=64&br=128&sr=44.1&version=strict{ord(mark)}{len(form)}{form}"
    found = await lists_of(service, target)
    assert sum("#EXTINF" in text for text in found) >= 2
    assert await refused(found) == []


async def test_the_parser_is_strict(service: Service) -> None:
    good = (await Player(service, f"/{ACCOUNT}/audio/chirp.flac?f=hls-aac-rt&version=strict&a=/0f/manifest.m3u8").get(
        f"/{ACCOUNT}/audio/chirp.flac?f=hls-aac-rt&version=strict&a=/0f/manifest.m3u8"
    )).body.decode()  # fmt: skip
    assert await refused([good]) == []
    assert await refused([good.replace("#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:1")]) != []
