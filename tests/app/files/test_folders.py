"""Folder settings copied with their folders."""

from app.files.folders import Folder, Folders
from app.signing.sealing import Sealing
from storage.db import Database
from tests.app.jobs.conftest import database
from tests.service import ACCOUNT

__all__ = ["database"]

WEB = {"type": "Web", "baseUrl": "https://example.org/"}


async def test_a_copied_folder_has_the_settings_of_those_below_it(database: Database) -> None:
    folders = Folders(database, Sealing(bytes(32)))
    await folders.put(ACCOUNT, "/a", {"description": "one", "storage_layer": WEB}, {"key": "k"})
    await folders.put(ACCOUNT, "/a/b", {"description": "two"})
    await folders.put(ACCOUNT, "/ab", {"description": "beside"})
    await folders.put(ACCOUNT, "/c/b", {"description": "replaced"})
    known = (await folders.tree(ACCOUNT)).folders
    await folders.copy_below(ACCOUNT, "/a", "/once", recursive=False)
    await folders.copy_below(ACCOUNT, "/a", "/c", recursive=True)
    copied = (await folders.tree(ACCOUNT)).folders
    credentials = known["/a"].credentials
    assert credentials is not None
    assert copied == known | {
        "/once": Folder("/once", "one", None, WEB, credentials),
        "/c": Folder("/c", "one", None, WEB, credentials),
        "/c/b": Folder("/c/b", "two"),
    }
