"""What the output files of an HLS variant are called: '/audio.m3u8', '/0f/manifest.m3u8', '/0f/seg7.aac' (CONTRACT 3)."""

import re
from dataclasses import dataclass
from typing import Final

from transforms.limits import MAX_VARIANTS
from transforms.spec import ARTIFACT_NAMES, Format

_MEDIA_LIST = re.compile(r"/([0-9])f/manifest\.m3u8")
_SEGMENT = re.compile(r"/([0-9])f/seg(0|[1-9][0-9]{0,8})\.aac")

assert MAX_VARIANTS <= 10, "one digit names a rendition"


@dataclass(frozen=True, slots=True)
class Master:
    """The list of renditions."""

    @property
    def artifact(self) -> str:
        """Its name as an output file."""
        return ARTIFACT_NAMES[Format.HLS_AAC]


@dataclass(frozen=True, slots=True)
class MediaList:
    """The list of one rendition's segments; renditions are counted from 0, in the order of the URL."""

    rendition: int

    @property
    def artifact(self) -> str:
        """Its name as an output file."""
        return f"/{self.rendition}f/manifest.m3u8"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of one rendition, both counted from 0."""

    rendition: int
    index: int

    @property
    def artifact(self) -> str:
        """Its name as an output file."""
        return f"/{self.rendition}f/seg{self.index}.aac"


Name = Master | MediaList | Segment

MASTER: Final = Master()


def parse_name(artifact: str) -> Name | None:
    """What an output file of an HLS variant is; None for names that none ever has. Each file has exactly one name."""
    if artifact == MASTER.artifact:
        return MASTER
    if found := _MEDIA_LIST.fullmatch(artifact):
        return MediaList(int(found[1]))
    if found := _SEGMENT.fullmatch(artifact):
        return Segment(int(found[1]), int(found[2]))
    return None
