"""Everything about files, put together: what the doors and the worker are given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from app.files.buckets import BucketListing
from app.files.claims import Claims
from app.files.contents import Contents
from app.files.files import Files, Shelf
from app.files.folders import Folders
from app.files.index import FileIndex
from app.files.intake import FileIntake
from app.files.order_work import Depot, OrderWork
from app.files.originals import Originals
from app.files.remote import Elsewhere, Remote
from app.files.save_rows import SaveRows
from app.files.saves import Saves
from app.files.upload_rows import UploadRows
from app.files.uploads import Uploads
from app.jobs.job import Job
from app.jobs.retention import Retention
from app.signing.keys import SigningKeys
from app.signing.requests import RequestSigner
from app.signing.sealing import Sealing
from storage.db import Database
from storage.fetch.fetcher import Fetcher
from storage.parts import Assemblies
from storage.spools import Spools
from storage.store import Store


@dataclass(frozen=True, slots=True)
class FileSettings:
    """Where files are, how large they may be (`max_input_bytes`: to be transformed), and how long an upload may take."""

    library_dir: Path | None
    scratch_dir: Path
    uploads_dir: Path
    max_input_bytes: int
    max_upload_bytes: int
    upload_lifetime_seconds: int


@dataclass(frozen=True, slots=True)
class FileServices:
    """What can be done with files."""

    originals: Originals
    folders: Folders
    files: Files
    contents: Contents
    uploads: Uploads
    intake: FileIntake
    orders: OrderWork
    saves: Saves
    spools: Spools


@dataclass(frozen=True, slots=True)
class FileNeeds:
    """What they are made of."""

    database: Database
    store: Store
    retention: Retention
    sealing: Sealing
    fetcher: Fetcher


async def expire_files(files: FileServices, find_job: Callable[[str, str], Awaitable[Job | None]]) -> int:
    """What is done from time to time: saves that nobody has carried out, and uploads that nobody has finished; how many of these."""
    await files.saves.carry_out_left(find_job)
    return await files.uploads.expire()


def _remote(needs: FileNeeds, spools: Spools, settings: FileSettings) -> Remote:
    signer = RequestSigner(SigningKeys(needs.database, needs.sealing))
    return Remote(needs.fetcher, needs.sealing, spools, signer, settings.max_upload_bytes)


def make_file_services(needs: FileNeeds, settings: FileSettings) -> FileServices:
    """Put together."""
    index = FileIndex(needs.database)
    folders = Folders(needs.database, needs.sealing)
    spools = Spools(settings.scratch_dir, needs.store.require_space)
    elsewhere = Elsewhere(folders, _remote(needs, spools, settings))
    originals = Originals(needs.store, settings.library_dir, elsewhere, settings.max_input_bytes)
    claims = Claims(needs.database)
    files = Files(Shelf(needs.store, originals, index, folders, needs.retention, claims, settings.scratch_dir))
    contents = Contents(index, folders, BucketListing(needs.fetcher, needs.sealing), settings.library_dir)
    assemblies = Assemblies(settings.uploads_dir)
    return FileServices(
        originals=originals,
        folders=folders,
        files=files,
        contents=contents,
        uploads=Uploads(UploadRows(needs.database), assemblies, files, claims, settings.upload_lifetime_seconds),
        intake=FileIntake(files, needs.store, settings.scratch_dir, settings.max_upload_bytes),
        saves=Saves(SaveRows(needs.database), files, needs.store, claims, settings.scratch_dir),
        orders=OrderWork(Depot(files, contents, folders, needs.retention)),
        spools=spools,
    )
