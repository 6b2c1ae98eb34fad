"""Delivery parameters: how an answer is cached, held, signed and named, and nothing about how it sounds (CONTRACT 2 and 9).

Every name may be written with hyphens; the npm client sends both spellings at once. A parameter given twice counts as given last.
None of them but `version` is part of a variant's identity.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from app.jobs.job import Keep
from app.jobs.stream import PlaylistForm
from app.web.address import ARTIFACT_PARAMETERS, VERSION_PARAMETERS
from transforms.errors import InvalidParameter
from transforms.params import Params

MAX_WAIT_SECONDS = 60
MAX_TTL_SECONDS = 2**31 - 1  # RFC 9111 1.2.2: no cache need know a greater delta-seconds
FIRST_MILLISECONDS = 10**11  # an `exp` from here on is in ms: as seconds it would be the year 5138, as ms it is 1973

PARAMETERS: Final = (
    "cache",
    "cache_ttl",
    "cache_ttl_404",
    "cache_only",
    "cache_perm",
    "version",
    "download",
    "wait",
    "playlist",
    "exp",
    "sig",
    "artifact",
    "callback",
)
_ALIASES: Final = {VERSION_PARAMETERS[1]: "version", ARTIFACT_PARAMETERS[0]: "artifact"}

NAMES: Final = frozenset({*PARAMETERS, *_ALIASES})
"""Every name that one of them has, with underscores."""

_SECONDS = re.compile(r"[0-9]{1,10}")
_WAIT = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?")
_EPOCH = re.compile(r"[0-9]{1,15}")


class CachePermanence(StrEnum):
    """`cache_perm`: `false` keeps a variant until it is 24 hours unused."""

    AUTO = "auto"
    TRUE = "true"
    FALSE = "false"


_E = TypeVar("_E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery parameters of one request, defaults filled. `expires_ms` is None without `exp` and for exp=inf."""

    cache: bool = True
    cache_ttl_seconds: int | None = None
    cache_ttl_404_seconds: int | None = None
    cache_only: bool = False
    cache_perm: CachePermanence = CachePermanence.AUTO
    version: str | None = None
    download: bool = False
    wait_seconds: float = 0
    playlist: PlaylistForm = PlaylistForm.VOD
    expires_ms: int | None = None
    sig: str | None = None
    artifact: str | None = None
    callback: str | None = None

    @property
    def keep(self) -> Keep:
        """How long the artifacts of a run for this request stay."""
        if not self.cache:
            return Keep.NOTHING
        return Keep.DAY_UNUSED if self.cache_perm is CachePermanence.FALSE else Keep.PERMANENT


def parse_delivery(params: Params) -> Delivery:
    """Read the delivery parameters among `params`; others are ignored. Raises InvalidParameter."""
    given = {}
    for name, value in params:
        given[_canonical_name(name)] = (name, value)
    asked = _Asked(given)
    return Delivery(
        cache=asked.flag("cache", True),
        cache_ttl_seconds=asked.seconds("cache_ttl"),
        cache_ttl_404_seconds=asked.seconds("cache_ttl_404"),
        cache_only=asked.flag("cache_only", False),
        cache_perm=asked.choice("cache_perm", CachePermanence.AUTO),
        version=asked.text("version"),
        download=asked.flag("download", False),
        wait_seconds=asked.wait("wait"),
        playlist=asked.choice("playlist", PlaylistForm.VOD),
        expires_ms=asked.epoch("exp"),
        sig=asked.text("sig"),
        artifact=asked.text("artifact"),
        callback=asked.text("callback"),
    )


def _canonical_name(name: str) -> str:
    spelled = name.replace("-", "_")
    return _ALIASES.get(spelled, spelled)


class _Asked:
    """The values given, by canonical name, each with the name it was given under; reads them as what they must be."""

    def __init__(self, given: Mapping[str, tuple[str, str]]) -> None:
        self._given = given

    def text(self, name: str) -> str | None:
        return self._given[name][1] if name in self._given else None

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name)
        if value not in (None, "true", "false"):
            raise self._refusal(name, "allowed are true, false")
        return default if value is None else value == "true"

    def choice(self, name: str, default: _E) -> _E:
        kind = type(default)
        value = self.text(name)
        try:
            return default if value is None else kind(value)
        except ValueError:
            raise self._refusal(name, f"allowed are {', '.join(kind)}") from None

    def seconds(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not _SECONDS.fullmatch(value) or int(value) > MAX_TTL_SECONDS:
            raise self._refusal(name, f"allowed are whole seconds from 0 to {MAX_TTL_SECONDS}")
        return int(value)

    def wait(self, name: str) -> float:
        value = self.text(name)
        if value is None:
            return 0
        if not _WAIT.fullmatch(value) or float(value) > MAX_WAIT_SECONDS:
            raise self._refusal(name, f"allowed are seconds from 0 to {MAX_WAIT_SECONDS}")
        return float(value)

    def epoch(self, name: str) -> int | None:
        value = self.text(name)
        if value in (None, "inf"):
            return None
        if not _EPOCH.fullmatch(str(value)):
            raise self._refusal(name, "allowed are a Unix time in seconds or milliseconds, and inf")
        time = int(str(value))
        return time if time >= FIRST_MILLISECONDS else time * 1000

    def _refusal(self, name: str, allowed: str) -> InvalidParameter:
        given_name, value = self._given[name]
        return InvalidParameter(given_name, value, allowed)
