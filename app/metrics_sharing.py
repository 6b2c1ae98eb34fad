"""The processes of one machine show their metrics together: whichever of them is asked answers for all.

Each holds a numbered place in a folder for as long as it lives (a lock, which goes with the process) and writes there every other second
what it has counted. The number is the `process` label of its samples, so a process that is started again goes on where its forerunner
was, and Prometheus sees an ordinary reset. Counting itself stays in memory: nothing of this is on the way of a request.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import structlog
from prometheus_client.metrics_core import Metric

from storage.blocking import off_loop

SNAPSHOT_SECONDS: Final = 2.0
LOCK_SUFFIX: Final = ".lock"
SNAPSHOT_SUFFIX: Final = ".json"

log = structlog.get_logger()


class Place:
    """This process's numbered place in the folder, the lowest one that is free."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock, self.number = _claim(folder)
        self._snapshot.unlink(missing_ok=True)  # the last holder's: he may have died long ago, or in the middle of a power cut

    def close(self) -> None:
        """Leave it to the next one."""
        self._snapshot.unlink(missing_ok=True)
        os.close(self._lock)

    async def keep_writing(self, collect: Callable[[], Iterable[Metric]]) -> None:
        """Let the siblings know what this process has counted, until cancelled. A full disk leaves them with older figures."""
        while True:
            try:
                await off_loop(self._write, [_dump(family) for family in collect()])
            except OSError as error:
                log.warning("metrics cannot be shared", error=repr(error))
            await asyncio.sleep(SNAPSHOT_SECONDS)

    def together(self, own: Iterable[Metric]) -> list[Metric]:
        """Own families and those of the siblings that live, each sample with the number of its process."""
        merged: dict[str, Metric] = {}
        _merge(merged, own, self.number)
        for file in sorted(self._folder.glob("*" + SNAPSHOT_SUFFIX)):
            if file != self._snapshot and _is_held(file.with_suffix(LOCK_SUFFIX)):
                _merge(merged, _load(file), int(file.stem))
        return list(merged.values())

    @property
    def _snapshot(self) -> Path:
        return self._folder / f"{self.number}{SNAPSHOT_SUFFIX}"

    def _write(self, families: list[Any]) -> None:
        aside = self._snapshot.with_suffix(".new")
        aside.write_text(json.dumps(families))
        aside.replace(self._snapshot)


def _claim(folder: Path) -> tuple[int, int]:
    for number in count():
        lock = os.open(folder / f"{number}{LOCK_SUFFIX}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return lock, number
    raise AssertionError("numbers do not end")


def _is_held(lock: Path) -> bool:
    """Whether its process lives."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _merge(merged: dict[str, Metric], families: Iterable[Metric], number: int) -> None:
    for family in families:
        into = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                into.add_sample(sample.name, {**sample.labels, "process": str(number)}, sample.value)


def _dump(family: Metric) -> Any:
    samples = [[sample.name, sample.labels, sample.value] for sample in family.samples]
    return {"name": family.name, "text": family.documentation, "type": family.type, "samples": samples}


def _load(file: Path) -> Iterator[Metric]:
    """The families of a snapshot; none where its process has just left."""
    try:
        stored = json.loads(file.read_text())
    except FileNotFoundError:
        return
    for entry in stored:
        family = Metric(entry["name"], entry["text"], entry["type"])
        for name, labels, value in entry["samples"]:
            family.add_sample(name, labels, value)
        yield family
