"""Which Content-Type a file name has, and what keeps an uploaded page from acting in our name."""

from collections.abc import Mapping
from mimetypes import MimeTypes
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from app.files.records import UNKNOWN_MIME

PLAYLIST: Final = "application/vnd.apple.mpegurl"

_AUDIO: Final[Mapping[str, str]] = {
    ".aac": "audio/aac",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".amr": "audio/amr",
    ".ac3": "audio/ac3",
    ".asf": "video/x-ms-asf",
    ".caf": "audio/x-caf",
    ".fla": "audio/flac",
    ".flac": "audio/flac",
    ".flv": "video/x-flv",
    ".m2ts": "video/mp2t",
    ".m2t": "video/mp2t",
    ".m3u8": PLAYLIST,
    ".m4a": "audio/mp4",
    ".mka": "audio/x-matroska",
    ".mkv": "video/x-matroska",
    ".mp3": "audio/mpeg",
    ".mxf": "application/mxf",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".opus": "audio/ogg",
    ".ts": "video/mp2t",
    ".w64": "audio/x-w64",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".wma": "audio/x-ms-wma",
    ".wmv": "video/x-ms-wmv",
}

_BUILT_IN: Final = MimeTypes()  # Python's own table: the same on every machine, whatever its /etc/mime.types says

_INERT_IMAGE_EXCEPTIONS: Final = frozenset({"image/svg+xml"})
_SANDBOX: Final = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def content_type(name: str) -> str:
    """By the last extension; a compressed file is what it is on disk and never a Content-Encoding."""
    known = _AUDIO.get(PurePosixPath(name).suffix.lower())
    if known is not None:
        return known
    guessed, encoding = _BUILT_IN.guess_type(PurePosixPath(name).name)
    return UNKNOWN_MIME if guessed is None or encoding is not None else guessed


def guard_headers(media_type: str) -> dict[str, str]:
    """Headers of a client's own file: it is what it says, and whatever could run a script runs nowhere near our origin.

    Media is left out of the sandbox, because a browser applies it to the page in which it plays a file that is opened directly.
    """
    headers = {"X-Content-Type-Options": "nosniff"}
    kind = media_type.partition("/")[0]
    if kind not in {"audio", "video", "image"} or media_type in _INERT_IMAGE_EXCEPTIONS:
        headers["Content-Security-Policy"] = _SANDBOX
    return headers


def attachment(name: str) -> str:
    """A Content-Disposition that saves under `name`: RFC 6266 with both forms, the extended one of RFC 8187 for what is no plain ASCII."""
    plain = "".join(char if " " <= char < "\x7f" and char not in '"\\%' else "_" for char in name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{extended}'
