"""Logging: structlog to stderr, text for people or JSON lines for machines. Each line says which request or job it belongs to."""

import logging
import sys
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Final

import structlog

_ask_request_id: Final[ContextVar[Callable[[], str] | None]] = ContextVar("request_id", default=None)


def configure_logging(as_json: bool) -> None:
    """Set up once, at the start of the program."""
    # It logs a stack trace for each request that is not HTTP; every error of ours is logged by `app.web.errors`.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    timestamps = structlog.processors.TimeStamper(fmt="iso", utc=True)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        structlog.processors.add_log_level,
        timestamps,
    ]
    if as_json:
        ending: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # Not the pretty ones: with everybody's local variables they take seconds, and show passwords.
        ending = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)]
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def in_request(ask_id: Callable[[], str]) -> None:
    """From here on this task works for a request. Its id is asked for when there is a line to write: most hits never do."""
    _ask_request_id.set(ask_id)


def in_job(job_id: str, attempt: int) -> AbstractContextManager[None]:
    """Lines of this context, and of tasks begun in it, belong to the job."""
    return structlog.contextvars.bound_contextvars(job=job_id, attempt=attempt)


def _add_request_id(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    ask_id = _ask_request_id.get()
    if ask_id is not None:
        event.setdefault("request_id", ask_id())
    return event
