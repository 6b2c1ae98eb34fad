"""What an engine child may do: the command prefix, resource bounds and environment it is started with.

Decoders run on files strangers wrote. The prefix takes away the network and other processes (namespaces), privileges, and
life beyond the server's; the child adds the system-call filter of `seal` itself. All programs are util-linux's.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[attr-defined]

from transforms.engine import seal
from transforms.engine.seal import DIE_WITH_PARENT
from transforms.errors import EngineFault

SEARCH_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DETECTION_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """Bounds of one child.

    memory_bytes: address space (RLIMIT_AS) of the child and of each program it starts. Measured: 182 MiB for 396 real files, and the
    packaged FFmpeg needs 300 MiB to start; the rest is for long indexes and, on many cores, 16 thread stacks of 8 MiB per decoder.
    output_bytes: the largest single file it may write (RLIMIT_FSIZE); above every size a plan may ask for.
    open_files: descriptors (RLIMIT_NOFILE); a URL of 1,000 bytes cannot name more sources than this.
    resident_bytes, tasks: a child that holds more memory after a task, or has done this many, is replaced.
    probe_seconds: wall clock of one measurement or description; the longest real scan (12 hours) takes about 10 s.
    start_seconds: until a new child must have said that it is ready.
    """

    memory_bytes: int = 1536 * 2**20
    output_bytes: int = 65 * 2**30
    open_files: int = 512
    resident_bytes: int = 384 * 2**20
    tasks: int = 2_000
    probe_seconds: float = 120
    start_seconds: float = 60


class Isolation(Enum):
    """How far the kernel lets us go; each level includes the ones below it."""

    NAMESPACES = "own user, network and process namespaces"
    DROPPED = "capabilities dropped"
    PLAIN = "no new privileges"


@dataclass(frozen=True, slots=True)
class Guard:
    """One line of what protects the server from media: `advice` says what to do when it is not active."""

    name: str
    active: bool
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Decides how children are started on this machine."""

    limits: EngineLimits
    isolation: Isolation

    @classmethod
    def detect(cls, limits: EngineLimits) -> "Sandbox":
        """The strongest isolation that works here; tries each once (about 10 ms, blocking). Raises EngineFault when none does."""
        for isolation in Isolation:
            if _works((*DIE_WITH_PARENT, *_prefix(isolation), "true")):
                return cls(limits, isolation)
        raise EngineFault("The engine cannot be started.", detail="setpriv, prlimit or unshare (package util-linux) is missing or refused.")

    def argv(self, command: Sequence[str]) -> tuple[str, ...]:
        """The command, sandboxed. With namespaces it runs as process 1 of its own, so that nothing it started outlives it."""
        bounds = (
            "prlimit",
            f"--as={self.limits.memory_bytes}",
            f"--fsize={self.limits.output_bytes}",
            f"--nofile={self.limits.open_files}",
            "--core=0",
        )
        return (*DIE_WITH_PARENT, *bounds, *_prefix(self.isolation), *command)

    def environment(self) -> dict[str, str]:
        """Everything a child sees of ours: nothing is inherited, so no secret can be."""
        return {
            "PATH": SEARCH_PATH,
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            # glibc reserves 64 MiB of address space for each thread's arena, which would eat RLIMIT_AS.
            "MALLOC_ARENA_MAX": "2",
            "AV_LOG_FORCE_NOCOLOR": "1",
        }

    def describe(self) -> tuple[Guard, ...]:
        """What is active, for `doctor`."""
        return tuple(self._guards())

    def _guards(self) -> Iterator[Guard]:
        namespaces = self.isolation is Isolation.NAMESPACES
        yield Guard("no network, own process tree (namespaces)", namespaces, "" if namespaces else "Allow unprivileged user namespaces.")
        sealed = seal.supported()
        yield Guard("no sockets (system-call filter)", sealed, "" if sealed else "Use Linux on x86-64 or arm64 with seccomp.")
        dropped = self.isolation is not Isolation.PLAIN
        yield Guard("no privileges", dropped, "" if dropped else "Do not run as root.")
        yield Guard("dies with the server", True)
        yield Guard(f"memory up to {self.limits.memory_bytes // 2**20} MiB, files up to {self.limits.output_bytes // 2**20} MiB", True)


def engine_command(ffmpeg: str | None) -> tuple[str, ...]:
    """The child's own command. `-P`: what lies in the working directory is never imported.

    The packaged FFmpeg is looked for here, once: finding it takes 20 to 40 ms, which no child should spend when a player waits.
    """
    return (sys.executable, "-P", "-s", "-m", "transforms.engine", ffmpeg or get_ffmpeg_exe())  # type: ignore[no-untyped-call]


def _prefix(isolation: Isolation) -> tuple[str, ...]:
    unprivileged = ("setpriv", "--no-new-privs")
    dropped = (*unprivileged, "--bounding-set=-all", "--inh-caps=-all", "--")
    if isolation is Isolation.NAMESPACES:
        return ("unshare", "--map-root-user", "--net", "--pid", "--kill-child", "--", *dropped)
    return dropped if isolation is Isolation.DROPPED else (*unprivileged, "--")


def _works(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=DETECTION_SECONDS, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
