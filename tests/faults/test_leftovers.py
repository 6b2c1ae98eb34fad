"""A run that was killed leaves nothing that stays."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.faults.leftovers import DISK, LINK, NAMESPACE, take_away_leftovers

NOBODY = 9_999_999  # more processes than Linux can have


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces and mounts need root")
def test_what_nobody_owns_any_more_is_taken_away(tmp_path: Path) -> None:
    namespace, link, disk = NAMESPACE.format(NOBODY) + "far", LINK.format(NOBODY), DISK.format(NOBODY)
    try:
        _run("ip", "netns", "add", namespace)
        _run("ip", "link", "add", link, "type", "veth", "peer", "name", "way", "netns", namespace)
        _run("mount", "-t", "tmpfs", "-o", "size=1m", disk, str(tmp_path))
        program = subprocess.Popen(["ip", "netns", "exec", namespace, "sleep", "600"])
        _run("ip", "netns", "exec", namespace, "true")
    except (OSError, subprocess.CalledProcessError):
        take_away_leftovers()
        pytest.skip("network namespaces and mounts need more than this root may")
    _until_in(namespace, program.pid)
    take_away_leftovers()
    assert program.wait(30) != 0
    assert not Path("/run/netns", namespace).exists()
    assert not Path("/sys/class/net", link).exists()
    assert disk not in Path("/proc/self/mounts").read_text()


def _until_in(namespace: str, pid: int) -> None:
    while str(pid) not in subprocess.run(["ip", "netns", "pids", namespace], check=True, capture_output=True, text=True).stdout.split():
        pass


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
