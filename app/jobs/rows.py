"""Rows to jobs and back: the JSON columns have their one reader and writer here."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.jobs.job import ArtifactFile, Failure, Job, Keep, NewJob, Priority, Result, SourceVersion, Status
from app.jobs.stream import PlaylistForm, read_stream
from app.jobs.tables import jobs
from storage.db import now_ms
from transforms.spec import Format

JobRow = Mapping[str, Any] | RowMapping


def read_job(row: JobRow) -> Job:
    """A whole row of `jobs` as a Job."""
    return Job(
        id=row["id"],
        type=row["type"],
        account=row["account"],
        path=row["path"],
        identity=row["identity"],
        format=Format(row["format"]),
        canonical=row["canonical"],
        query=row["query"],
        version=row["version"],
        keep=Keep(row["keep"]),
        priority=Priority(row["priority"]),
        status=Status(row["status"]),
        progress=row["progress"],
        attempt=row["attempt"],
        owner=row["owner"],
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        failure=Failure(**row["failure"], timestamp_ms=row["ended_ms"]) if row["failure"] else None,
        result=_read_result(row["result"]) if row["result"] else None,
        sources=tuple(SourceVersion(**source) for source in row["sources"] or ()),
        playlist=PlaylistForm(row["playlist"]),
        stream=read_stream(row["stream"]),
    )


def new_row(job_id: str, new: NewJob) -> dict[str, Any]:
    """The row of a job that has just been asked for."""
    return {
        "id": job_id,
        "type": new.type,
        "account": new.account,
        "path": new.path,
        "identity": new.identity,
        "format": new.format,
        "canonical": new.canonical,
        "query": new.query,
        "version": new.version,
        "keep": new.keep,
        "priority": new.priority,
        "playlist": new.playlist,
        "status": Status.PENDING,
        "not_before_ms": 0,
        "created_ms": now_ms(),
        "updated_ms": now_ms(),
    }


def write_failure(code: str, message: str, final: bool) -> dict[str, Any]:
    """The `failure` column; its time is the row's `ended_ms`."""
    return {"code": code, "message": message, "final": final}


def write_result(result: Result) -> dict[str, Any]:
    """The `result` column."""
    return asdict(result)


def write_sources(sources: tuple[SourceVersion, ...]) -> list[dict[str, str]]:
    """The `sources` column."""
    return [asdict(source) for source in sources]


async def first_job(connection: AsyncConnection, query: Select[Any], **values: object) -> Job | None:
    """The first row of a query over `jobs` with these values, or None."""
    row = (await connection.execute(query, values)).mappings().first()
    return None if row is None else read_job(row)


async def job_where(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> Job | None:
    """The job that meets the conditions, or None."""
    return await first_job(connection, select(jobs).where(*conditions))


def _read_result(stored: Mapping[str, Any]) -> Result:
    artifacts = tuple(ArtifactFile(**artifact) for artifact in stored["artifacts"])
    return Result(stored["main"], artifacts, stored["duration_units"], stored["bitrate_kbps"], stored.get("stream_bytes", 0))
