"""Every class of the npm client, driven by client.mjs; here is what it must have seen."""

import re
from typing import Any

import pytest

from tests.service import ACCOUNT, Service

pytestmark = pytest.mark.asyncio(loop_scope="package")

Seen = Any


async def test_upload_manager_takes_every_kind_of_small_file(seen: Seen, service: Service) -> None:
    uploads = seen["uploads"]
    assert (uploads["empty"]["size"], uploads["emptyBytes"]) == (0, 0)
    assert re.fullmatch(r"/uploads/\d{4}/\d\d/\d\d/[\w]+\d\d-hello there\.txt", uploads["text"]["filePath"])
    assert uploads["text"]["mime"] == "text/plain"
    small = uploads["small"]
    assert re.fullmatch(r"/sdk/small-\d{4}\.mp3", small["filePath"])
    assert (small["metadata"], small["tags"], small["originalFileName"]) == ({"artist": "nobody"}, ["one", "two"], "x.mp3")
    assert small["fileUrl"] == f"{service.url}/{ACCOUNT}/raw{small['filePath']}"
    assert small["etag"]
    assert uploads["smallText"] == "small"


async def test_only_a_secret_key_overwrites(seen: Seen) -> None:
    uploads = seen["uploads"]
    assert uploads["again"]["code"] == "file_already_exists"
    assert uploads["replaced"]["text"] == "newer"
    assert uploads["replaced"]["etag"] != uploads["small"]["etag"]
    assert seen["wrongKey"]["code"] == "unauthorized"


async def test_upload_manager_takes_200_megabytes_from_a_buffer_and_from_a_stream(seen: Seen) -> None:
    large = seen["large"]
    assert large["progress"] == 100
    for way in ("buffer", "stream"):
        assert (large[way]["size"], large[way]["sha256"]) == (200_000_000, large["sha256"])


async def test_upload_api_by_hand(seen: Seen) -> None:
    api = seen["uploadApi"]
    assert api["begun"]["file"]["etag"] is None
    assert api["begun"]["uploadParts"] == {"count": 1, "first": api["part"]}
    assert api["part"]["range"] == {"inclusiveStart": 0, "inclusiveEnd": 2}
    assert (api["before"], api["after"]) == ({"remainingUploadParts": [0]}, {"remainingUploadParts": []})
    assert api["completed"]["status"] == "Completed"
    assert api["completed"]["etag"]


async def test_upload_from_url(seen: Seen) -> None:
    api = seen["uploadApi"]
    assert api["fromUrl"]["filePath"] == "/sdk/fetched.txt"
    assert "Disallow" in api["fetched"]
    assert api["refused"]["code"] == "invalid_url"


async def test_file_api(seen: Seen) -> None:
    api = seen["fileApi"]
    assert api["details"]["etag"] == seen["uploads"]["replaced"]["etag"]
    assert api["copied"] == {"status": "Copied"}
    assert api["copyDetails"]["size"] == api["details"]["size"]
    assert api["gone"]["code"] == "file_not_found"
    assert [api[batch]["status"] for batch in ("copyBatch", "deleteBatch")] == ["Succeeded"] * 2
    assert api["left"] == ["/sdk/many/2.mp3"]


async def test_processing_and_saving(seen: Seen) -> None:
    done = seen["processing"]
    assert done["first"]["status"] in {"Running", "Succeeded"}
    assert done["job"]["summary"]["result"]["artifact"] == "/audio.mp3"
    assert done["size"] > 100_000
    assert done["meta"]["tracks"][0]["codec"] == "PCM"
    assert (done["saved"]["async"], done["savedJob"]["status"]) == (True, "Succeeded")
    assert (done["savedFile"]["mime"], done["savedFile"]["filePath"]) == ("audio/wav", "/sdk/saved.wav")
    assert (done["sync"]["async"], done["sync"]["filePath"]) == (False, "/sdk/meta.json")


async def test_folder_api(seen: Seen) -> None:
    api = seen["folderApi"]
    assert api["put"]["settings"] == api["got"]["settings"] == {"publicPermissions": []}
    assert api["put"]["virtual"]
    listed = [item for page in api["pages"] for item in page]
    assert listed == sorted(set(listed))
    assert all(len(page) == 2 for page in api["pages"][:-1])
    assert {"/sdk/private/", "/sdk/private/secret.txt", "/sdk/many/", "/sdk/many/2.mp3"} <= set(listed)
    assert [api[job]["status"] for job in ("copied", "copiedBatch", "deleted", "deletedBatch")] == ["Succeeded"] * 4
    folders = {item["folderPath"] for item in api["after"] if item["type"] == "Folder"}
    assert folders == {"/sdk/many", "/sdk/private"}


async def test_job_and_cache_api(seen: Seen) -> None:
    jobs = seen["jobs"]
    assert (jobs["reset"]["jobType"], jobs["resetJob"]["status"]) == ("ResetCacheJob", "Succeeded")
    assert jobs["recent"].count("ProcessFileJob") >= 2
    assert jobs["recent"][0] == "ResetCacheJob"


async def test_url_builder_writes_what_we_answer(seen: Seen, service: Service) -> None:
    assert seen["rawUrl"] == f"{service.url}/{ACCOUNT}/raw/a%20b%21.mp3"
    answer = await service.get(seen["url"].removeprefix(service.url) + "&wait=60")
    assert (answer.status, answer.headers["content-type"]) == (200, "audio/mpeg")


async def test_private_files_stay_private(seen: Seen, service: Service) -> None:
    assert "/sdk/private/" in {item for page in seen["folderApi"]["pages"] for item in page}
    assert (await service.get(f"/{ACCOUNT}/raw/sdk/private/secret.txt")).status in {401, 403}
    allowed = await service.get(f"/{ACCOUNT}/raw/sdk/private/secret.txt", Authorization=f"Bearer {service.secret}")
    assert (allowed.status, allowed.body) == (200, b"hush")
