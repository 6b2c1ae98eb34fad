"""One browser and one service for all browser tests, and a library whose sounds tell where they were taken from."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from tests import tones
from tests.browser.browser import Browser, require_browser
from tests.service import ACCOUNT, Service

RATE_HZ = 48_000
CHIRP_SECONDS = 10
LONG_SECONDS = 1500
LONG_RATE_HZ = 8_000
LONG_HZ_PER_SECOND = 1.0
"""The long file's frequency, above 300 Hz, is its position in seconds."""


def _long_sweep() -> tones.Pcm:
    time = np.arange(LONG_SECONDS * LONG_RATE_HZ) / LONG_RATE_HZ
    phase = 2 * np.pi * (tones.CHIRP_START_HZ * time + LONG_HZ_PER_SECOND / 2 * time**2)
    return (0.5 * np.sin(phase)).astype(np.float32)[:, None]


@pytest.fixture(scope="package")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    tags = ("-metadata", "title=Chirp <1>", "-metadata", "artist=A & B")
    tones.write(folder / "chirp.flac", tones.chirp(CHIRP_SECONDS, RATE_HZ), RATE_HZ, *tags)
    tones.write(folder / "music.wav", tones.music(60, RATE_HZ), RATE_HZ)
    tones.write(folder / "long.wav", _long_sweep(), LONG_RATE_HZ)
    (folder / "text.mp3").write_text("This is not audio.\n" * 100)
    return folder


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def service(library: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    require_browser()
    async with Service(tmp_path_factory.mktemp("data"), library) as running:
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with Browser(require_browser()) as started:
        yield started


def address(service: Service, path: str, query: str) -> str:
    """An absolute URL of the default account."""
    return f"{service.url}/{ACCOUNT}/audio{path}{query}"
