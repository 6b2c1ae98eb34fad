"""What travels between the service and an engine child: tasks go in, one outcome comes out, progress in between.

Both directions are JSON lines validated by pydantic: a child that media has taken over can lie, but not execute anything here.
"""

from dataclasses import dataclass
from typing import Literal

from transforms.plan import Plan
from transforms.source import Source


@dataclass(frozen=True, slots=True)
class Span:
    """Frames [start, end) of the rendition's grid; `end` None means up to and including the last frame, with the encoder's flush."""

    start: int = 0
    end: int | None = None


WHOLE = Span()


@dataclass(frozen=True, slots=True)
class Part:
    """Encoded frames of one span of one rendition, in a file of the task's scratch folder.

    `file` is its name there; `samples` counts the decoded samples of the span's own content (a short last frame counts what
    it holds), so that a whole encode's parts add up to the true output length even when the input ended early. `work_seconds` is what
    this rendition alone took of the task's time: resampling and encoding, without the decode that all of them share.
    """

    rendition: int
    span: Span
    file: str
    frames: int
    samples: int
    size_bytes: int
    work_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished output file in the scratch folder. `bitrate_kbps` is what came out, not what was asked for (ENGINE 3 and 4)."""

    file: str
    samples: int
    sample_rate_hz: int
    bitrate_kbps: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Measure:
    """Probe a file completely: its Source with the exact length."""

    path: str
    kind: Literal["measure"] = "measure"


@dataclass(frozen=True, slots=True)
class Describe:
    """List a file's tracks with MediaInfo's names, for f=meta."""

    path: str
    kind: Literal["describe"] = "describe"


@dataclass(frozen=True, slots=True)
class ReadCover:
    """Take the picture that is attached to a file, as it lies there."""

    path: str
    kind: Literal["read_cover"] = "read_cover"


@dataclass(frozen=True, slots=True)
class Encode:
    """Encode pieces of the output, in order; a piece is one span of every rendition, `piece[i]` in frames of rendition i's own grid.

    `paths[i]` is the file that cuts with `source == i` read. A piece's spans should end at nearly the same time: all are fed by one
    decode. Pieces that follow each other are encoded in one go.
    """

    plan: Plan
    paths: tuple[str, ...]
    pieces: tuple[tuple[Span, ...], ...]
    scratch: str
    kind: Literal["encode"] = "encode"


@dataclass(frozen=True, slots=True)
class Assemble:
    """Join the parts of the single rendition, in order, into the artifact: headers, tags and cover included."""

    plan: Plan
    paths: tuple[str, ...]
    parts: tuple[Part, ...]
    scratch: str
    kind: Literal["assemble"] = "assemble"


@dataclass(frozen=True, slots=True)
class Decode:
    """Decode a source that cannot be entered by seeking, once, into a PCM file of the scratch folder; `number` is its place in the plan."""

    path: str
    source: Source
    number: int
    scratch: str
    kind: Literal["decode"] = "decode"


@dataclass(frozen=True, slots=True)
class Track:
    """One track as f=meta lists it; names and values follow MediaInfo's (CONTRACT 3, "meta"). None is left out of the JSON."""

    type: str
    codec: str | None = None
    codecId: str | None = None  # noqa: N815 (wire name)
    bitRate: int | None = None  # noqa: N815
    bitRateMode: str | None = None  # noqa: N815
    channels: int | None = None
    samplingRate: int | None = None  # noqa: N815
    frameCount: int | None = None  # noqa: N815
    frameRate: float | None = None  # noqa: N815
    duration: float | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Answer to Measure."""

    source: Source
    kind: Literal["measured"] = "measured"


@dataclass(frozen=True, slots=True)
class Described:
    """Answer to Describe."""

    tracks: tuple[Track, ...]
    kind: Literal["described"] = "described"


@dataclass(frozen=True, slots=True)
class CoverRead:
    """Answer to ReadCover: the picture in base64, empty where there is none."""

    picture: str
    kind: Literal["cover_read"] = "cover_read"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Answer to Encode: one part per rendition of the first piece, then of the next."""

    parts: tuple[Part, ...]
    kind: Literal["encoded"] = "encoded"


@dataclass(frozen=True, slots=True)
class Assembled:
    """Answer to Assemble."""

    artifact: Artifact
    kind: Literal["assembled"] = "assembled"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Answer to Decode: the file's name in the scratch folder, and what it is: any position of it can be reached by seeking."""

    file: str
    source: Source
    size_bytes: int
    kind: Literal["decoded"] = "decoded"


@dataclass(frozen=True, slots=True)
class Progress:
    """Decoded and encoded so far, in samples of the first rendition's span of the piece that is being encoded."""

    samples: int
    kind: Literal["progress"] = "progress"


@dataclass(frozen=True, slots=True)
class Refused:
    """The task can never succeed (`code` of a RefusedInput) or broke (`internal_error`)."""

    code: str
    message: str
    detail: str = ""
    kind: Literal["refused"] = "refused"


Task = Measure | Describe | ReadCover | Encode | Decode | Assemble
Outcome = Measured | Described | CoverRead | Encoded | Decoded | Assembled | Refused
Event = Outcome | Progress
