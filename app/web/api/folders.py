"""Folders (CONTRACT 7): listing, settings; deleting and copying as jobs."""

from typing import Final

from app.access.grants import Right
from app.access.rights import Rights
from app.accounts.permissions import Permission
from app.files.contents import Page
from app.files.folders import FolderTree, below_prefix, parent_path
from app.files.records import FileRecord
from app.jobs.orders import COPY_FOLDERS, DELETE_FOLDERS
from app.web.api.endpoint import Call, Endpoint
from app.web.api.file_answers import async_response, file_url
from app.web.api.folder_answers import SEES, folder_details, folder_summary
from app.web.api.shapes.files import AsyncResponse
from app.web.api.shapes.folders import (
    CopyFolderBatchRequest,
    CopyFolderRequest,
    DeleteFolderBatchRequest,
    DeleteFolderRequest,
    FileSummary,
    FolderDetails,
    FolderQuery,
    FolderSummary,
    ListFolderQuery,
    ListFolderResponse,
    PutFolderRequest,
)
from app.web.api.storage_layers import check_bucket, origin_url, stored_changes
from app.web.keys import CONTENTS, FETCHER, FOLDERS, ORDERS, RETENTION
from storage.paths import check_path

_SETS: Final = {
    "description": Right.SET_DESCRIPTION,
    "public_permissions": Right.SET_PERMISSIONS,
    "storage_layer": Right.SET_STORAGE,
}


async def list_folder(call: Call) -> ListFolderResponse:
    """GET …/folders/list."""
    asked: ListFolderQuery = call.query
    path = folder_path(asked.folder_path)
    call.rights.demand(Right.LIST_FOLDER, path)
    tree = await call.request.app[FOLDERS].tree(call.account)
    listing, cursor = await call.request.app[CONTENTS].page(call.account, Page(path, asked.cursor, asked.limit, asked.recursive))
    items = [_item(call, tree, item) for item in listing.items if _is_wanted(asked, tree, item) and _is_listable(call, item)]
    return ListFolderResponse(
        cursor=cursor, folder=folder_summary(call.rights, tree, path), is_pagination_complete=listing.is_last, items=items
    )


async def put_folder(call: Call) -> FolderDetails:
    """PUT …/folders: create it, or change what is named."""
    asked: PutFolderRequest = call.body
    path = folder_path(asked.folder_path)
    changes, credentials = stored_changes(asked.folder_settings)
    folders = call.request.app[FOLDERS]
    if path not in (await folders.tree(call.account)).folders:
        call.rights.demand(Right.CREATE_FOLDER, path)
    for name in changes:
        call.rights.demand(_SETS[name], path)
    if (url := origin_url(changes.get("storage_layer"))) is not None:
        call.request.app[FETCHER].check(url)
    await check_bucket(changes.get("storage_layer"), credentials)
    await folders.put(call.account, path, changes, credentials)
    if "storage_layer" in changes:
        await call.request.app[RETENTION].retire_prefix(call.account, below_prefix(path))
    return folder_details(call.rights, await folders.tree(call.account), path)


async def get_folder(call: Call) -> FolderDetails:
    """GET …/folders?folderPath=."""
    path = folder_path(call.query.folder_path)
    if not any(call.rights.allow(right, path) for right in SEES.values()):
        call.rights.demand(Right.LIST_FOLDER, path)
    return folder_details(call.rights, await call.request.app[FOLDERS].tree(call.account), path)


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
    for each in asked:
        path = folder_path(each.folder_path)
        call.rights.demand(Right.DELETE_FOLDER, path)
        if each.recursive:
            call.rights.demand_below(Right.DELETE_FOLDER, path, recursive=True)
        if each.delete_files:
            call.rights.demand_below(Right.DELETE_FILE, path, recursive=each.recursive)
    work = {"folders": [{**each.model_dump(), "folder_path": folder_path(each.folder_path)} for each in asked]}
    return async_response(call.request, await call.request.app[ORDERS].place(call.account, DELETE_FOLDERS, work))


async def _copy(call: Call, asked: list[CopyFolderRequest]) -> AsyncResponse:
    work = []
    for each in asked:
        source, destination = folder_path(each.source), folder_path(each.destination)
        may_overwrite = _may_copy(call.rights, each, source, destination)
        work.append({**each.model_dump(), "source": source, "destination": destination, "may_overwrite": may_overwrite})
    return async_response(call.request, await call.request.app[ORDERS].place(call.account, COPY_FOLDERS, {"folders": work}))


def _may_copy(rights: Rights, asked: CopyFolderRequest, source: str, destination: str) -> bool:
    """Whether files may be replaced; raises Unauthorized where the copy needs what the caller does not have."""
    rights.demand(Right.CREATE_FOLDER, destination)
    if asked.copy_virtual_folders:
        for right in (Right.CREATE_FOLDER, *_SETS.values()):
            rights.demand(right, destination)
            rights.demand_below(right, destination, recursive=asked.recursive)
    if not asked.copy_files:
        return False
    rights.demand_below(Right.DOWNLOAD, source, recursive=asked.recursive)
    rights.demand_below(Right.CREATE_FILE, destination, recursive=asked.recursive)
    return rights.allow_below(Right.OVERWRITE_FILE, destination, recursive=asked.recursive)


def _is_listable(call: Call, item: FileRecord | str) -> bool:
    """In a recursive listing: a session sees the folders that it may list."""
    return call.rights.allow(Right.LIST_FOLDER, parent_path(item if isinstance(item, str) else item.path))


def _is_wanted(asked: ListFolderQuery, tree: FolderTree, item: FileRecord | str) -> bool:
    if isinstance(item, FileRecord):
        return asked.include_files
    folder = tree.folders.get(item)
    if folder is not None and folder.layer is not None and not asked.include_overridden_storage:
        return False
    return asked.include_physical_folders if folder is None else asked.include_virtual_folders


def _item(call: Call, tree: FolderTree, item: FileRecord | str) -> FileSummary | FolderSummary:
    if isinstance(item, str):
        return folder_summary(call.rights, tree, item)
    url = file_url(call.request, call.account, item.path)
    return FileSummary(file_path=item.path, file_url=url, last_modified=item.modified_ms, size=item.size_bytes)


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
        on_paths=True,
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
        on_paths=True,
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
        on_paths=True,
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
        on_paths=True,
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
        on_paths=True,
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
        on_paths=True,
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
        on_paths=True,
    ),
)
