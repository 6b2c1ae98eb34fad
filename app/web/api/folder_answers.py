"""Folders as answers: their settings, own and inherited, as far as the caller may see each of them."""

from typing import Any, Final

from app.access.grants import Right
from app.access.rights import Rights
from app.files.folders import Folder, FolderTree, parent_path
from app.web.api.shapes.folders import (
    FolderDetails,
    FolderSettings,
    FolderSummary,
    InheritedPermissions,
    InheritedSettings,
    InheritedStorageLayer,
)

SEES: Final = {
    "description": Right.SEE_DESCRIPTION,
    "publicPermissions": Right.SEE_PERMISSIONS,
    "storageLayer": Right.SEE_STORAGE,
}


def folder_summary(rights: Rights, tree: FolderTree, path: str) -> FolderSummary:
    """A folder among others, as far as the caller may see its settings."""
    return FolderSummary(folder_path=path, settings=_settings(rights, path, tree.folders.get(path)), virtual=path in tree.folders)


def folder_details(rights: Rights, tree: FolderTree, path: str) -> FolderDetails:
    """A folder and what it inherits, as far as the caller may see it."""
    folder = tree.folders.get(path)
    settings = _settings(rights, path, folder)
    inherited = _inherited(rights, tree, path)
    return FolderDetails(folder_path=path, settings=settings, virtual=folder is not None, settings_inherited=inherited)


def _settings(rights: Rights, path: str, folder: Folder | None) -> FolderSettings:
    """What the caller may see of them."""
    if folder is None:
        return FolderSettings()
    whole = {"description": folder.description, "publicPermissions": folder.permissions, "storageLayer": folder.layer}
    return FolderSettings.model_validate({name: value for name, value in whole.items() if rights.allow(SEES[name], path)})


def _inherited(rights: Rights, tree: FolderTree, path: str) -> InheritedSettings:
    """What the folders above say, as far as the caller may see it here."""
    if path == "/":
        return InheritedSettings()
    above = parent_path(path)
    permissions = tree.permissions_of(above) if rights.allow(Right.SEE_PERMISSIONS, path) else None
    layer = tree.layer_of(above) if rights.allow(Right.SEE_STORAGE, path) else None
    return InheritedSettings(
        public_permissions=_with_folder(InheritedPermissions, permissions, permissions and permissions.permissions),
        storage_layer=_with_folder(InheritedStorageLayer, layer, layer and layer.layer),
    )


def _with_folder(model: Any, folder: Folder | None, value: Any) -> Any:
    return None if folder is None else model.model_validate({"folderPath": folder.path, "value": value})
