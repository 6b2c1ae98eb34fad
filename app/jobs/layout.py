"""Where artifacts lie in the store: below their original's path, so that a reset by path prefix is one deletion.

    artifacts/{account}{path}/!{job id}/{attempt}/audio.mp3
    artifacts/{account}{path}/!{job id}/{attempt}/parts/{owner id}/…    encoded by another machine, until the attempt's owner joins them

Each attempt writes into a folder of its own: one that lost its lease can neither replace nor delete what the next one published.
"""

from app.jobs.job import Job

ROOT = "artifacts"


def artifact_key(job: Job, name: str) -> str:
    """Key of an output of this attempt; `name` is public and begins with '/'."""
    return f"{attempt_prefix(job)[:-1]}{name}"


def attempt_prefix(job: Job) -> str:
    """Prefix of everything this attempt wrote."""
    return folder_prefix(job, job.attempt)


def parts_prefix(job: Job, taker: str | None = None) -> str:
    """Prefix of what other machines encoded for this attempt, or of what one of them did."""
    return f"{attempt_prefix(job)}parts/" + (f"{taker}/" if taker else "")


def folder_prefix(job: Job, attempt: int) -> str:
    """Prefix of one attempt's folder; which one a segment of a stream lies in, the stream says."""
    return f"{job_prefix(job.account, job.path, job.id)}{attempt}/"


def segment_key(job: Job, attempt: int, name: str) -> str:
    """Key of a stream's file; `name` is public and begins with '/'."""
    return f"{folder_prefix(job, attempt)[:-1]}{name}"


def job_prefix(account: str, path: str, job_id: str) -> str:
    """Prefix of everything any attempt of a job wrote."""
    return f"{ROOT}/{account}{path}/!{job_id}/"
