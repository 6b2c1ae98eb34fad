"""One service for tests that change nothing in it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.service import Service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with Service(tmp_path_factory.mktemp("shared")) as running:
        yield running


@pytest.fixture
def shared(_service: Service) -> Service:
    return _service
