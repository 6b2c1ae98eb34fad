"""What keys may do: one list of permissions, and which of them each kind of key has (CONTRACT 7)."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class KeyKind(StrEnum):
    """What a key may do at most: public ones may stand in web pages and upload, secret ones everything (CONTRACT 7)."""

    SECRET = "secret"
    PUBLIC = "public"


class Permission(StrEnum):
    """One thing a caller may do. A key's scopes are a selection of these; files of public folders need none to be read."""

    FILES_DOWNLOAD = "files:download"
    """Read private originals and their variants, directly and by signed URL."""
    FILES_READ = "files:read"
    """Details of files."""
    FILES_CREATE = "files:create"
    """Upload to a path that has no file."""
    FILES_OVERWRITE = "files:overwrite"
    FILES_DELETE = "files:delete"
    FOLDERS_READ = "folders:read"
    """List folders and see their settings."""
    FOLDERS_WRITE = "folders:write"
    JOBS_READ = "jobs:read"
    JOBS_CANCEL = "jobs:cancel"
    CACHE_RESET = "cache:reset"
    CALLBACKS = "callbacks"
    KEYS = "keys"
    """Keys and session certificates. Whoever may create keys may give them no more than he has himself."""
    USAGE = "usage"


ALLOWED: Final = {
    KeyKind.SECRET: frozenset(Permission),
    KeyKind.PUBLIC: frozenset({Permission.FILES_CREATE}),
}
"""A public key is known to everybody who reads a page's source: it opens no private file and replaces none."""


def read_scopes(kind: KeyKind, asked: Iterable[str] | None) -> frozenset[Permission] | None:
    """Scopes as somebody asks for them; None, all its kind can have, stays None. Raises ValueError for what the kind cannot have."""
    if asked is None:
        return None
    wanted = set(asked)
    unknown = wanted - {permission.value for permission in ALLOWED[kind]}
    if unknown or not wanted:
        listed = ", ".join(sorted(ALLOWED[kind]))
        named = ", ".join(sorted(unknown)) or "none"
        raise ValueError(f"a {kind.value} key cannot have these scopes: {named}; it can have {listed}")
    return frozenset(Permission(scope) for scope in wanted)
