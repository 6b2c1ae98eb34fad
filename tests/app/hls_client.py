"""A patient HLS client for tests: it resolves links as a browser does and reads lists with the m3u8 package."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import m3u8

from tests import tones
from tests.service import ACCOUNT, Answer, Service

POLL_SECONDS = 0.05
HEADER_BYTES = 73
FRAME_SAMPLES = 1024
END = b"#EXT-X-ENDLIST\n"


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait for a condition, with a deadline."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(POLL_SECONDS)


def read_list(text: bytes) -> Any:
    """The m3u8 package's view; it raises on what it does not understand."""
    return m3u8.loads(text.decode())  # type: ignore[no-untyped-call]


@dataclass
class Player:
    """One client of one variant. `target` is the master's address, without scheme and host."""

    service: Service
    target: str

    def resolve(self, base: str, link: str) -> str:
        return urljoin(self.service.url + base, link).removeprefix(self.service.url)

    async def get(self, target: str) -> Answer:
        answer = await self.service.get(target)
        assert answer.status == 200, (target, answer.status, answer.body)
        return answer

    async def master(self) -> Any:
        return read_list((await self.get(self.target)).body)

    async def lists(self) -> list[str]:
        """Addresses of the media lists."""
        return [self.resolve(self.target, item.uri) for item in (await self.master()).playlists]

    async def media(self, target: str) -> Any:
        return read_list((await self.get(target)).body)

    async def segments(self, target: str) -> list[str]:
        """Addresses of a media list's segments."""
        return [self.resolve(target, segment.uri) for segment in (await self.media(target)).segments]

    async def ended(self, target: str, seconds: float = 240) -> list[bytes]:
        """Poll a list that grows until it ends; every answer on the way."""
        answers: list[bytes] = []
        async with asyncio.timeout(seconds):
            while not answers or b"#EXT-X-ENDLIST" not in answers[-1]:
                answers.append((await self.get(target)).body)
                read_list(answers[-1])
                await asyncio.sleep(0.02)
        return answers

    async def bodies(self, target: str) -> list[bytes]:
        """All segments of a media list, one after the other, as a player asks."""
        return [(await self.get(segment)).body for segment in await self.segments(target)]


def joined(bodies: list[bytes], folder: Path) -> Path:
    """The segments behind one another, as one ADTS file."""
    path = folder / "joined.aac"
    path.write_bytes(b"".join(body[HEADER_BYTES:] for body in bodies))
    return path


def frames_in(adts: bytes) -> int:
    """ADTS frames, by walking their headers."""
    position = count = 0
    while position < len(adts):
        assert adts[position] == 0xFF, "not a frame header"
        position += (adts[position + 3] & 3) << 11 | adts[position + 4] << 3 | adts[position + 5] >> 5
        count += 1
    assert position == len(adts)
    return count


def decoded(bodies: list[bytes], folder: Path) -> tones.Pcm:
    return tones.decode(joined(bodies, folder))


def is_appended(answers: Sequence[bytes]) -> bool:
    """Whether each answer of a growing list begins with the whole one before it."""
    return all(after.startswith(before.removesuffix(END)) for before, after in pairwise(answers))


def at(path: str, query: str) -> str:
    return f"/{ACCOUNT}/audio{path}{query}"


def charges(service: Service, target_part: str = "") -> list[tuple[int, int]]:
    with sqlite3.connect(service.data / "soundpath.db") as database:
        query = "SELECT billed_units, quota_units FROM ledger JOIN jobs ON jobs.id = job_id WHERE jobs.canonical LIKE ? OR jobs.version = ?"
        return database.execute(query, (f"%{target_part}%", target_part)).fetchall()


async def job_of(service: Service, version: str) -> dict[str, Any]:
    """The newest job of a version, by the Job API."""
    with sqlite3.connect(service.data / "soundpath.db") as database:
        (job_id,) = database.execute("SELECT id FROM jobs WHERE version = ? ORDER BY created_ms DESC LIMIT 1", (version,)).fetchone()
    job: dict[str, Any] = (await service.get(f"/v2/accounts/{ACCOUNT}/jobs/ProcessFileJob/{job_id}")).json()
    return job


async def until_status(service: Service, version: str, status: str, seconds: float = 240) -> dict[str, Any]:
    async def reached() -> bool:
        return bool((await job_of(service, version))["status"] == status)

    await until(reached, seconds)
    return await job_of(service, version)
