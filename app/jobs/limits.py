"""What an operator allows the queue, and how long it remembers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobLimits:
    """`strikes`: bad ends (retryable failure, lease lost) after which a job is Failed; the n-th but last waits backoff × 2^(n-1).

    `attempts` bounds every way of starting again, so that a job which takes its host down cannot do so for ever.
    """

    queue: int = 10_000
    lease_seconds: float = 20
    failure_memory_seconds: float = 60
    strikes: int = 3
    backoff_seconds: float = 2
    attempts: int = 64
