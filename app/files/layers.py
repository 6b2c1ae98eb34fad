"""Storage layers: where the files of a folder come from (CONTRACT 7). Stored as the JSON that clients see, without credentials."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote

INTERNAL_TYPES: Final = frozenset({"InternalStorageV1", "InternalStorageV2"})
GENERIC: Final = "GenericS3"


@dataclass(frozen=True, slots=True)
class InternalLayer:
    """The store of this service."""


@dataclass(frozen=True, slots=True)
class WebLayer:
    """A read-only folder on a web server.

    `forwards_only`: names of query parameters of our URL that go on to the server, `forwards_all_but`: those that do not.
    Exactly one of the two is set.
    """

    base_url: str
    append_query: str
    forwards_only: frozenset[str] | None
    forwards_all_but: frozenset[str] | None

    def forwards(self, name: str) -> bool:
        """Whether a query parameter of this (decoded) name goes on to the server."""
        if self.forwards_only is not None:
            return name in self.forwards_only
        return name not in (self.forwards_all_but or ())

    def url(self, relative_path: str, query: str = "") -> str:
        """The address of a file; `relative_path` begins with '/' and is decoded, `query` is what the client's URL forwards, encoded."""
        address = self.base_url.rstrip("/") + quote(relative_path, safe="/")
        asked = "&".join(part for part in (self.append_query, query) if part)
        return f"{address}?{asked}" if asked else address


@dataclass(frozen=True, slots=True)
class S3Layer:
    """A bucket, read only. `endpoint` is None for Amazon. Keys are prefix + path, relative to the folder unless `absolute_paths`."""

    bucket: str
    region: str
    key_prefix: str
    absolute_paths: bool
    endpoint: str | None
    path_style: bool

    def key(self, path: str, folder_path: str) -> str:
        """The object key of a file of the folder."""
        shown = path if self.absolute_paths else path.removeprefix(folder_path.rstrip("/"))
        return self.key_prefix.removeprefix("/") + (shown if self.key_prefix and not self.key_prefix.endswith("/") else shown[1:])


Layer = InternalLayer | WebLayer | S3Layer


def read_layer(stored: Mapping[str, Any]) -> Layer:
    """The layer of a stored (and once validated) JSON."""
    kind = stored["type"]
    if kind in INTERNAL_TYPES:
        return InternalLayer()
    if kind == "Web":
        return _read_web(stored)
    bucket = stored["bucket"]
    return S3Layer(
        bucket=bucket["bucketName"],
        region=bucket["bucketRegion"],
        key_prefix=bucket["objectKeyPrefix"],
        absolute_paths=stored["useAbsolutePaths"],
        endpoint=bucket["bucketEndpoint"] if kind == GENERIC else None,
        path_style=bucket.get("forcePathStyle", False),
    )


def _read_web(stored: Mapping[str, Any]) -> WebLayer:
    rule = stored.get("queryStringForwarding") or {"type": "Whitelist", "parameters": []}
    names = frozenset(unquote(parameter["name"]) for parameter in rule["parameters"])
    only = rule["type"] == "Whitelist"
    return WebLayer(
        base_url=stored["baseUrl"],
        append_query=stored.get("appendQueryString") or "",
        forwards_only=names if only else None,
        forwards_all_but=None if only else names,
    )
