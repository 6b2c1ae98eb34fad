"""The job: the public record of one run, and the only mutable thing in the house. It is replaced whole, never edited in place."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from app.jobs.stream import PlaylistForm, Stream
from transforms.spec import Format


class Status(StrEnum):
    """States of CONTRACT 4. Created and Pending are shown as Running on the CDN's own answer."""

    CREATED = "Created"
    PENDING = "Pending"
    RUNNING = "Running"
    ROLLBACK = "Rollback"
    FAILED = "Failed"
    SUCCEEDED = "Succeeded"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"


LIVE = frozenset({Status.CREATED, Status.PENDING, Status.RUNNING, Status.ROLLBACK, Status.CANCELLING})


class Priority(IntEnum):
    """Lower runs first: a player that waits for sound outranks a job that is polled."""

    REAL_TIME = 0
    WAITED_FOR = 1
    BACKGROUND = 2


class Keep(StrEnum):
    """How long the artifacts stay: `cache` and `cache_perm` (CONTRACT 5)."""

    PERMANENT = "permanent"
    DAY_UNUSED = "day-unused"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class SourceVersion:
    """One original a job read, with the version it had: replacing it resets the variant."""

    path: str
    version: str


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """One published output: its public name (`/audio.mp3`), store key, exact size and strong ETag."""

    name: str
    key: str
    size_bytes: int
    etag: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a Succeeded job produced. `main` names the artifact of `summary.result`. `duration_units` is per CONTRACT 5 (1/28,224,000 s).

    HLS has more files than a row should hold: `artifacts` is empty then, the job's `stream` tells what there is, `stream_bytes` its size.
    """

    main: str
    artifacts: tuple[ArtifactFile, ...]
    duration_units: int
    bitrate_kbps: int
    stream_bytes: int = 0

    @property
    def size_bytes(self) -> int:
        """What it takes in the store."""
        return self.stream_bytes + sum(artifact.size_bytes for artifact in self.artifacts)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job Failed, in words for the client. `final`: the same request would fail again, so it is not retried."""

    code: str
    message: str
    timestamp_ms: int
    final: bool


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a request asks the queue for. `query` are the transformation parameters and version in request order (artifactUrl).

    `appended`: paths of the account that are read besides `path`, so that a reset of one of them finds this job.
    """

    account: str
    path: str
    identity: str
    format: Format
    canonical: str
    query: str
    version: str | None
    keep: Keep
    priority: Priority
    type: str = "ProcessFileJob"
    appended: tuple[str, ...] = ()
    playlist: PlaylistForm = PlaylistForm.VOD


@dataclass(frozen=True, slots=True)
class Job:
    """One row. Times are integer epoch milliseconds by the database's clock; `progress` is 0–100; `attempt` fences results."""

    id: str
    type: str
    account: str
    path: str
    identity: str
    format: Format
    canonical: str
    query: str
    version: str | None
    keep: Keep
    priority: Priority
    status: Status
    progress: int
    attempt: int
    owner: str | None
    created_ms: int
    updated_ms: int
    failure: Failure | None = None
    result: Result | None = None
    sources: tuple[SourceVersion, ...] = ()
    playlist: PlaylistForm = PlaylistForm.VOD
    stream: Stream | None = None
