"""The attacks of ENGINE 7, as files, through the whole engine: refused with a sentence, canary and listener never reached."""

import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[attr-defined]

from tests.transforms.engine import attacks
from tests.transforms.engine.attacks import Tripwire, tripwire
from transforms.engine.messages import WHOLE, Encode
from transforms.engine.pool import Engine
from transforms.engine.sandbox import EngineLimits
from transforms.errors import EngineFault, RefusedInput, TooLarge, TransformError
from transforms.limits import PlanLimits
from transforms.plan import Plan, plan
from transforms.source import Source
from transforms.spec import Clip, Format, Spec, Variant

CANARY = "canary.wav"
TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ground:
    """A folder with a canary that plays if it is read, and a listener that hears if it is called."""

    folder: Path
    wire: Tripwire
    server: socket.socket

    @property
    def port(self) -> int:
        return int(self.server.getsockname()[1])

    def file(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def called(self) -> bool:
        try:
            self.server.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def assert_untouched(self) -> None:
        assert not self.wire.touched(), "the canary was read"
        assert not self.called(), "the listener was called"

    def assert_clean(self, error: TransformError) -> None:
        """A sentence that may be shown."""
        assert error.message.endswith(".")
        for secret in (str(self.folder), self.folder.name, CANARY, str(self.port), "Traceback", "Errno", "0x"):
            assert secret not in error.message


@contextmanager
def prepared(folder: Path) -> Iterator[Ground]:
    (folder / CANARY).write_bytes(attacks.wav(0.5))
    with tripwire(folder / CANARY) as wire, socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield Ground(folder, wire, server)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with prepared(tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Engine(EngineLimits(probe_seconds=TIMEOUT_SECONDS), workers=1, reserved=0) as opened:
        yield opened


def lists(ground: Ground) -> dict[str, bytes]:
    """Everything that names another file or address, whatever it calls itself."""
    url = f"http://127.0.0.1:{ground.port}/a.ts"
    made: dict[str, bytes] = {}
    kinds: dict[str, Callable[[str], bytes]] = {
        "hls": attacks.hls, "master": attacks.hls_master, "key": attacks.hls_key, "concat": attacks.ffconcat, "svg": attacks.svg,
        "dash": attacks.dash, "imf": attacks.imf, "xspf": attacks.xspf,
    }  # fmt: skip
    for kind, write in kinds.items():
        for name, target in (("near", CANARY), ("file", f"file://{ground.folder / CANARY}"), ("http", url)):
            made[f"{kind}-{name}.mp3"] = write(target)
    made |= {
        "list.m3u8": attacks.hls(CANARY), "list": attacks.hls(url), "list.wav": attacks.hls(f"concat:{CANARY}|{CANARY}"),
        "list.ffconcat": attacks.ffconcat(CANARY), "manifest.mpd": attacks.dash(url), "call.sdp": attacks.sdp(ground.port),
        "call.mp3": attacks.sdp(ground.port), f"concat:{CANARY}|{CANARY}": b"", "data:audio": b"RIFF", "subfile,,start,0,end,0,,:x": b"x",
    }  # fmt: skip
    return made


async def test_nothing_that_names_other_files_is_opened(ground: Ground, engine: Engine) -> None:
    for name, content in lists(ground).items():
        path = ground.file(name, content)
        for ask in (engine.measure, engine.describe):
            with pytest.raises(RefusedInput) as refused:
                await ask(path)
            ground.assert_clean(refused.value)
            ground.assert_untouched()


async def test_nothing_is_opened_when_the_file_changes_after_it_was_measured(ground: Ground, engine: Engine) -> None:
    song = ground.file("song.mp3", attacks.wav(1))
    decided = decide(Format.MP3, await engine.measure(song))
    for content in lists(ground).values():
        path, scratch = ground.file("song.mp3", content), ground.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        with pytest.raises((RefusedInput, EngineFault)) as failed:
            await engine.encode(Encode(decided, (path,), ((WHOLE,),), str(scratch)), timeout_seconds=TIMEOUT_SECONDS)
        ground.assert_clean(failed.value)
        ground.assert_untouched()


@pytest.mark.parametrize(
    ("name", "write", "reached"),
    [
        pytest.param("list.ffconcat", lambda ground: attacks.ffconcat(CANARY), "canary", id="file"),
        pytest.param("list.m3u8", lambda ground: attacks.hls(f"http://127.0.0.1:{ground.port}/a.ts"), "listener", id="network"),
    ],
)
def test_the_attacks_are_real(name: str, write: Callable[[Ground], bytes], reached: str, ground: Ground) -> None:
    path = ground.file(name, write(ground))
    command = [packaged(), "-protocol_whitelist", "file,http,tcp", "-i", path, "-f", "null", "-"]
    with suppress(subprocess.TimeoutExpired):  # the listener never answers
        subprocess.run(command, capture_output=True, check=False, timeout=3)
    assert ground.wire.touched() if reached == "canary" else ground.called()


def packaged() -> str:
    return str(get_ffmpeg_exe())  # type: ignore[no-untyped-call]


def genuine_flac() -> bytes:
    command = [packaged(), "-v", "error", "-f", "lavfi", "-i", "sine=d=2:r=44100", "-f", "flac", "pipe:"]
    return subprocess.run(command, capture_output=True, check=True).stdout


async def test_pictures_and_rubbish_are_no_audio(ground: Ground, engine: Engine) -> None:
    rubbish = {
        "cover.png": attacks.png(10_000, 10_000), "cover.mp3": attacks.png(10_000, 10_000),
        "picture.ppm": b"P6 30000 30000 255\n" + bytes(100), "empty.mp3": b"", "text.mp3": b"All work and no play.\n" * 500,
        "zeros.mp3": bytes(2**20), "pe.wav": b"MZ" + bytes(range(256)) * 64, "page.mp3": b"<!doctype html><html><body>404</body></html>",
        "header.wav": attacks.wav_header(0, 48_000, 2), "riff.wav": b"RIFF\xff\xff\xff\xffWAVE",
    }  # fmt: skip
    for name, content in rubbish.items():
        with pytest.raises(RefusedInput) as refused:
            await engine.measure(ground.file(name, content))
        ground.assert_clean(refused.value)


async def test_what_is_no_file_is_refused(ground: Ground, engine: Engine, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    for path in (tmp_path / "pipe.mp3", tmp_path, Path("/dev/zero")):
        with pytest.raises(RefusedInput):
            await engine.measure(str(path))


def decide(format_: Format, source: Source) -> Plan:
    variant = Variant(None if format_ is Format.WAV_RIFF else 128, 192_000 if format_ is Format.WAV_RIFF else 48_000)
    return plan(Spec(format_, (Clip("/a"),), (variant,)), [source], PlanLimits())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: attacks.wav(100_000, rate=1, channels=1), id="1 Hz: 3.8 GB from 200 kB"),
        pytest.param(lambda: attacks.wav(1, channels=255), id="255 channels"),
        pytest.param(lambda: attacks.wav(0.1, rate=2_000_000), id="2 MHz"),
    ],
)
async def test_absurd_rates_and_channels_are_refused_before_work(content: Callable[[], bytes], ground: Ground, engine: Engine) -> None:
    path = ground.file("song.wav", content())
    with pytest.raises(RefusedInput) as refused:
        decide(Format.WAV_RIFF, await engine.measure(path))
    ground.assert_clean(refused.value)


async def test_a_day_in_a_hole_is_too_long(ground: Ground, engine: Engine) -> None:
    """25 hours that occupy no disk: real samples, so only the limit on seconds stops them."""
    size = 25 * 3_600 * 8_000 * 2
    path = ground.file("silence.wav", attacks.wav_header(size, 8_000, 1))
    os.truncate(path, 44 + size)
    with pytest.raises(TooLarge) as refused:
        decide(Format.MP3, await engine.measure(path))
    ground.assert_clean(refused.value)


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        pytest.param(lambda: attacks.wav(1, declared_bytes=2**32 - 1), 1, id="WAV of 4 GiB"),
        pytest.param(lambda: attacks.flac_claiming(genuine_flac(), samples=2**36 - 1), 2, id="FLAC of 18 days"),
        pytest.param(lambda: attacks.flac_claiming(genuine_flac(), rate_hz=1), 2, id="FLAC at 1 Hz"),
        pytest.param(lambda: attacks.flac_claiming(genuine_flac(), samples=10), 2, id="FLAC of 10 samples"),
    ],
)
async def test_absurd_durations_are_not_believed(content: Callable[[], bytes], seconds: int, ground: Ground, engine: Engine) -> None:
    source = await engine.measure(ground.file("song", content()))
    assert source.seconds == seconds
