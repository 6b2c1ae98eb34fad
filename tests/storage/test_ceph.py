"""The S3 adapter against Ceph's gateway: the same contract on a store of another make. Only where SOUNDPATH_TEST_CEPH=1 asks for it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ulid import ULID

from storage.s3 import PART_BYTES, WHOLE_BYTES, Bucket, S3Store
from tests.servers import BUCKET
from tests.storage.ceph import Ceph, ceph, missing_packages
from tests.storage.contract import StoreContract, read_all

pytestmark = pytest.mark.skipif(os.environ.get("SOUNDPATH_TEST_CEPH") != "1", reason="Ceph is tested by `make test-ceph`")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ceph]:
    if missing := missing_packages():
        pytest.fail(f"Ceph is not installed: sudo apt-get install --no-install-recommends {' '.join(missing)}")
    with ceph(tmp_path_factory.mktemp("ceph")) as started:
        yield started


@pytest.fixture
def store(server: Ceph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Store]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    opened = S3Store(Bucket(BUCKET, f"{ULID()}/", server.endpoint), tmp_path / "lent")
    yield opened
    opened.close()


class TestCephStore(StoreContract):
    pass


async def test_a_large_file_goes_up_and_down_in_parts(store: S3Store, tmp_path: Path) -> None:
    content = os.urandom(WHOLE_BYTES + PART_BYTES // 2)
    file = tmp_path / "large"
    file.write_bytes(content)
    assert (await store.put_file("large", file)).size_bytes == len(content)
    async with store.borrow("large") as path:
        assert path.read_bytes() == content
    assert await read_all(store, "large", PART_BYTES - 5, PART_BYTES + 5) == content[PART_BYTES - 5 : PART_BYTES + 5]
