"""What is known of an HLS variant before all of it is encoded: enough to write its playlists and to find its segments.

Announced in the job's row when its first segment is durable, and once more, with exact bandwidths, when all of them are.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pydantic import TypeAdapter

from transforms.hls.bandwidth import Bandwidth
from transforms.hls.segments import Segmentation
from transforms.plan import Rendition


class PlaylistForm(StrEnum):
    """Form of the hls-aac-rt media lists while they are being encoded (CONTRACT 3). The first request decides for all."""

    VOD = "vod"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Inherited:
    """Segments [start, end) that an earlier attempt has published: they lie in its folder."""

    attempt: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stream:
    """An HLS variant. `attempt` is the one that makes it, and in whose folder every segment lies that was not `inherited`.

    So an attempt that slept or was cut off may go on writing: what it writes after it was replaced has no name in the row.

    `speeds`: seconds of sound encoded per second, measured for each rendition; empty before its first segment.
    `bandwidths` are the exact ones of the finished variant, empty until then; `size_bytes` is its total.
    """

    attempt: int
    form: PlaylistForm
    segments: int
    renditions: tuple[Rendition, ...]
    speeds: tuple[float, ...] = ()
    bandwidths: tuple[Bandwidth, ...] = ()
    size_bytes: int = 0
    inherited: tuple[Inherited, ...] = ()

    @property
    def attempts(self) -> frozenset[int]:
        """The attempts in whose folders its segments lie."""
        return frozenset((self.attempt, *(span.attempt for span in self.inherited)))

    def attempt_of(self, segment: int) -> int:
        """The attempt in whose folder a segment lies, or will."""
        return next((span.attempt for span in self.inherited if span.start <= segment < span.end), self.attempt)

    @property
    def segmentation(self) -> Segmentation:
        """Where its segments begin and end."""
        return Segmentation(self.renditions, self.segments)


_STREAMS: Final[TypeAdapter[Stream]] = TypeAdapter(Stream)


def read_stream(stored: Any) -> Stream | None:
    """The `stream` column of a job's row."""
    return None if stored is None else _STREAMS.validate_python(stored)


def write_stream(stream: Stream) -> Any:
    """The `stream` column's JSON value."""
    return _STREAMS.dump_python(stream, mode="json")
