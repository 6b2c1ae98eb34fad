"""Errors of the queue.

QueueFull (app.errors.Overloaded)      as many jobs wait as the operator allows
SourceChanged (app.errors.Conflict)    what is left of the encode would be of another file
"""

from app.errors import Conflict, Overloaded

QUEUE_FULL_RETRY_SECONDS = 10


class QueueFull(Overloaded):
    """Nothing was queued: 503 with Retry-After."""

    def __init__(self) -> None:
        super().__init__("Too many jobs are waiting. Please try again in a moment.", QUEUE_FULL_RETRY_SECONDS)


class SourceChanged(Conflict):
    """An original was replaced or deleted while it was encoded, and players have a list of what it was."""

    def __init__(self) -> None:
        super().__init__("The original was changed while it was being encoded. Please ask again.")
