"""Rights in a whole folder, whatever is in it."""

from collections.abc import Iterable

import pytest

from app.access.grants import PathPermission, Right, Session
from app.access.rights import Rights
from app.accounts.permissions import ALLOWED, KeyKind
from tests.app.access.test_session_rights import rule
from tests.service import ACCOUNT


def rights(kind: KeyKind, path: str, scopes: Iterable[str], value: bool = True) -> Rights:
    rules = [PathPermission.model_validate(each) for each in rule(path, {Right.DELETE_FILE}, value, scopes)]
    return Rights(ALLOWED[kind], Session(ACCOUNT, 0, None, rules))


@pytest.mark.parametrize(
    ("scopes", "recursive", "expected"),
    [(("Children",), False, True), (("Children",), True, False), (("Children", "Grandchildren+"), True, True), (("This",), False, False)],
)
def test_everything_in_a_folder(scopes: tuple[str, ...], recursive: bool, expected: bool) -> None:
    granted = rights(KeyKind.PUBLIC, "/a", scopes)
    assert granted.allow_below(Right.DELETE_FILE, "/a", recursive=recursive) is expected
    assert not granted.allow_below(Right.DELETE_FILE, "/b", recursive=recursive)


@pytest.mark.parametrize(("folder", "expected"), [("/", False), ("/a", False), ("/a/b", False), ("/ab", True)])
def test_a_denial_in_the_folder_denies_the_folder(folder: str, expected: bool) -> None:
    assert rights(KeyKind.SECRET, "/a/b", ["This"], value=False).allow_below(Right.DELETE_FILE, folder, recursive=True) is expected
