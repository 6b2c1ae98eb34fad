"""What is known about a file besides its bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

UNKNOWN_MIME: Final = "application/octet-stream"  # CONTRACT 7: no mime given


@dataclass(frozen=True, slots=True)
class Described:
    """What a client says about a file it uploads."""

    mime: str = UNKNOWN_MIME
    original_name: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of an account. `mime` is None where nobody has said (library and remote files); times are epoch milliseconds."""

    path: str
    etag: str
    size_bytes: int
    modified_ms: int
    mime: str | None = None
    original_name: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
