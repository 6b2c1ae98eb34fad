"""What a run that was killed could not take away: network namespaces, links and mounts. Their names say whose they are."""

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

NAMESPACE, LINK, DISK = "soundpath-test-{}-", "sptest{}", "soundpath-test-{}"
"""What the names of a run's own things begin with: the number of its process is in them. A link's has room for 15 characters."""


def own(name: str) -> str:
    """A name of this run."""
    return name.format(os.getpid())


def take_away_leftovers() -> None:
    """Take away what no living run owns. Without root there can be nothing."""
    for namespace in _abandoned(NAMESPACE, _names(Path("/run/netns"))):
        for process in _output("ip", "netns", "pids", namespace).split():
            with suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
        _output("ip", "netns", "delete", namespace)
    for link in _abandoned(LINK, _names(Path("/sys/class/net"))):
        _output("ip", "link", "delete", link)
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    for source in _abandoned(DISK, [mount[0] for mount in mounts]):
        for mount in mounts:
            if mount[0] == source:
                _output("umount", "--lazy", mount[1])


def _abandoned(name: str, found: list[str]) -> set[str]:
    """Names of this kind whose process is gone."""
    pattern = re.compile(re.escape(name).replace(r"\{\}", r"(\d+)"))
    owners = {each: match[1] for each in found if (match := pattern.match(each))}
    return {each for each, owner in owners.items() if not Path("/proc", owner).exists()}


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def _output(*command: str) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout
