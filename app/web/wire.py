"""Job → JSON, exactly as clients expect it (CONTRACT 4). Two forms: the CDN's own answer, and the Job API's."""

from collections.abc import Mapping
from typing import Any, Final

from app.jobs.job import Failure, Job, Result, Status
from app.web.address import encode_path, with_artifact

JOB_DOCS_PATH: Final = "/docs/job-api/GetJob"

_WAITING: Final = frozenset({Status.CREATED, Status.PENDING})


def cdn_job(job: Job, base: str) -> dict[str, Any]:
    """The answer to a variant's URL: waiting jobs look Running, and `error` appears only on Failed. `base`: scheme and host of links."""
    shown = _job(job, base, Status.RUNNING if job.status in _WAITING else job.status)
    if job.failure is not None and job.status is Status.FAILED:
        shown["error"] = _error(job.failure)
    return shown


def api_job(job: Job, base: str) -> dict[str, Any]:
    """The answer of the Job API: the real state, `error` always there, and `progress` in percent."""
    failure = job.failure if job.status is Status.FAILED else None
    return _job(job, base, job.status) | {"error": None if failure is None else _error(failure), "progress": job.progress}


def job_url(job: Job, base: str) -> str:
    """Absolute URL of a job in the Job API."""
    return f"{base}/v2/accounts/{job.account}/jobs/{job.type}/{job.id}"


def artifact_url(job: Job, base: str, artifact: str) -> str:
    """Absolute URL of one output file, in the `!` form with `a` last."""
    return f"{base}/{job.account}/audio{encode_path(job.path)}{with_artifact(job.query, artifact)}"


def _job(job: Job, base: str, status: Status) -> dict[str, Any]:
    return {
        "jobUrl": job_url(job, base),
        "jobDocs": f"{base}{JOB_DOCS_PATH}",
        "jobId": job.id,
        "jobType": job.type,
        "accountId": job.account,
        "created": job.created_ms,
        "lastUpdated": job.updated_ms,
        "status": status.value,
        "summary": _summary(job, base, job.result) if status is Status.SUCCEEDED and job.result and job.result.main else {},
    }


def _summary(job: Job, base: str, result: Result) -> Mapping[str, Any]:
    return {"result": {"type": "Artifact", "artifact": result.main, "artifactUrl": artifact_url(job, base, result.main)}}


def _error(failure: Failure) -> Mapping[str, Any]:
    return {"code": failure.code, "message": failure.message, "timestamp": failure.timestamp_ms}
