"""What a caller may do at a path: his key's permissions, and his session's rules, which outrank them where they speak of it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.access.grants import Right, Session, allows
from app.accounts.permissions import Permission
from app.errors import Unauthorized

_NOBODYS_NAME: Final = "\0"
"""No file has it: rules that cover it are those about everything in a folder."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Of one request in one account. `permissions` are the key's, empty without one."""

    permissions: frozenset[Permission]
    session: Session | None

    def allow(self, right: Right, path: str, slug: str = "raw") -> bool:
        """Whether the caller has this right at a file or folder; `slug` is what a download is read as."""
        said = None if self.session is None else self.session.decides(right, path, slug)
        return right.permission in self.permissions if said is None else said

    def allow_below(self, right: Right, folder: str, *, recursive: bool) -> bool:
        """Whether he has it for everything in a folder, whatever that is; `recursive`: and in the folders below."""
        inside = folder.rstrip("/") + "/" + _NOBODYS_NAME
        probed = (inside, f"{inside}/{_NOBODYS_NAME}") if recursive else (inside,)
        is_denied = self.session is not None and self.session.denies_below(right, folder)
        return not is_denied and all(self.allow(right, path) for path in probed)

    def demand(self, right: Right, path: str, slug: str = "raw") -> None:
        """Raise Unauthorized unless he has it."""
        if not self.allow(right, path, slug):
            raise self._refusal(right, f"at '{path}'")

    def demand_below(self, right: Right, folder: str, *, recursive: bool) -> None:
        """Raise Unauthorized unless he has it for everything in the folder."""
        if not self.allow_below(right, folder, recursive=recursive):
            raise self._refusal(right, f"for all that is in '{folder}'")

    def demand_tags(self, tags: Iterable[str]) -> None:
        """Raise Unauthorized for a tag that the session does not allow."""
        if self.session is None:
            return
        allowed = self.session.tags
        if allowed is None:
            allowed = ("*",) if Right.CREATE_FILE.permission in self.permissions else ()
        for tag in tags:
            if not allows(allowed, tag):
                raise Unauthorized(f"This session may not give files the tag '{tag}'.")

    def _refusal(self, right: Right, where: str) -> Unauthorized:
        if self.session is None:
            return Unauthorized(f"This key does not have the permission '{right.permission}'.")
        return Unauthorized(f"This session does not have the right '{right.value[-1]}' {where}, and no key brings it.")
