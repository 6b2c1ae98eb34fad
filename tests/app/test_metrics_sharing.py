"""Metrics of several processes, when the disk or the database is in the way."""

import asyncio
import shutil
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric

from app import metrics, metrics_sharing
from app.metrics_sharing import Place
from app.vitals import Part, Vitals
from storage.db import Database
from storage.disk import DiskStore
from tests.app.hls_client import until
from transforms.engine.pool import Engine
from transforms.engine.sandbox import EngineLimits


async def test_figures_that_cannot_be_written_stop_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_sharing, "SNAPSHOT_SECONDS", 0.02)
    folder = tmp_path / "metrics"
    rounds: list[int] = []

    def collect() -> Iterable[Metric]:
        rounds.append(len(rounds))
        return metrics.counted()

    async def is_written() -> bool:
        return bool(list(folder.glob("*.json")))

    async def has_failed() -> bool:
        return len(rounds) > seen + 1

    with closing(Place(folder)) as place:
        writing = asyncio.create_task(place.keep_writing(collect))
        await until(is_written)
        shutil.rmtree(folder)
        seen = len(rounds)
        await until(has_failed)
        folder.mkdir()
        await until(is_written)
        writing.cancel()
        await asyncio.wait({writing})
        assert writing.cancelled()


async def test_a_place_does_not_begin_with_what_its_last_holder_left(tmp_path: Path) -> None:
    (tmp_path / "0.json").write_text("")  # as a power cut leaves it
    with closing(Place(tmp_path)) as place, closing(Place(tmp_path)) as sibling:
        assert (place.number, sibling.number) == (0, 1)
        assert sibling.together([]) == []


async def test_a_database_that_goes_away_between_two_looks_leaves_the_other_figures(tmp_path: Path) -> None:
    store, database = DiskStore(tmp_path / "objects"), Database("postgresql://nobody@127.0.0.1:1/none")
    engine = Engine(EngineLimits(), workers=0, reserved=0)
    looked_at = asyncio.get_running_loop().time()
    healthy = {"database": Part(ok=True, seconds=0.0)}
    vitals = Vitals(tmp_path, database, store, engine, _known=healthy, _asked_at=looked_at)
    assert [family.name for family in await vitals.looked_up()] == [metrics.UP.name, metrics.DISK_FREE_BYTES.name]
    await database.close()
    store.close()
