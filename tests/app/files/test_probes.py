"""What is remembered of originals, refusals included."""

from pathlib import Path

import pytest

from app.files.folders import Folders
from app.files.originals import Originals
from app.files.probes import Probes
from app.signing.sealing import Sealing
from storage.db import Database
from storage.disk import DiskStore
from tests.service import ACCOUNT
from transforms.engine.pool import Engine
from transforms.engine.sandbox import EngineLimits
from transforms.errors import UnsupportedInput


async def test_a_refusal_is_remembered_and_does_not_grow(tmp_path: Path) -> None:
    """An exception that is raised again and again collects a traceback, with all that its frames hold, of every time."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'soundpath.db'}")
    await database.migrate()
    store = DiskStore(tmp_path / "objects")
    originals = Originals(store, None)
    (tmp_path / "text").write_text("no sound")
    await originals.put(ACCOUNT, "/text.mp3", tmp_path / "text")
    async with Engine(EngineLimits(), workers=0, reserved=0) as engine:
        probes = Probes(engine, originals, Folders(database, Sealing(bytes(32))), tmp_path)
        refusals = []
        for _ in range(4):
            with pytest.raises(UnsupportedInput) as refused:
                await probes.describe(ACCOUNT, "/text.mp3")
            refusals.append((refused.value, len(refused.traceback)))
    assert len({id(refusal) for refusal, _ in refusals}) == 1
    assert refusals[1][1] == refusals[3][1]
    store.close()
    await database.close()
