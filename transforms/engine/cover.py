"""The cover art of an original, as it lies in the file: never decoded."""

from contextlib import closing

from av.error import FFmpegError
from av.stream import Disposition

from transforms.engine.tags import Cover, cover_of
from transforms.errors import UnsupportedInput
from transforms.probe.guard import open_media

MAX_COVER_BYTES = 4 * 2**20
"""Larger pictures are left out: the tag stands in front of the sound."""


def read_cover(path: str) -> Cover | None:
    """The first attached picture; None where there is none, or none an MP3 can carry. A broken one is no error."""
    picture = read_picture(path)
    return None if picture is None else cover_of(picture)


def read_picture(path: str) -> bytes | None:
    """The bytes of the first attached picture, whatever its type; None where there is none, or one of unreasonable size."""
    try:
        with closing(open_media(path)) as container:
            attached = next((stream for stream in container.streams.video if stream.disposition & Disposition.attached_pic), None)
            packet = None if attached is None else next(container.demux(attached), None)
            return bytes(packet) if packet is not None and 0 < packet.size <= MAX_COVER_BYTES else None
    except (FFmpegError, UnsupportedInput):
        return None
