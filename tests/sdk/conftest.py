"""One service for the whole folder, and what the client saw of it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.app.web.ports import free_port
from tests.sdk.node import require_node, run_node
from tests.service import Service


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    require_node()
    port = free_port()
    # The client uploads from a URL of the service itself: the operator has to allow that.
    environment = {"SOUNDPATH_DEMO": "true", "SOUNDPATH_PORT": str(port), "SOUNDPATH_FETCH_ALLOWED_HOSTS": f"127.0.0.1:{port}"}
    async with Service(tmp_path_factory.mktemp("sdk"), environment=environment) as running:
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def seen(service: Service) -> Any:
    """What every call of the client has answered."""
    return await run_node("client.mjs", service, originUrl=f"{service.url}/robots.txt")
