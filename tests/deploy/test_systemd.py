"""The systemd units: verified by systemd where it is installed, their commands run, their confinement checked against the engine's."""

import asyncio
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from tests.deploy.recipes import read, settings
from tests.servers import free_port
from transforms.engine.sandbox import EngineLimits, Sandbox

UNITS = ("soundpath.service", "soundpath-work.service")
COMMAND = Path(sys.executable).with_name("soundpath")
MOST_EXPOSED = 25  # tenths; 2.1 by systemd 252
NEEDED_CALLS = {"unshare", "prctl", "capset", "prlimit64", "pidfd_open", "pidfd_send_signal", "setpriority", "sendfile", "flock"}
STOP_SECONDS = 30


def lines(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", read(f"systemd/{unit}"), re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def environment(unit: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for line in lines(unit)["Environment"] for pair in shlex.split(line))


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The units with their program where it lies on this machine."""
    for unit in UNITS:
        (tmp_path / unit).write_text(read(f"systemd/{unit}").replace("/opt/soundpath/bin/soundpath", str(COMMAND)))
    return tmp_path


needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed (package systemd)")


@needs_systemd
def test_systemd_accepts_them(here: Path) -> None:
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(here / unit) for unit in UNITS)], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    assert not [line for line in checked.stderr.splitlines() if "soundpath" in line]


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_they_are_confined(unit: str, here: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(here / unit)]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


@needs_systemd
@pytest.mark.parametrize("call", sorted(NEEDED_CALLS))
def test_the_filter_lets_the_engine_be_confined(call: str) -> None:
    """@system-service and the groups in it, as systemd lists them."""

    def listed(group: str) -> set[str]:
        text = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True).stdout
        names = {line.strip() for line in text.splitlines()[1:] if line.strip() and not line.strip().startswith("#")}
        return {call for name in names for call in (listed(name) if name.startswith("@") else {name})}

    assert call in listed(lines("soundpath.service")["SystemCallFilter"][0])


@pytest.mark.parametrize("unit", UNITS)
def test_the_engine_gets_its_namespaces(unit: str) -> None:
    """What the unit allows is what the sandbox's command asks for, and it works without new privileges."""
    (allowed,) = lines(unit)["RestrictNamespaces"]
    prefix = Sandbox.detect(EngineLimits()).argv(["true"])
    asked = {
        "user" if word == "--map-root-user" else word.removeprefix("--") for word in prefix if word in {"--map-root-user", "--net", "--pid"}
    }
    assert asked <= set(allowed.split())
    assert subprocess.run(["setpriv", "--no-new-privs", "--", *prefix], check=False).returncode == 0


@pytest.mark.parametrize("unit", UNITS)
def test_a_stop_reaches_the_service_and_not_its_children(unit: str) -> None:
    found = lines(unit)
    assert found["KillMode"] == ["mixed"], "else the engine would be killed under jobs that could still end"
    assert int(found["TimeoutStopSec"][0]) >= 2 * 6 + 10 + 10, "answers, jobs, and room"
    assert set(environment(unit)) <= settings()


@pytest.mark.parametrize("unit", UNITS)
async def test_its_command_runs_and_stops(unit: str, tmp_path: Path) -> None:
    words = shlex.split(lines(unit)["ExecStart"][0].replace("/opt/soundpath/bin/soundpath", str(COMMAND)))
    given = {**environment(unit), "SOUNDPATH_DATA_DIR": str(tmp_path / "data"), "SOUNDPATH_WORKERS": "1", "PATH": os.environ["PATH"]}
    port = free_port()
    given["SOUNDPATH_METRICS_PORT" if "work" in unit else "SOUNDPATH_PORT"] = str(port)
    process = await asyncio.create_subprocess_exec(*words, env=given, cwd=tmp_path, stdout=asyncio.subprocess.DEVNULL, umask=0o027)
    try:
        health, figures = await _answers(port, process)
        assert health["status"] == "ok"
        assert "soundpath_up" in figures
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_SECONDS):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _answers(port: int, process: asyncio.subprocess.Process) -> tuple[dict[str, object], str]:
    deadline = time.monotonic() + 60
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        while True:
            try:
                async with session.get("/readyz") as ready, session.get("/metrics") as metrics:
                    return await ready.json(), await metrics.text()
            except aiohttp.ClientConnectionError:
                assert process.returncode is None
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)


def test_the_account_they_run_under_is_made() -> None:
    assert read("systemd/soundpath.sysusers").startswith("u soundpath - ")
    assert {lines(unit)["User"][0] for unit in UNITS} == {"soundpath"}
