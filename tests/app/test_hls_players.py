"""Real HLS clients play what the service lists: finished, growing, and encoded on demand. Those that are not installed are left out."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests import tones
from tests.app.hls_client import read_list
from tests.service import ACCOUNT, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS = 21.0
RATE_HZ = 48_000
SAMPLES = (-(-round(SECONDS * RATE_HZ) // 1024) + 1) * 1024
FORMS = {"vod": "", "event": "&playlist=event"}
CLIENT_SECONDS = 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    library = tmp_path_factory.mktemp("library")
    tones.write(library / "chirp.flac", tones.chirp(SECONDS, RATE_HZ), RATE_HZ)
    async with Service(tmp_path_factory.mktemp("data"), library) as running:
        yield running


async def run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(CLIENT_SECONDS):
        _, log = await process.communicate()
    assert process.returncode == 0, log.decode(errors="replace")


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def ffmpeg(binary: str, url: str, out: Path) -> list[str]:
    return [binary, "-v", "error", "-i", url, "-ac", "2", "-f", "wav", str(out)]


def mpv(url: str, out: Path) -> list[str]:
    return [program("mpv"), "--no-config", "--no-video", "--really-quiet", "--ao=pcm", f"--ao-pcm-file={out}", "--audio-format=s16", url]


def gstreamer(url: str, out: Path) -> list[str]:
    chain = [
        "uridecodebin",
        f"uri={url}",
        "!",
        "audioconvert",
        "!",
        "audio/x-raw,format=S16LE,channels=2",
        "!",
        "wavenc",
        "!",
        "filesink",
        f"location={out}",
    ]
    return [program("gst-launch-1.0"), "-q", *chain]


def client(name: str, url: str, out: Path) -> list[str]:
    match name:
        case "packaged ffmpeg":
            return ffmpeg(tones.ffmpeg(), url, out)
        case "installed ffmpeg":
            return ffmpeg(program("ffmpeg"), url, out)
        case "mpv":
            return mpv(url, out)
        case _:
            return gstreamer(url, out)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["packaged ffmpeg", "installed ffmpeg", "mpv", "gstreamer"])
async def test_clients_hear_the_whole_sound(service: Service, tmp_path: Path, name: str, form: str) -> None:
    """Cold: the encode begins with the client's first request. Then warm, from the cache."""
    url = f"{service.url}/{ACCOUNT}/audio/chirp.flac?f=hls-aac-rt&br=128&version={name.replace(' ', '-')}-{form}{FORMS[form]}"
    for turn in ("cold", "warm"):
        out = tmp_path / f"{turn}.wav"
        await run(*client(name, url, out))
        pcm = tones.decode(out, 2, "-ar", str(RATE_HZ))
        assert abs(len(pcm) - SAMPLES) <= 1024, (turn, len(pcm))
        assert tones.chirp_time(pcm, RATE_HZ, 5.0) == pytest.approx(5.0, abs=0.03)


@pytest.mark.parametrize("name", ["packaged ffmpeg", "installed ffmpeg"])
@pytest.mark.parametrize(("rate_khz", "seconds"), [("48", 0.5), ("48", 13), ("44.1", 3)])
async def test_the_command_line_seeks_to_where_it_is_told(
    service: Service, tmp_path: Path, name: str, rate_khz: str, seconds: float
) -> None:
    url = f"{service.url}/{ACCOUNT}/audio/chirp.flac?f=hls-aac-rt&sr={rate_khz}&version=ss"
    out = tmp_path / "sought.wav"
    program_name, *options, target = client(name, url, out)
    await run(program_name, "-ss", str(seconds), *options, "-t", "4", target)
    pcm = tones.decode(out, 2, "-ar", str(RATE_HZ))
    # The content begins one frame, 21 to 23 ms, behind the beginning.
    assert tones.chirp_time(pcm, RATE_HZ, 1.0) == pytest.approx(seconds + 1.0, abs=0.03)


async def test_every_answer_is_a_list_that_m3u8_accepts(service: Service) -> None:
    target = f"/{ACCOUNT}/audio/chirp.flac?f=hls-aac-rt&br=64&br=128&version=accepted&rp=8&playlist=event"
    while True:
        master = await service.get(target)
        assert read_list(master.body).is_variant
        for number in range(2):
            media = await service.get(f"{target}&a=/{number}f/manifest.m3u8")
            parsed = read_list(media.body)
            assert parsed.segments
            assert parsed.target_duration == 4
        if parsed.is_endlist:
            break
