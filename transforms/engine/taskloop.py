"""The inside of an engine child: read a task, do it, answer, until the service closes the pipe."""

import errno
import os
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import BinaryIO, Final

from transforms.engine.messages import Assemble, Decode, Encode, Outcome, Progress, Refused, Task
from transforms.engine.protocol import BrokenLine, Line, Ready, Wanted, read_assignment, read_supplied, write_line
from transforms.errors import EngineFault, RefusedInput, TooLarge
from transforms.probe.arriving import ask_with

Perform = Callable[[Task, Callable[[int], None]], Outcome]

PROGRESS_SECONDS: Final = 0.1  # nobody looks more often
BACKGROUND_NICENESS: Final = 10
DETAIL_CHARACTERS: Final = 4_096


def serve(tasks: BinaryIO, lines: BinaryIO, perform: Perform) -> None:
    """Answer every line of `tasks` with progress and exactly one outcome."""

    def send(line: Line) -> None:
        lines.write(write_line(line))
        lines.flush()

    def ask(path: str, start: int, end: int) -> tuple[int, int]:
        """Only during a task, on the thread that does it: the next line is the answer."""
        send(Wanted(path, start, end))
        supplied = read_supplied(tasks.readline())
        if not supplied.start <= start < end <= supplied.end:
            raise OSError(errno.EIO, "the bytes will not come")
        return supplied.start, supplied.end

    ask_with(ask)
    # Niceness belongs to a thread on Linux and cannot be taken back without privileges. The thread stays: programs it starts die with it.
    with ThreadPoolExecutor(1, initializer=os.nice, initargs=(BACKGROUND_NICENESS,)) as background:
        send(Ready(_own_pid()))
        for text in tasks:
            try:
                assignment = read_assignment(text)
            except BrokenLine as error:
                send(Refused(EngineFault.code, "The engine was given a task it does not understand.", str(error)[-DETAIL_CHARACTERS:]))
                continue
            work = partial(_outcome, assignment.task, perform, _throttled(send))
            send(background.submit(work).result() if assignment.background else work())


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the protocol away from standard input and output: whatever a library or a program prints lands in the log instead."""
    tasks, lines = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return tasks, lines


def refusal(error: Exception) -> Refused:
    """What a failed task says: a sentence for the client, and for the log where it happened."""
    detail = "".join(traceback.format_exception(error))[-DETAIL_CHARACTERS:]
    match error:
        case RefusedInput() | EngineFault():
            return Refused(error.code, error.message, f"{error.detail}\n{detail}"[-DETAIL_CHARACTERS:])
        case MemoryError():
            return Refused(TooLarge.code, "The input needs more memory than one transformation may use.", detail)
        case OSError(errno=errno.EFBIG):
            return Refused(TooLarge.code, "The output is larger than one transformation may write.", detail)
        case OSError(errno=errno.ENOSPC):
            return Refused(EngineFault.code, "There is no space left to write the output.", detail)
        case _:
            return Refused(EngineFault.code, "The engine failed unexpectedly.", detail)


def _outcome(task: Task, perform: Perform, progress: Callable[[int], None]) -> Outcome:
    try:
        if isinstance(task, Encode | Decode | Assemble):
            os.chdir(task.scratch)
        return perform(task, progress)
    except Exception as error:  # whatever it was, the service gets its one outcome
        return refusal(error)
    finally:
        os.chdir("/")


def _throttled(send: Callable[[Line], None]) -> Callable[[int], None]:
    last_seconds = 0.0

    def progress(samples: int) -> None:
        nonlocal last_seconds
        now_seconds = time.monotonic()
        if now_seconds - last_seconds >= PROGRESS_SECONDS:
            last_seconds = now_seconds
            send(Progress(samples))

    return progress


def _own_pid() -> int:
    """As the parent sees it: /proc is the parent's also inside a process namespace, where getpid() says 1."""
    return int(os.readlink("/proc/self"))
