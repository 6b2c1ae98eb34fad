"""What a browser session may do: path permissions of a JWT, as its issuer wrote them (CONTRACT 7, "access_tokens"). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.accounts.permissions import Permission

Scope = Literal["This", "Children", "Grandchildren+"]

# Where each permission stands in a JWT: group, thing, and the name of its flag.
_FLAGS: Final[Mapping[Permission, tuple[str, str, str]]] = {
    Permission.FILES_READ: ("read", "file", "getFileDetails"),
    Permission.FILES_CREATE: ("write", "file", "createFile"),
    Permission.FILES_OVERWRITE: ("write", "file", "overwriteFile"),
    Permission.FILES_DELETE: ("write", "file", "deleteFile"),
    Permission.FOLDERS_READ: ("read", "folder", "listFolderChildren"),
    Permission.FOLDERS_WRITE: ("write", "folder", "createVirtualFolder"),
}


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


class Access(_Lenient):
    """The `access` claim."""

    path_permissions: tuple[PathPermission, ...] = Field(default=(), alias="pathPermissions", max_length=1000)


class Claims(_Lenient):
    """The claims we read; times are seconds since 1970."""

    exp: int
    account: str | None = Field(default=None, alias="accountId")
    origins: tuple[str, ...] | None = Field(default=None, alias="allowedOrigins")
    access: Access = Access()


@dataclass(frozen=True, slots=True)
class Session:
    """A browser session. Times are epoch seconds; `origins` None: any."""

    account: str
    expires_seconds: int
    origins: tuple[str, ...] | None
    rules: Sequence[PathPermission]

    def decides(self, permission: Permission, path: str) -> bool | None:
        """What the session says about a permission at a path; None: nothing, so that the key's word counts."""
        group, thing, flag = _FLAGS.get(permission, ("", "", ""))
        said = [rule.permissions.get(group, {}).get(thing, {}).get(flag) for rule in self.rules if _covers(rule.match, path)]
        flags = [value is True for value in said if value is not None]
        return any(flags) if flags else None

    def may_download(self, path: str, slug: str) -> bool:
        """Whether a private file may be read as `slug` (raw or audio)."""
        patterns = [
            pattern
            for rule in self.rules
            if _covers(rule.match, path)
            for pattern in _strings(rule.permissions.get("read", {}).get("file", {}).get("downloadFile"))
        ]
        return allows(patterns, slug)

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


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
