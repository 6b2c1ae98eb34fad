"""Files and jobs as the API shows them."""

from aiohttp import web

from app.files.records import FileRecord
from app.jobs.job import Job
from app.web.address import encode_path
from app.web.api.shapes.files import AsyncResponse, FileDetails
from app.web.api.shapes.uploads import BasicUpload
from app.web.http.content_type import content_type
from app.web.keys import PUBLIC_URL
from app.web.wire import JOB_DOCS_PATH, job_url


def api_base(request: web.Request) -> str:
    """Scheme and host of links."""
    return request.app[PUBLIC_URL].base(request)


def file_url(request: web.Request, account: str, path: str) -> str:
    """Where a file's bytes are."""
    return f"{api_base(request)}/{account}/raw{encode_path(path)}"


def file_details(request: web.Request, account: str, record: FileRecord, etag: str | None) -> FileDetails:
    """A file with all that is known; `etag` is None while it is being uploaded."""
    return FileDetails(
        account_id=account,
        etag=etag,
        file_path=record.path,
        file_url=file_url(request, account, record.path),
        last_modified=record.modified_ms,
        metadata=dict(record.metadata),
        mime=record.mime or content_type(record.path),
        original_file_name=record.original_name,
        size=record.size_bytes,
        tags=list(record.tags),
    )


def basic_upload(request: web.Request, account: str, record: FileRecord) -> BasicUpload:
    """A file that was uploaded in one request."""
    return BasicUpload(account_id=account, etag=record.etag, file_path=record.path, file_url=file_url(request, account, record.path))


def async_response(request: web.Request, job: Job) -> AsyncResponse:
    """The job that will do what was asked."""
    base = api_base(request)
    return AsyncResponse(
        job_docs=f"{base}{JOB_DOCS_PATH}",
        job_id=job.id,
        job_type=job.type,
        job_url=job_url(job, base),
    )
