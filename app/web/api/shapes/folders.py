"""Folders on the wire."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from app.web.api.shapes.files import MAX_BATCH, CopiedMetadata, CopiedTags
from app.web.api.shapes.layers import StorageLayer, StorageLayerUpdate
from app.web.api.shapes.wire_model import Answered, Asked, EpochMs, FilePath, FolderPath

MAX_PAGE = 1000
DEFAULT_PAGE = 50

Pattern = Annotated[str, Field(min_length=1, max_length=100, examples=["*", "raw", "audio"])]


class FileGrants(Asked):
    """Which of a file's addresses anybody may read; none: the files are private."""

    download_file: Annotated[list[Pattern], Field(max_length=100)]


class PublicGrants(Asked):
    """What anybody may do."""

    file: FileGrants


class PublicPermissions(Asked):
    """What anybody may do with the files directly in a folder (Children) or deeper (Grandchildren+)."""

    permissions: PublicGrants
    scope: Literal["This", "Children", "Grandchildren+"]


class DescriptionChange(Asked):
    """`set: false` leaves it; without a value it is taken away."""

    set: bool
    value: Annotated[str, Field(max_length=1000)] | None = None


class PermissionsChange(Asked):
    """`set: false` leaves them; without a value they are inherited again."""

    set: bool
    value: Annotated[list[PublicPermissions], Field(max_length=10)] | None = None


class StorageLayerChange(Asked):
    """`set: false` leaves it; without a value it is inherited again."""

    set: bool
    value: StorageLayerUpdate | None = None


class FolderChanges(Asked):
    """What to change; what is left out stays."""

    description: DescriptionChange | None = None
    public_permissions: PermissionsChange | None = None
    storage_layer: StorageLayerChange | None = None


class PutFolderRequest(Asked):
    """Create a folder or change its settings."""

    folder_path: FolderPath
    folder_settings: FolderChanges | None = None
    allow_unnamed_folder: bool = False


def _is_none(value: object) -> bool:
    return value is None


class FolderSettings(Answered):
    """What a folder itself says; what is left out it inherits."""

    description: Annotated[str | None, Field(exclude_if=_is_none)] = None
    public_permissions: Annotated[list[PublicPermissions] | None, Field(exclude_if=_is_none)] = None
    storage_layer: Annotated[StorageLayer | None, Field(exclude_if=_is_none)] = None


class InheritedPermissions(Answered):
    """From which folder, and what."""

    folder_path: FolderPath
    value: list[PublicPermissions]


class InheritedStorageLayer(Answered):
    """From which folder, and what."""

    folder_path: FolderPath
    value: StorageLayer


class InheritedSettings(Answered):
    """What holds where the folder itself says nothing."""

    public_permissions: Annotated[InheritedPermissions | None, Field(exclude_if=_is_none)] = None
    storage_layer: Annotated[InheritedStorageLayer | None, Field(exclude_if=_is_none)] = None


class FolderSummary(Answered):
    """A folder. `virtual`: somebody has created it; others go with their last file."""

    type: Literal["Folder"] = "Folder"
    folder_path: FolderPath
    settings: FolderSettings
    virtual: bool


class FolderDetails(FolderSummary):
    """A folder with what it inherits."""

    settings_inherited: InheritedSettings


class FileSummary(Answered):
    """A file of a listing."""

    type: Literal["File"] = "File"
    file_path: FilePath
    file_url: str
    last_modified: EpochMs
    size: int


class FolderQuery(Asked):
    """Which folder."""

    folder_path: FolderPath


class ListFolderQuery(FolderQuery):
    """Which page of which folder."""

    cursor: Annotated[str, Field(max_length=2000)] = ""
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    recursive: bool = False
    dry_run: bool = False
    include_files: bool = True
    include_physical_folders: bool = True
    include_virtual_folders: bool = True
    include_overridden_storage: bool = True


class ListFolderResponse(Answered):
    """A page. Pass `cursor` on for the next one until `isPaginationComplete`."""

    cursor: str
    folder: FolderSummary
    is_pagination_complete: bool
    items: list[FileSummary | FolderSummary]


class DeleteFolderRequest(Asked):
    """A folder to delete, with all that is in it."""

    folder_path: FolderPath
    delete_files: bool = True
    delete_virtual_folders: bool = True
    recursive: bool = True


class DeleteFolderBatchRequest(Asked):
    """Folders to delete."""

    folders: Annotated[list[DeleteFolderRequest], Field(min_length=1, max_length=MAX_BATCH)]


class CopyFolderRequest(Asked):
    """A folder to copy, with all that is in it."""

    source: FolderPath
    destination: FolderPath
    copy_files: bool = True
    copy_virtual_folders: bool = True
    copy_overridden_storage: bool = False
    recursive: bool = True
    metadata: CopiedMetadata | None = None
    tags: CopiedTags | None = None

    @model_validator(mode="after")
    def _apart(self) -> "CopyFolderRequest":
        if (self.destination.rstrip("/") + "/").startswith(self.source.rstrip("/") + "/"):
            raise ValueError("a folder cannot be copied into itself")
        return self


class CopyFolderBatchRequest(Asked):
    """Folders to copy."""

    folders: Annotated[list[CopyFolderRequest], Field(min_length=1, max_length=MAX_BATCH)]
