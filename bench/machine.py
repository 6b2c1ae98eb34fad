"""What was measured on: the machine, how busy others keep it, and the version of everything that takes part."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[attr-defined]

DEBIAN_FFMPEG = shutil.which("ffmpeg")
PACKAGED_FFMPEG: str = get_ffmpeg_exe()  # type: ignore[no-untyped-call]
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
WRK = shutil.which("wrk")


def describe() -> Iterator[tuple[str, str]]:
    """Name and value of each fact, in reading order."""
    yield "Machine", f"{_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB, {platform.system()} {platform.release()}"
    yield "Python", platform.python_version()
    yield "Packages", ", ".join(f"{name} {version(name)}" for name in ("av", "aiohttp", "sqlalchemy", "imageio-ffmpeg"))
    yield "ffmpeg of the system", _first_line(DEBIAN_FFMPEG, "-version")
    yield "ffmpeg that is packaged", _first_line(PACKAGED_FFMPEG, "-version")
    yield "nginx", _first_line(NGINX, "-v")
    yield "wrk", _first_line(WRK, "-v")


def load() -> str:
    """Processes that want a core, on average over the last 1, 5 and 15 minutes."""
    return " ".join(f"{average:.1f}" for average in os.getloadavg())


def busy_seconds() -> float:
    """Processor seconds that all programs of this machine have used since it started."""
    user, nice, system, _idle, _iowait, irq, soft_irq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + soft_irq + steal) / os.sysconf("SC_CLK_TCK")


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _first_line(program: str | None, option: str) -> str:
    if program is None:
        return "not installed"
    ran = subprocess.run([program, option], capture_output=True, text=True, check=False)
    return (ran.stdout + ran.stderr).strip().splitlines()[0].partition(" Copyright")[0]
