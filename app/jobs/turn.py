"""A turn: leave to look for one job."""

from dataclasses import dataclass

from app.jobs.job import Priority


@dataclass(frozen=True, slots=True)
class Turn:
    """To claim one job from `highest` to `lowest` in urgency. `ticket` is PgQueuer's, to be used up with the turn."""

    lowest: Priority
    highest: Priority
    ticket: int | None = None
