"""Folders (CONTRACT 7): listing, settings; deleting and copying as jobs."""

from typing import Any, Final

from app.accounts.permissions import Permission
from app.files.contents import Page
from app.files.folders import Folder, FolderTree, below_prefix, parent_path
from app.files.records import FileRecord
from app.jobs.orders import COPY_FOLDERS, DELETE_FOLDERS
from app.web.endpoint import Call, Endpoint
from app.web.file_answers import async_response, file_url
from app.web.keys import CONTENTS, FETCHER, FOLDERS, ORDERS, RETENTION
from app.web.shapes.files import AsyncResponse
from app.web.shapes.folders import (
    CopyFolderBatchRequest,
    CopyFolderRequest,
    DeleteFolderBatchRequest,
    DeleteFolderRequest,
    FileSummary,
    FolderDetails,
    FolderQuery,
    FolderSettings,
    FolderSummary,
    InheritedPermissions,
    InheritedSettings,
    InheritedStorageLayer,
    ListFolderQuery,
    ListFolderResponse,
    PutFolderRequest,
)
from app.web.storage_layers import origin_url, stored_changes
from storage.paths import check_path


async def list_folder(call: Call) -> ListFolderResponse:
    """GET …/folders/list."""
    asked: ListFolderQuery = call.query
    path = folder_path(asked.folder_path)
    tree = await call.request.app[FOLDERS].tree(call.account)
    listing, cursor = await call.request.app[CONTENTS].page(call.account, Page(path, asked.cursor, asked.limit, asked.recursive))
    items = [_item(call, tree, item) for item in listing.items if _is_wanted(asked, tree, item)]
    return ListFolderResponse(cursor=cursor, folder=_summary(tree, path), is_pagination_complete=listing.is_last, items=items)


async def put_folder(call: Call) -> FolderDetails:
    """PUT …/folders: create it, or change what is named."""
    asked: PutFolderRequest = call.body
    path = folder_path(asked.folder_path)
    changes, credentials = stored_changes(asked.folder_settings)
    folders = call.request.app[FOLDERS]
    if (url := origin_url(changes.get("storage_layer"))) is not None:
        call.request.app[FETCHER].check(url)
    await folders.put(call.account, path, changes, credentials)
    if "storage_layer" in changes:
        await call.request.app[RETENTION].retire_prefix(call.account, below_prefix(path))
    return _details(await folders.tree(call.account), path)


async def get_folder(call: Call) -> FolderDetails:
    """GET …/folders?folderPath=."""
    return _details(await call.request.app[FOLDERS].tree(call.account), folder_path(call.query.folder_path))


async def delete_folder(call: Call) -> AsyncResponse:
    """DELETE …/folders."""
    return await _delete(call, [call.body])


async def delete_folders(call: Call) -> AsyncResponse:
    """DELETE …/folders/batch."""
    asked: DeleteFolderBatchRequest = call.body
    return await _delete(call, asked.folders)


async def copy_folder(call: Call) -> AsyncResponse:
    """POST …/folders/copy."""
    return await _copy(call, [call.body])


async def copy_folders(call: Call) -> AsyncResponse:
    """POST …/folders/copy/batch."""
    asked: CopyFolderBatchRequest = call.body
    return await _copy(call, asked.folders)


def folder_path(given: str) -> str:
    """A folder's path as it is stored, without '/' at its end; raises InvalidKey."""
    path = given.rstrip("/")
    return check_path(path) if path else "/"


async def _delete(call: Call, asked: list[DeleteFolderRequest]) -> AsyncResponse:
    work = {"folders": [{**each.model_dump(), "folder_path": folder_path(each.folder_path)} for each in asked]}
    return async_response(call.request, await call.request.app[ORDERS].place(call.account, DELETE_FOLDERS, work))


async def _copy(call: Call, asked: list[CopyFolderRequest]) -> AsyncResponse:
    folders = [{**each.model_dump(), "source": folder_path(each.source), "destination": folder_path(each.destination)} for each in asked]
    work = {"folders": folders, "may_overwrite": Permission.FILES_OVERWRITE in call.caller.permissions}
    return async_response(call.request, await call.request.app[ORDERS].place(call.account, COPY_FOLDERS, work))


def _is_wanted(asked: ListFolderQuery, tree: FolderTree, item: FileRecord | str) -> bool:
    if isinstance(item, FileRecord):
        return asked.include_files
    folder = tree.folders.get(item)
    if folder is not None and folder.layer is not None and not asked.include_overridden_storage:
        return False
    return asked.include_physical_folders if folder is None else asked.include_virtual_folders


def _item(call: Call, tree: FolderTree, item: FileRecord | str) -> FileSummary | FolderSummary:
    if isinstance(item, str):
        return _summary(tree, item)
    url = file_url(call.request, call.account, item.path)
    return FileSummary(file_path=item.path, file_url=url, last_modified=item.modified_ms, size=item.size_bytes)


def _summary(tree: FolderTree, path: str) -> FolderSummary:
    return FolderSummary(folder_path=path, settings=_settings(tree.folders.get(path)), virtual=path in tree.folders)


def _details(tree: FolderTree, path: str) -> FolderDetails:
    folder = tree.folders.get(path)
    return FolderDetails(
        folder_path=path, settings=_settings(folder), virtual=folder is not None, settings_inherited=_inherited(tree, path)
    )


def _settings(folder: Folder | None) -> FolderSettings:
    if folder is None:
        return FolderSettings()
    return FolderSettings.model_validate(
        {"description": folder.description, "publicPermissions": folder.permissions, "storageLayer": folder.layer}
    )


def _inherited(tree: FolderTree, path: str) -> InheritedSettings:
    """What the folders above say."""
    if path == "/":
        return InheritedSettings()
    above = parent_path(path)
    permissions, layer = tree.permissions_of(above), tree.layer_of(above)
    return InheritedSettings(
        public_permissions=_with_folder(InheritedPermissions, permissions, permissions and permissions.permissions),
        storage_layer=_with_folder(InheritedStorageLayer, layer, layer and layer.layer),
    )


def _with_folder(model: Any, folder: Folder | None, value: Any) -> Any:
    return None if folder is None else model.model_validate({"folderPath": folder.path, "value": value})


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/folders/list",
        "ListFolder",
        "What is in a folder, page by page.",
        Permission.FOLDERS_READ,
        list_folder,
        query=ListFolderQuery,
        answer=ListFolderResponse,
    ),
    Endpoint(
        "PUT",
        "/folders",
        "PutFolder",
        "Create a folder or change its settings.",
        Permission.FOLDERS_WRITE,
        put_folder,
        body=PutFolderRequest,
        answer=FolderDetails,
    ),
    Endpoint(
        "GET",
        "/folders",
        "GetFolderDetails",
        "A folder's settings.",
        Permission.FOLDERS_READ,
        get_folder,
        query=FolderQuery,
        answer=FolderDetails,
    ),
    Endpoint(
        "DELETE",
        "/folders",
        "DeleteFolder",
        "Delete a folder, as a job.",
        Permission.FOLDERS_WRITE,
        delete_folder,
        body=DeleteFolderRequest,
        answer=AsyncResponse,
    ),
    Endpoint(
        "DELETE",
        "/folders/batch",
        "DeleteFolderBatch",
        "Delete many folders, as a job.",
        Permission.FOLDERS_WRITE,
        delete_folders,
        body=DeleteFolderBatchRequest,
        answer=AsyncResponse,
    ),
    Endpoint(
        "POST",
        "/folders/copy",
        "CopyFolder",
        "Copy a folder, as a job.",
        Permission.FOLDERS_WRITE,
        copy_folder,
        body=CopyFolderRequest,
        answer=AsyncResponse,
    ),
    Endpoint(
        "POST",
        "/folders/copy/batch",
        "CopyFolderBatch",
        "Copy many folders, as a job.",
        Permission.FOLDERS_WRITE,
        copy_folders,
        body=CopyFolderBatchRequest,
        answer=AsyncResponse,
    ),
)
