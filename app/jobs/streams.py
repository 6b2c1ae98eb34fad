"""What the owner of a job and its players tell each other through the database.

The owner announces the HLS variant it makes in the job's row, fenced like every word of an owner. Programs that serve a variant
which another one encodes leave word of what their players wait for.
"""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from app.jobs.job import Job, SourceVersion, Status
from app.jobs.rows import write_sources
from app.jobs.stream import Stream, write_stream
from app.jobs.tables import jobs, segment_wants
from app.jobs.transitions import is_held
from storage.db import Database, insert_new, now_ms


class Streams:
    """Announcements of HLS variants, and wants from other programs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def announce(self, job: Job, stream: Stream, sources: tuple[SourceVersion, ...]) -> bool:
        """Let requests know the stream and what it is made from; the finished one ends all wants.

        False: the job is not ours any more, or to be cancelled.
        """
        ours = update(jobs).where(is_held(job), jobs.c.status == Status.RUNNING)
        values = {"stream": write_stream(stream), "sources": write_sources(sources), "updated_ms": now_ms()}
        async with self._database.write() as connection:
            told = await connection.execute(ours.values(**values))
            if stream.bandwidths:
                await connection.execute(delete(segment_wants).where(segment_wants.c.job_id == job.id))
        return bool(told.rowcount)

    async def want(self, job: Job, segment: int) -> None:
        """A player in this program waits for the segment."""
        async with self._database.write() as connection:
            await connection.execute(insert_new(connection, segment_wants).values(job_id=job.id, segment=segment))

    async def wants(self, job: Job) -> Sequence[int]:
        """What players in other programs wait for, or have waited for."""
        query = select(segment_wants.c.segment).where(segment_wants.c.job_id == job.id).order_by(segment_wants.c.segment)
        async with self._database.read() as connection:
            return (await connection.scalars(query)).all()
