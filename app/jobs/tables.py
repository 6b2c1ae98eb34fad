"""Tables of the jobs. The row is the only truth about a job; indexes are written so that SQLite and PostgreSQL both use them."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    bindparam,
    literal,
    not_,
    or_,
)

from app.jobs.job import LIVE, Keep, Status
from storage.db import metadata

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("type", String(40), nullable=False),
    Column("account", String(7), nullable=False),
    Column("path", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("format", String(16), nullable=False),
    Column("canonical", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("version", Text),
    Column("keep", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("progress", Integer, nullable=False, default=0),
    # Fences every word of a worker: a new claim raises it.
    Column("attempt", Integer, nullable=False, default=0),
    Column("strikes", Integer, nullable=False, default=0),
    Column("owner", String(40)),
    Column("lease_until_ms", BigInteger),
    Column("not_before_ms", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("last_used_ms", BigInteger),
    # A reset: the row no longer answers requests.
    Column("retired_ms", BigInteger),
    # From then on artifacts, or what a broken attempt left, are to be deleted from the store.
    Column("purge_due_ms", BigInteger),
    Column("size_bytes", BigInteger, nullable=False, default=0),
    Column("failure", JSON(none_as_null=True)),
    Column("result", JSON(none_as_null=True)),
    Column("sources", JSON(none_as_null=True)),
    # HLS: the form the first request asked for, and what the owner has announced.
    Column("playlist", String(8), nullable=False, server_default="vod"),
    Column("stream", JSON(none_as_null=True)),
)

# Every path a job reads, so that a reset of an appended file finds it too.
job_originals = Table(
    "job_originals",
    metadata,
    Column("job_id", String(26), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("account", String(7), nullable=False),
    Index("ix_job_originals_account_path", "account", "path"),
)

# Segments that players wait for in a program that does not encode them. In-process signals need no row.
segment_wants = Table(
    "segment_wants",
    metadata,
    Column("job_id", String(26), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("segment", Integer, primary_key=True, autoincrement=False),
)

# Ranges of one encode that other machines may take. `plan` is a fingerprint; `parts` lie in the store once they are told.
shares = Table(
    "shares",
    metadata,
    Column("job_id", String(26), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("spans", JSON, nullable=False),
    Column("plan", String(64), nullable=False),
    Column("taker", String(40)),
    Column("lease_until_ms", BigInteger),
    Column("parts", JSON(none_as_null=True)),
)

# One row. Raised by every reset: copies in memory that were made under a lower number are stale.
cache_generation = Table(
    "cache_generation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", BigInteger, nullable=False),
)


def _status_in(*statuses: Status) -> ColumnElement[bool]:
    """Written into the statement as a literal: behind a parameter SQLite could not see that a partial index covers it."""
    return jobs.c.status.in_(bindparam(None, sorted(statuses), expanding=True, literal_execute=True))


is_live = _status_in(*LIVE)
is_queued = _status_in(Status.PENDING)
is_running = _status_in(Status.RUNNING, Status.CANCELLING)
is_cached = and_(_status_in(Status.SUCCEEDED), jobs.c.retired_ms.is_(None))
is_unkept = jobs.c.keep == literal(Keep.NOTHING, String, literal_execute=True)


def _partial(name: str, *columns: Column[object], where: object, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


# Single flight (CONTRACT 5). Runs that keep nothing stand outside of it: among themselves only the live one is single.
_partial("uq_jobs_flight", jobs.c.identity, where=and_(not_(is_unkept), or_(is_live, is_cached)), unique=True)
_partial("uq_jobs_flight_unkept", jobs.c.identity, where=and_(is_unkept, is_live), unique=True)

Index("ix_jobs_identity", jobs.c.identity, jobs.c.created_ms)
Index("ix_jobs_account_created", jobs.c.account, jobs.c.created_ms)
_partial("ix_jobs_queue", jobs.c.priority, jobs.c.created_ms, where=is_queued)
_partial("ix_jobs_running", jobs.c.account, where=is_running)
_partial("ix_jobs_last_used", jobs.c.last_used_ms, where=is_cached)
_partial("ix_jobs_purge", jobs.c.purge_due_ms, where=jobs.c.purge_due_ms.is_not(None))
