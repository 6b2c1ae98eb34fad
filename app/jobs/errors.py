"""Errors of the queue.

QueueFull (app.errors.Overloaded)   as many jobs wait as the operator allows
"""

from app.errors import Overloaded

QUEUE_FULL_RETRY_SECONDS = 10


class QueueFull(Overloaded):
    """Nothing was queued: 503 with Retry-After."""

    def __init__(self) -> None:
        super().__init__("Too many jobs are waiting. Please try again in a moment.", QUEUE_FULL_RETRY_SECONDS)
