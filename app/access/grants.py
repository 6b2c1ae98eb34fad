"""What a browser session may do: path permissions of a JWT, as its issuer wrote them (CONTRACT 7, "access_tokens"). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.accounts.permissions import Permission

Scope = Literal["This", "Children", "Grandchildren+"]


class Right(Enum):
    """One thing that a session may be allowed at a path: the permission that a key takes for it, and where a JWT's rule speaks of it."""

    DOWNLOAD = (Permission.FILES_DOWNLOAD, "read", "file", "downloadFile")
    SEE_FILE = (Permission.FILES_READ, "read", "file", "getFileDetails")
    CREATE_FILE = (Permission.FILES_CREATE, "write", "file", "createFile")
    OVERWRITE_FILE = (Permission.FILES_OVERWRITE, "write", "file", "overwriteFile")
    DELETE_FILE = (Permission.FILES_DELETE, "write", "file", "deleteFile")
    LIST_FOLDER = (Permission.FOLDERS_READ, "read", "folder", "listFolderChildren")
    SEE_DESCRIPTION = (Permission.FOLDERS_READ, "read", "folder", "getFolderDescription")
    SEE_PERMISSIONS = (Permission.FOLDERS_READ, "read", "folder", "getFolderPublicPermissions")
    SEE_STORAGE = (Permission.FOLDERS_READ, "read", "folder", "getFolderStorageLayer")
    CREATE_FOLDER = (Permission.FOLDERS_WRITE, "write", "folder", "createVirtualFolder")
    DELETE_FOLDER = (Permission.FOLDERS_WRITE, "write", "folder", "deleteVirtualFolder")
    SET_DESCRIPTION = (Permission.FOLDERS_WRITE, "write", "folder", "setFolderDescription")
    SET_PERMISSIONS = (Permission.FOLDERS_WRITE, "write", "folder", "setFolderPublicPermissions")
    SET_STORAGE = (Permission.FOLDERS_WRITE, "write", "folder", "setFolderStorageLayer")

    @property
    def permission(self) -> Permission:
        """What a key needs for it."""
        return self.value[0]


class _Lenient(BaseModel):
    """Claims that we do not know are no reason to refuse a token."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Match(_Lenient):
    """Which paths a rule speaks of."""

    path: str = Field(pattern="^/", max_length=1000)
    scope: Scope


class PathPermission(_Lenient):
    """One rule. `permissions`: {"read": {"file": {"downloadFile": ["*"], "getFileDetails": true}, "folder": …}, "write": …}."""

    match: Match
    permissions: dict[str, dict[str, dict[str, Any]]] = Field(default_factory=dict)


class TagPermissions(_Lenient):
    """Patterns of the tags that uploads may be given."""

    write: tuple[str, ...] = Field(default=(), max_length=1000)


class Access(_Lenient):
    """The `access` claim."""

    path_permissions: tuple[PathPermission, ...] = Field(default=(), alias="pathPermissions", max_length=1000)
    tag_permissions: TagPermissions | None = Field(default=None, alias="tagPermissions")


class Claims(_Lenient):
    """The claims we read; times are seconds since 1970."""

    exp: int
    account: str | None = Field(default=None, alias="accountId")
    origins: tuple[str, ...] | None = Field(default=None, alias="allowedOrigins")
    access: Access = Access()


@dataclass(frozen=True, slots=True)
class Session:
    """A browser session. Times are epoch seconds; `origins` None: any; `tags` None: it says nothing about tags."""

    account: str
    expires_seconds: int
    origins: tuple[str, ...] | None
    rules: Sequence[PathPermission]
    tags: tuple[str, ...] | None = None

    def decides(self, right: Right, path: str, slug: str = "raw") -> bool | None:
        """What the session says about a right at a path; None: nothing, so that the key's word counts. `slug`: of a download."""
        said = [said for rule in self.rules if _covers(rule.match, path) and (said := _says(rule, right, slug)) is not None]
        return any(said) if said else None

    def denies_below(self, right: Right, folder: str) -> bool:
        """Whether a rule about the folder or something in it says no."""
        inside = folder.rstrip("/") + "/"
        return any((rule.match.path.rstrip("/") + "/").startswith(inside) and _says(rule, right, "raw") is False for rule in self.rules)

    def may_download(self, path: str, slug: str) -> bool:
        """Whether a private file may be read as `slug` (raw or audio)."""
        return self.decides(Right.DOWNLOAD, path, slug) is True

    def is_welcome_from(self, origin: str | None) -> bool:
        """Whether a page of this origin may use the session; requests that name no origin are not from another page's script."""
        return self.origins is None or origin is None or origin in self.origins


def allows(patterns: Sequence[str], slug: str) -> bool:
    """Whether a list of slugs such as `*`, `raw` or `aud*` has this one."""
    return any(pattern == slug or (pattern.endswith("*") and slug.startswith(pattern[:-1])) for pattern in patterns)


def _covers(match: Match, path: str) -> bool:
    """`This`: the path itself; `Children`: directly in it; `Grandchildren+`: deeper."""
    here = match.path.rstrip("/") or "/"
    if match.scope == "This":
        return path == here
    parent = path.rpartition("/")[0] or "/"
    if match.scope == "Children":
        return path != here and parent == here
    return parent != here and path.startswith(here if here == "/" else f"{here}/") and path != here


def _says(rule: PathPermission, right: Right, slug: str) -> bool | None:
    """One rule's word; anything that is no true is no, as long as it is there."""
    _, group, thing, name = right.value
    said = rule.permissions.get(group, {}).get(thing, {}).get(name)
    if said is None or right is not Right.DOWNLOAD:
        return None if said is None else said is True
    return isinstance(said, list) and allows([pattern for pattern in said if isinstance(pattern, str)], slug)
