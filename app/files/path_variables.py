"""Path variables: `{UTC_DATE}` and others in the paths of uploads become what they say (CONTRACT 7). Pure: the moment is given."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from app.accounts.accounts import BASE58
from app.errors import InvalidRequest

DEFAULT_FOLDER: Final = "/uploads/{UTC_YEAR}/{UTC_MONTH}/{UTC_DAY}"
DEFAULT_NAME: Final = "{UTC_TIME_TOKEN_INVERSE}{UNIQUE_DIGITS_2}-{ORIGINAL_FILE_NAME}{ORIGINAL_FILE_EXT}"
DEFAULT_NAME_WITHOUT_ORIGINAL: Final = "{UTC_TIME_TOKEN_INVERSE}{UNIQUE_DIGITS_2}"
BASE_FOLDER: Final = "/uploads"  # what relative folders are relative to

MAX_UNIQUE_DIGITS: Final = 32
MAX_ORIGINAL_BYTES: Final = 180  # of 255 that a segment has: tokens stand in front of it
INVERSE_OF_MS: Final = 10**13

# A backslash keeps the brace behind it as it is.
_TOKEN: Final = re.compile(r"\\(?P<escaped>[{\\])|\{(?P<name>[A-Z0-9_]+)\}")
_EXTENSION: Final = re.compile("[A-Za-z0-9]{1,16}")
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f/\\]")
_FORMATS: Final = {
    "UTC_DATE": "%Y-%m-%d",
    "UTC_YEAR": "%Y",
    "UTC_MONTH": "%m",
    "UTC_DAY": "%d",
    "UTC_HOUR": "%H",
    "UTC_MINUTE": "%M",
    "UTC_SECOND": "%S",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """What variables are filled from: the time in epoch milliseconds, random digits, and the name on the client's device."""

    now_ms: int
    digits: Callable[[int], str]
    original_name: str | None

    @property
    def stem(self) -> str:
        """The original name without its extension, fit for a path."""
        return _split(self.original_name)[0]

    @property
    def extension(self) -> str:
        """The extension with its dot, or nothing."""
        return _split(self.original_name)[1]


def expand(template: str, moment: Moment) -> str:
    """Fill in; raises InvalidRequest for variables that do not exist."""
    return _TOKEN.sub(lambda found: found["escaped"] or _value(found["name"], moment), template)


def needs_original_name(template: str) -> bool:
    """Whether a template speaks of a name that the client may not have given."""
    return any(found["name"] == "ORIGINAL_FILE_NAME" for found in _TOKEN.finditer(template))


def base58(number: int) -> str:
    """A positive integer in base58, which sorts like the number as long as the length is the same."""
    digits = ""
    while number:
        number, rest = divmod(number, 58)
        digits = BASE58[rest] + digits
    return digits or BASE58[0]


def _value(name: str, moment: Moment) -> str:
    if name in _FORMATS:
        return datetime.fromtimestamp(moment.now_ms // 1000, UTC).strftime(_FORMATS[name])
    digits = re.fullmatch(r"UNIQUE_DIGITS_([1-9][0-9]?)", name)
    if digits and int(digits[1]) <= MAX_UNIQUE_DIGITS:
        return moment.digits(int(digits[1]))
    known = {
        "ORIGINAL_FILE_NAME": moment.stem,
        "ORIGINAL_FILE_EXT": moment.extension,
        "UTC_MILLISECOND": f"{moment.now_ms % 1000:03}",
        "UTC_TIME_TOKEN": base58(moment.now_ms),
        "UTC_TIME_TOKEN_INVERSE": base58(INVERSE_OF_MS - moment.now_ms),
    }
    if name not in known:
        raise InvalidRequest(f"There is no path variable '{{{name}}}'. A literal '{{' is written '\\{{'.")
    return known[name]


def _split(name: str | None) -> tuple[str, str]:
    """A client's file name as stem and extension, without anything that means something in a path, and not too long."""
    safe = _UNSAFE.sub("_", name or "").strip()
    stem, dot, extension = safe.rpartition(".")
    if not dot or not stem or not _EXTENSION.fullmatch(extension):
        stem, extension = safe, ""
    shortened = stem.encode("utf-8", "replace")[:MAX_ORIGINAL_BYTES].decode(errors="ignore")
    return shortened, f".{extension}" if extension else ""
