"""What a measurement yields: one figure with its floor and goal, and how a median of several runs is told."""

from dataclasses import dataclass
from statistics import median
from typing import Literal

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number of one row. `row` is the row of docs/performance.md; `spread` the lowest and highest single run."""

    row: str
    what: str
    value: float
    unit: str
    better: Better = "higher"
    floor: float | None = None
    goal: float | None = None
    spread: tuple[float, float] | None = None
    notes: str = ""

    @property
    def verdict(self) -> str:
        """'goal', 'floor', 'MISSED', or nothing where no figure is asked for."""
        if self.floor is None:
            return ""
        if self.goal is not None and self._reaches(self.goal):
            return "goal"
        return "floor" if self._reaches(self.floor) else "MISSED"

    def _reaches(self, mark: float) -> bool:
        return self.value >= mark if self.better == "higher" else self.value <= mark


@dataclass(frozen=True, slots=True)
class Missing:
    """A row that could not be measured here, and why."""

    row: str
    what: str
    why: str


Outcome = Figure | Missing


def of_runs(row: str, what: str, runs: list[float], unit: str, **more: object) -> Figure:
    """The median of several runs, with their spread."""
    return Figure(row, what, median(runs), unit, spread=(min(runs), max(runs)), **more)  # type: ignore[arg-type]
