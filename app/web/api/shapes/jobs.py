"""Jobs on the wire. Job answers are written by `app.web.wire`; a test holds them against these models."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from app.web.api.shapes.wire_model import Answered, Asked, EpochMs


class JobError(Answered):
    """Why a job has failed."""

    code: str
    message: str
    timestamp: EpochMs


class JobSummary(Answered):
    """One job. `summary` is empty until it has succeeded."""

    model_config = ConfigDict(extra="forbid")

    job_url: str
    job_docs: str
    job_id: str
    job_type: str
    account_id: str
    created: EpochMs
    last_updated: EpochMs
    status: Literal["Created", "Pending", "Running", "Rollback", "Failed", "Succeeded", "Cancelling", "Cancelled"]
    summary: dict[str, Any]
    error: JobError | None
    progress: Annotated[int, Field(ge=0, le=100)]


class JobList(Answered):
    """The newest jobs."""

    items: list[JobSummary]


class JobsQuery(Asked):
    """Which jobs; without it those that make audio."""

    job_type: Annotated[list[str], Field(default_factory=list)]
