"""Files on the wire."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.web.api.shapes.wire_model import Answered, Asked, EpochMs, FilePath

MAX_BATCH = 1000

Metadata = Annotated[dict[str, Any], Field(max_length=100, description="The client's own facts about a file.")]
Tag = Annotated[str, Field(min_length=1, max_length=100)]
Tags = Annotated[list[Tag], Field(max_length=25)]


class FileQuery(Asked):
    """Which file."""

    file_path: FilePath


class FileDetails(Answered):
    """Everything known about a file. `etag` is null while it is being uploaded."""

    account_id: str
    etag: str | None
    file_path: FilePath
    file_url: str
    last_modified: EpochMs
    metadata: Metadata
    mime: str
    original_file_name: str | None
    size: int
    tags: Tags


class CopiedMetadata(Asked):
    """The copy's metadata."""

    value: Metadata | None = None
    merge: bool = Field(False, description="Add to the original's instead of replacing it.")


class CopiedTags(Asked):
    """The copy's tags."""

    value: Tags | None = None
    merge: bool = Field(False, description="Add to the original's instead of replacing them.")


class CopyFileRequest(Asked):
    """One file to copy."""

    source: FilePath
    destination: FilePath
    metadata: CopiedMetadata | None = None
    tags: CopiedTags | None = None


class CopyFileBatchRequest(Asked):
    """Files to copy."""

    files: Annotated[list[CopyFileRequest], Field(min_length=1, max_length=MAX_BATCH)]


class CopyFileResponse(Answered):
    """The copy is there."""

    status: Literal["Copied"] = "Copied"


class DeleteFileBatchRequest(Asked):
    """Files to delete."""

    files: Annotated[list[FilePath], Field(min_length=1, max_length=MAX_BATCH)]


class AsyncResponse(Answered):
    """The job that does what was asked."""

    job_docs: str
    job_id: str
    job_type: str
    job_url: str


class ResetCacheRequest(Asked):
    """What to make anew."""

    pattern: Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^/[^*]*\*?$", examples=["/audio/dir/*"])]
    reset_edge_cache: bool = True
    reset_permanent_cache: bool = True
