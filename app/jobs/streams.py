"""How the owner of a job tells everybody of the HLS variant it makes: in the job's row, fenced like every word of an owner."""

from sqlalchemy import update

from app.jobs.job import Job, SourceVersion, Status
from app.jobs.rows import write_sources
from app.jobs.stream import Stream, write_stream
from app.jobs.tables import jobs
from app.jobs.transitions import is_held
from storage.db import Database, now_ms


class Streams:
    """Announcements of HLS variants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def announce(self, job: Job, stream: Stream, sources: tuple[SourceVersion, ...]) -> bool:
        """Let requests know the stream and what it is made from. False: the job is not ours any more, or to be cancelled."""
        ours = update(jobs).where(is_held(job), jobs.c.status == Status.RUNNING)
        values = {"stream": write_stream(stream), "sources": write_sources(sources), "updated_ms": now_ms()}
        async with self._database.write() as connection:
            told = await connection.execute(ours.values(**values))
        return bool(told.rowcount)
