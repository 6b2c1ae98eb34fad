"""Files that come in one request: received into a scratch file, then published."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from app.errors import InvalidRequest, RequestTooLarge
from app.files.files import Files
from app.files.records import Described, FileRecord
from storage.intake import Intake, TooManyBytes, receive_file
from storage.store import Store


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is about to come. `size_bytes` as the client announces it, None where it does not."""

    account: str
    path: str
    described: Described
    may_overwrite: bool
    size_bytes: int | None = None


class FileIntake:
    """Takes files up to a size, flat in memory."""

    def __init__(self, files: Files, store: Store, scratch_dir: Path, max_bytes: int) -> None:
        self._files = files
        self._store = store
        self._scratch_dir = scratch_dir
        self.max_bytes = max_bytes

    def check_size(self, size_bytes: int | None) -> None:
        """Raise RequestTooLarge for an announced size that is not allowed."""
        if size_bytes is not None and size_bytes > self.max_bytes:
            raise RequestTooLarge(f"Files of more than {self.max_bytes} bytes are not taken.")

    async def take(self, new: NewFile, pieces: AsyncIterator[bytes]) -> FileRecord:
        """Receive and publish; raises RequestTooLarge, StoreFull and what `Files.publish` raises, and leaves nothing then."""
        self.check_size(new.size_bytes)
        await self._files.check_destination(new.account, new.path, may_overwrite=new.may_overwrite)
        await self._store.require_space(new.size_bytes or 0)
        with TemporaryDirectory(dir=self._scratch_dir, prefix="intake-") as folder:
            file = Path(folder) / "content"
            try:
                taken = await receive_file(pieces, file, Intake(self.max_bytes, self._store.require_space))
            except TooManyBytes as error:
                raise RequestTooLarge(f"Files of more than {self.max_bytes} bytes are not taken.") from error
            if new.size_bytes is not None and taken != new.size_bytes:
                raise InvalidRequest(f"{new.size_bytes} bytes were announced, and {taken} came.")
            return await self._files.publish(new.account, new.path, file, new.described, may_overwrite=new.may_overwrite)
