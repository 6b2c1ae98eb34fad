"""Debian and Ubuntu packages: mended when we are root, named when we are not.

Soundpath itself needs none but Python's venv module. The rest are other people's players and servers that tests compare us with.
"""

import os
import shutil
import subprocess
import sys

from deploy.setup.step import SetupFailed

TEST_COMMANDS = {
    "chromium": ["chromium"],
    "ffmpeg": ["ffmpeg"],
    "ffprobe": ["ffmpeg"],
    "gst-launch-1.0": [
        "gstreamer1.0-tools",
        *(f"gstreamer1.0-{part}" for part in ("plugins-base", "plugins-good", "plugins-bad", "libav")),
    ],
    "mpg123": ["mpg123"],
    "mpv": ["mpv"],
    "nginx": ["nginx"],
    "promtool": ["prometheus"],
    "systemd-analyze": ["systemd"],
}
"""Command that a test runs → the packages that bring it and what it needs."""


def mend_venv() -> None:
    """Install the venv module of the python that runs this; raises SetupFailed with the command to give when that is not possible."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if not _install([package]):
        raise SetupFailed(f"this Python has no venv module. Install it and run make again: sudo apt-get install {package}")


def missing_test_packages() -> list[str]:
    """Packages to install before every test can run."""
    places = f"{os.environ.get('PATH', '')}:/usr/sbin"  # nginx lies where a user's PATH does not reach
    return sorted({each for command, packages in TEST_COMMANDS.items() if shutil.which(command, path=places) is None for each in packages})


def ensure_test_commands() -> None:
    """Install what tests drive. Where that is not possible say so and go on: those tests are skipped, each with its reason."""
    packages = missing_test_packages()
    if packages and not _install(packages):
        print(f"Some tests will be skipped. To run them: sudo apt-get install {' '.join(packages)}", flush=True)


def _install(packages: list[str]) -> bool:
    """Whether the packages are installed now."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print(f"Installing Debian packages: {' '.join(packages)} …", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    steps = (["update"], ["install", "--yes", "--no-install-recommends", *packages])
    return all(subprocess.run(["apt-get", "-qq", *step], env=env, stdout=subprocess.DEVNULL).returncode == 0 for step in steps)
