"""A child that misbehaves as told: the real protocol and loop around a task that attacks.

The path of a Measure names the attack, the paths of an Encode are the renditions it answers with; whatever else is asked for, it answers
with a length.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from transforms.engine.messages import WHOLE, Encode, Encoded, Measure, Measured, Outcome, Part, Task
from transforms.engine.seal import DIE_WITH_PARENT
from transforms.engine.taskloop import serve, take_pipes
from transforms.errors import TooLarge, UnsupportedInput
from transforms.source import Source

SOURCE = Source("wav", "pcm_s16le", 48_000, 2, "stereo", 48_000, True)


def hang() -> None:
    time.sleep(600)


def hang_with_children() -> None:
    """A program as the engine starts them, and one that leaves: its own session, no pipe."""
    detached([*DIE_WITH_PARENT, "sleep", "601"], False)
    detached(["sleep", "602"], True)
    hang()


def detached(command: list[str], own_session: bool) -> None:
    nothing = subprocess.DEVNULL
    subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=own_session)


def eat_memory() -> None:
    hoard = []
    while True:
        hoard.append(bytearray(16 * 2**20))


def keep_memory() -> None:
    KEPT.append(os.urandom(16 * 2**20) * 4)


def write_much() -> None:
    with tempfile.TemporaryFile() as output:
        for _ in range(1_000):
            output.write(bytes(2**20))
            output.flush()


def die() -> None:
    os._exit(3)


def chatter() -> None:
    """What libraries print must not reach the protocol, and the log must stay bounded."""
    sys.stdout.write("not protocol\n")
    sys.stdout.flush()
    os.write(1, b'{"kind":"ready","pid":1}\n')
    os.write(2, b"x" * 100_000 + b"the end")


def lie() -> None:
    for number in range(3, 20):
        try:
            os.write(number, b'{"kind":"measured","source":7}\n')
        except OSError:
            continue


def refuse() -> None:
    raise UnsupportedInput("Not for us.", detail="/secret/path")


def too_large() -> None:
    raise TooLarge("Too much.")


def fail() -> None:
    raise RuntimeError("/secret/path")


def nothing() -> None:
    pass


KEPT: list[bytes] = []
ATTACKS: dict[str, Callable[[], None]] = {
    attack.__name__: attack
    for attack in (hang, hang_with_children, eat_memory, keep_memory, write_much, die, chatter, lie, refuse, too_large, fail, nothing)
}


def perform(task: Task, progress: Callable[[int], None]) -> Outcome:
    if isinstance(task, Encode):
        return Encoded(tuple(Part(int(rendition), WHOLE, "part", 1, 1_024, 0) for rendition in task.paths))
    if not isinstance(task, Measure):
        return Measured(SOURCE)
    if task.path == "nice":
        return Measured(Source("", "", os.getpriority(os.PRIO_PROCESS, 0), 0, "", 0, True))
    if task.path == "progress":
        for samples in range(200_000):
            progress(samples)
    else:
        ATTACKS[Path(task.path).name]()
    return Measured(SOURCE)


if __name__ == "__main__":
    serve(*take_pipes(), perform)
    sys.exit()
