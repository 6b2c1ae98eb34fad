"""What is in a bucket that files are read from: addresses of its lists are signed here, and their answers read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from storage.errors import StoreUnavailable
from storage.s3_origin import VALID_SECONDS, BucketKeys, OriginBucket, client_of

PAGE_OBJECTS: Final = 1000  # more than this a bucket does not answer at once
MAX_PAGE_BYTES: Final = 8 * 2**20  # 1,000 keys of 1,024 bytes, each byte three characters


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One object of a bucket."""

    key: str
    etag: str
    size_bytes: int
    modified_ms: int


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """Objects in byte order of their keys; more may follow the last one."""

    objects: tuple[ListedObject, ...]
    is_last: bool


def presign_list(bucket: OriginBucket, keys: BucketKeys, prefix: str, after: str) -> str:
    """An address of the page of objects whose key begins with `prefix` and comes after `after` (empty: from the first one)."""
    wanted = {"Bucket": bucket.name, "Prefix": prefix, "MaxKeys": PAGE_OBJECTS, "EncodingType": "url"}
    if after:
        wanted["StartAfter"] = after
    url: str = client_of(bucket, keys).generate_presigned_url("list_objects_v2", Params=wanted, ExpiresIn=VALID_SECONDS)
    return url


def read_page(text: bytes) -> ObjectPage:
    """The answer's objects; raises StoreUnavailable for what is no list."""
    try:
        root = ElementTree.fromstring(text)  # no external entities, and expat bounds what internal ones grow to
        encoded = _text(root, "EncodingType") == "url"
        objects = tuple(_read(each, encoded) for each in root.findall("{*}Contents"))
    except (ElementTree.ParseError, ValueError) as error:
        raise StoreUnavailable("The bucket answered with something that is no list.") from error
    return ObjectPage(objects, is_last=_text(root, "IsTruncated") != "true")


def _read(element: ElementTree.Element, encoded: bool) -> ListedObject:
    key = _text(element, "Key")
    modified = datetime.fromisoformat(_text(element, "LastModified"))
    return ListedObject(
        key=unquote_plus(key) if encoded else key,
        etag=_text(element, "ETag").strip('"'),
        size_bytes=int(_text(element, "Size")),
        modified_ms=int(modified.timestamp() * 1000),
    )


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or ""
