"""The house is broken in every way there is, again and again, under a steady load: nothing may be lost, half, wrong, or billed twice.

One round of each unless SOUNDPATH_FAULT_ROUNDS asks for more (`make faults`).
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.audit import ENDED, TAKEN_OVER, broken_rules
from tests.faults.faults import FAULTS, Fault
from tests.faults.house import House, running_house
from tests.faults.load import KINDS, Load

ROUNDS = int(os.environ.get("SOUNDPATH_FAULT_ROUNDS", "1"))
SETTLED_SECONDS = 120
ROUND_SECONDS = 240  # at most; the machine may be busy

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with running_house(tmp_path_factory.mktemp("house")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def load(house: House) -> Load:
    load = Load(house.webs)
    await load.learn()
    return load


@pytest.mark.timeout(60 + ROUNDS * ROUND_SECONDS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_nothing_is_lost(fault: Fault, house: House, load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    if fault.needs is not None and getattr(house, fault.needs) is None:
        pytest.skip(fault.reason)
    recovered = [await _round(fault, house, load) for _ in range(ROUNDS)]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{fault.name}: {len(recovered)} rounds, recovered after {statistics.median(recovered):.1f} s (p50), "
            f"{max(recovered):.1f} s (max); {dict(load.clients.counts)}, {len(load.listeners.variants)} variants heard live, "
            f"{house.sql(TAKEN_OVER)} of them in more than one hand; slowest: {_shown(load)}\n"
        )


async def _round(fault: Fault, house: House, load: Load) -> float:
    await load.warm_up()
    async with load.running():
        begun = await fault.strike(house, load)
        async with asyncio.TaskGroup() as canaries:
            for node in house.webs:
                canaries.create_task(load.make(KINDS[0], node))
        recovered_seconds = time.monotonic() - begun
        await house.revive()
    async with asyncio.timeout(SETTLED_SECONDS):
        while await asyncio.to_thread(house.sql, ENDED) != "t":  # noqa: ASYNC110 (only rows tell)
            await asyncio.sleep(0.2)
    await load.listeners.compare()
    assert not load.clients.violations
    assert not await asyncio.to_thread(broken_rules, house, set(load.jobs.values()), load.listeners.variants)
    return recovered_seconds


def _shown(load: Load) -> str:
    return ", ".join(f"{what} {seconds:.1f} s" for what, seconds in load.clients.slowest_seconds.items())
