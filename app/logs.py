"""Logging: structlog to stderr, text for people or JSON lines for machines."""

import logging
import sys

import structlog


def configure_logging(as_json: bool) -> None:
    """Set up once, at the start of the program."""
    # It logs a stack trace for each request that is not HTTP; every error of ours is logged by `app.web.errors`.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    timestamps = structlog.processors.TimeStamper(fmt="iso", utc=True)
    shared: list[structlog.typing.Processor] = [structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, timestamps]
    if as_json:
        ending: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        ending = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
