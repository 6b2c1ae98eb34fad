"""Calls that have handlers of their own kind, described for the OpenAPI document: delivery, jobs, parts of uploads, saving."""

from typing import Final

from app.accounts.permissions import Permission
from app.web.api.endpoint import API
from app.web.api.openapi import Described
from app.web.api.saves import ROUTE as SAVE_ROUTE
from app.web.api.shapes.jobs import JobList, JobsQuery, JobSummary
from app.web.api.shapes.saves import SavedLater, SavedNow, SaveRequest
from app.web.api.uploads import PART_ADDRESS

_JOB: Final = f"{API}/jobs/{{job_type}}/{{job_id}}"
_AUDIO: Final = "A variant: job JSON, a playlist, or with `a=` one of its files. Parameters: docs/params.md."

DESCRIBED: Final = (
    Described("GET", "/{account}/raw/{path}", "DownloadFile", "The original bytes.", bytes_of="*/*"),
    Described("GET", "/{account}/audio/{path}", "ProcessFile", _AUDIO, bytes_of="*/*"),
    Described("PUT", PART_ADDRESS, "PutUploadPart", "The bytes of a part; the answer has an ETag.", streams="application/octet-stream"),
    Described("GET", _JOB, "GetJob", "One job.", Permission.JOBS_READ, answer=JobSummary),
    Described("DELETE", _JOB, "CancelJob", "Cancel a job; nothing of it is kept.", Permission.JOBS_CANCEL),
    Described("GET", f"{API}/jobs", "ListRecentJobs", "The newest jobs.", Permission.JOBS_READ, query=JobsQuery, answer=JobList),
    Described(
        "POST",
        SAVE_ROUTE,
        "ProcessFileAndSave",
        "Make a variant and store it as a file.",
        Permission.FILES_CREATE,
        body=SaveRequest,
        answer=SavedNow | SavedLater,
    ),
)
