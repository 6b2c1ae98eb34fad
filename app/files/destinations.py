"""Where an upload goes: what the client says about folder and name, with variables filled in, as one checked path. Pure."""

from dataclasses import dataclass

from app.errors import InvalidRequest
from app.files.path_variables import (
    BASE_FOLDER,
    DEFAULT_FOLDER,
    DEFAULT_NAME,
    DEFAULT_NAME_WITHOUT_ORIGINAL,
    Moment,
    expand,
    needs_original_name,
)
from storage.errors import InvalidKey
from storage.paths import check_path


@dataclass(frozen=True, slots=True)
class Destination:
    """`path` is the whole of it; else a folder and a name, each with a default of its own. All may hold variables."""

    path: str | None = None
    folder: str | None = None
    name: str | None = None
    name_fallback: str | None = None
    folder_variables: bool = True
    name_variables: bool = True


def destination_path(asked: Destination, moment: Moment) -> str:
    """The path of the upload; raises InvalidRequest for variables that do not exist and for paths that cannot be."""
    if asked.path is not None:
        return _checked(expand(asked.path, moment))
    name = _name(asked, moment)
    if "/" in name:
        raise InvalidRequest(f"The file name '{name}' must not contain '/': folders belong into folderPath.")
    return _checked(f"{_folder(asked, moment)}/{name}")


def _name(asked: Destination, moment: Moment) -> str:
    wanted = DEFAULT_NAME if asked.name is None else asked.name
    if moment.original_name is None and asked.name_variables and needs_original_name(wanted):
        wanted = asked.name_fallback or (DEFAULT_NAME_WITHOUT_ORIGINAL if asked.name is None else wanted)
    return expand(wanted, moment) if asked.name_variables or asked.name is None else wanted


def _folder(asked: Destination, moment: Moment) -> str:
    folder = DEFAULT_FOLDER if asked.folder is None else asked.folder
    if asked.folder_variables or asked.folder is None:
        folder = expand(folder, moment)
    folder = folder.rstrip("/")
    return folder if folder.startswith("/") or not folder else f"{BASE_FOLDER}/{folder}"


def _checked(path: str) -> str:
    try:
        return check_path(path)
    except InvalidKey as error:
        raise InvalidRequest(str(error)) from error
