"""How long something takes: by the wall clock, and in processor seconds of a program and everything it has started."""

import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one side."""

    wall_seconds: float
    cpu_seconds: float


def run_program(command: Sequence[str]) -> Run:
    """Run a program to its end; raises CalledProcessError."""
    before, began = _children_cpu(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return Run(time.perf_counter() - began, _children_cpu() - before)


def alternate(ours: Callable[[int], Run], theirs: Callable[[int], Run], times: int) -> list[tuple[Run, Run]]:
    """Both sides in turn: what disturbs one of a pair is likely to disturb the other. The number of the pair is given to each."""
    return [(ours(number), theirs(number)) for number in range(times)]


def tree_cpu_seconds(pid: int) -> float:
    """Processor seconds of a process, its living descendants and those of them that it has outlived."""
    return sum(cpu_seconds(each) for each in tree(pid))


def tree(pid: int) -> Iterator[int]:
    """A process and its living descendants."""
    yield pid
    for task in _listed(Path(f"/proc/{pid}/task")):
        for child in _text(Path(f"/proc/{pid}/task/{task}/children")).split():
            yield from tree(int(child))


def tree_pss_kib(pid: int) -> dict[int, int]:
    """Resident memory that each process of the tree has for itself, shared pages counted by share (PSS)."""
    found = {}
    for each in tree(pid):
        for line in _text(Path(f"/proc/{each}/smaps_rollup")).splitlines():
            if line.startswith("Pss:"):
                found[each] = int(line.split()[1])
    return found


def prefer(pid: int, niceness: int) -> None:
    """Give a process and its descendants this niceness, in the scheduler's groups of sessions too; negative values need root."""
    if niceness == 0:
        return
    for each in tree(pid):
        with suppress(ProcessLookupError, FileNotFoundError):
            os.setpriority(os.PRIO_PROCESS, each, niceness)
            Path(f"/proc/{each}/autogroup").write_text(str(niceness))


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_seconds(pid: int) -> float:
    """Of one process, with the children it has outlived."""
    fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS if fields else 0.0


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _text(path: Path) -> str:
    """A file of /proc; nothing when the process has ended meanwhile."""
    try:
        return path.read_text()
    except OSError:
        return ""
