"""What the player page loads: the files that npm has built into player/dist, read once, served from memory.

The page names them under a hash of all of them, where they never change; the script tag has one address that stays.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from aiohttp import web

import player
from app.errors import RouteNotFound
from app.web.cache_control import IMMUTABLE
from app.web.http.content_type import content_type
from app.web.http.serve import Representation, serve_bytes

DIST: Final = Path(player.__file__).parent / "dist"
SCRIPT_TAG: Final = "soundpath.js"
SCRIPT_TAG_LIFETIME: Final = "public, max-age=3600"
ROUTE: Final = "/player/{hash}/{name}"
SCRIPT_TAG_ROUTE: Final = f"/player/{SCRIPT_TAG}"
PACKED: Final = ".gz"

_GZIP: Final = re.compile(r"gzip(\s*;\s*q=(1(\.0{0,3})?|0\.\d{0,2}[1-9]\d{0,2}))?")  # a weight of 0 refuses it


class PlayerNotBuilt(Exception):
    """player/dist is missing: `make setup` builds it."""


@dataclass(frozen=True, slots=True)
class PlayerAssets:
    """File names to bytes; each also as `{name}.gz`, which the build has packed."""

    files: Mapping[str, bytes]
    hash: str

    @classmethod
    def load(cls, folder: Path = DIST) -> Self:
        """Read what was built; nothing, when nothing was."""
        files = {file.name: file.read_bytes() for file in sorted(folder.glob("*")) if not file.name.startswith(".")}
        total = hashlib.sha256()
        for name, content in files.items():
            total.update(f"{name}\0{len(content)}\0".encode() + content)
        return cls(files, total.hexdigest()[:16])

    def path(self, name: str) -> str:
        """Where the page finds a file. Raises PlayerNotBuilt."""
        if name not in self.files:
            raise PlayerNotBuilt(f"{name}: player/dist has not been built, run `make setup`")
        return f"/player/{self.hash}/{name}"


PLAYER: Final = web.AppKey("player", PlayerAssets)


async def asset(request: web.Request) -> web.Response:
    """GET /player/{hash}/{name}."""
    if request.match_info["hash"] != request.app[PLAYER].hash:
        raise RouteNotFound
    return _serve(request, request.match_info["name"], IMMUTABLE)


async def script_tag(request: web.Request) -> web.Response:
    """GET /player/soundpath.js."""
    return _serve(request, SCRIPT_TAG, SCRIPT_TAG_LIFETIME)


def _serve(request: web.Request, name: str, lifetime: str) -> web.Response:
    files = request.app[PLAYER].files
    if name not in files or name.endswith(PACKED):
        raise RouteNotFound
    packed = _accepts_gzip(request) and f"{name}{PACKED}" in files
    body = files[f"{name}{PACKED}" if packed else name]
    media_type = content_type(name)
    extra = {"Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    if packed:
        extra["Content-Encoding"] = "gzip"
    etag = hashlib.sha256(body).hexdigest()[:32]
    return serve_bytes(request, Representation(etag, f"{media_type}; charset=utf-8", lifetime, extra=extra), body)


def _accepts_gzip(request: web.Request) -> bool:
    """RFC 9110 12.5.3, as far as browsers use it; a Range counts bytes of the plain form."""
    codings = ",".join(request.headers.getall("Accept-Encoding", ())).lower().split(",")
    return "Range" not in request.headers and any(_GZIP.fullmatch(coding.strip()) for coding in codings)
