"""SIGTERM ends a run as Ctrl-C does: every fixture takes away what it has started. What SIGKILL leaves, the next run takes away."""

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _end_by_sigterm() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)
