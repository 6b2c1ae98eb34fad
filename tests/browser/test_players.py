"""Every player that people use plays an HLS variant while it is being encoded, from its first sample to its last."""

import asyncio

import pytest

from tests import tones
from tests.browser import recording
from tests.browser.browser import Browser, Report
from tests.browser.conftest import CHIRP_SECONDS, LONG_HZ_PER_SECOND, LONG_SECONDS, address
from tests.service import Service

pytestmark = pytest.mark.asyncio(loop_scope="package")

WITH_QUALITIES = ["video.js 8", "video.js 7", "hls.js"]
PLAYERS = [*WITH_QUALITIES, "native audio", "native video"]
FRAME_SECONDS = 1024 / 48_000
NEAR_SECONDS = 0.05
WAITED_SECONDS = 6
SEEK_MS = 15_000
"""Far above what it takes (bench/first_play measures that), far below a player that hangs."""
JOINS_SECONDS = tuple(join + FRAME_SECONDS for join in (1.173333, 2.005333, 4.010667, 8.010667))


def of(player: str, service: Service, path: str, query: str) -> str:
    """What a player is given: the page itself, or the playlist."""
    return address(service, path, f"?{query}" if player == "page" else f"!f=hls-aac-rt&{query}")


def assert_clean(report: Report, service: Service) -> None:
    assert report.errors == []
    assert set(report.origins) <= {service.url}


def assert_whole(report: Report) -> list[recording.Silence]:
    """Begun at 0.0 with the whole seek bar, ended at the end, and every moment heard once; gives the silences between."""
    before, after = report.seen["before"], report.seen["after"]
    assert before["seconds"] == 0
    assert before["duration"] == pytest.approx(CHIRP_SECONDS, abs=0.1)
    assert before["seekable"] == pytest.approx([0, CHIRP_SECONDS], abs=0.1)
    assert after["ended"]
    pcm, silences = recording.without_silence(recording.pcm_of(report.seen["heard"]))
    assert len(pcm) / recording.RATE_HZ == pytest.approx(CHIRP_SECONDS, abs=0.06)
    drift = recording.drift_seconds(pcm, JOINS_SECONDS)
    assert abs(drift[0]) < 0.03, "the first sound is not the file's first"
    assert max(drift) - min(drift) < 0.004, drift
    return silences


@pytest.mark.parametrize("state", ["cold", "warm"])
async def test_plays_from_the_first_sample_to_the_last(browser: Browser, service: Service, state: str) -> None:
    async def play(player: str) -> Report:
        # A version of its own: each player meets a variant that nobody has asked for.
        query = f"br=64&br=128&v={player.replace(' ', '-')}"
        return await browser.play("whole", player=player, src=of(player, service, "/chirp.flac", query))

    for three in (["page", "video.js 7", "native audio"], ["video.js 8", "hls.js", "native video"]):
        for player, report in zip(three, await asyncio.gather(*map(play, three)), strict=True):
            assert_clean(report, service)
            silences = assert_whole(report)
            # A busy machine may keep a player waiting, which then goes on where it was. A gap that is ours comes at every join.
            gaps = [join for join in JOINS_SECONDS if any(abs(silence.at_seconds - join) < NEAR_SECONDS for silence in silences)]
            assert state == "cold" or len(gaps) < len(JOINS_SECONDS) / 2, (player, silences)
            assert sum(silence.seconds for silence in silences) < WAITED_SECONDS, (player, silences)


@pytest.mark.parametrize("player", ["page", *PLAYERS])
async def test_seeks_to_minutes_that_nobody_has_encoded(browser: Browser, service: Service, player: str) -> None:
    seconds = LONG_SECONDS - 100
    query = f"br=64&v=seek-{player.replace(' ', '-')}"
    report = await browser.play("seek", player=player, src=of(player, service, "/long.wav", query), seconds=seconds)
    assert_clean(report, service)
    assert report.seen["waitedMs"] < SEEK_MS
    assert report.seen["after"]["duration"] == pytest.approx(LONG_SECONDS, abs=0.1)
    pcm = recording.pcm_of(report.seen["heard"])[-recording.RATE_HZ :]
    heard_seconds = (recording.hertz(pcm) - tones.CHIRP_START_HZ) / LONG_HZ_PER_SECOND
    assert heard_seconds == pytest.approx(report.seen["after"]["seconds"] - 0.5, abs=1.5)


@pytest.mark.parametrize("player", WITH_QUALITIES)
async def test_switches_the_rendition(browser: Browser, service: Service, player: str) -> None:
    src = of(player, service, "/music.wav", f"br=64&br=128&v=change-{player.replace(' ', '-')}")
    report = await browser.play("change", player=player, src=src)
    assert_clean(report, service)
    assert report.seen["renditions"] == 2
    other = f"{report.seen['other']}f/"
    assert not report.seen["before"][-1].startswith(other)
    assert report.seen["after"][-1].startswith(other)
