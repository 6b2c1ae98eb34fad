"""The table: on the terminal as it grows, and in RESULTS.md at the end."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from bench import machine
from bench.figures import Figure, Missing, Outcome


def line(outcome: Outcome) -> str:
    """One line for the terminal."""
    if isinstance(outcome, Missing):
        return f"  {outcome.row:>4}  {outcome.what}: not measured: {outcome.why}"
    return f"  {outcome.row:>4}  {outcome.what}: {_value(outcome)} {_marks(outcome)} {outcome.verdict}  ({outcome.notes})"


def write_results(file: Path, outcomes: Iterable[Outcome], command: str, load_at_start: str) -> None:
    """The whole table with everything that a reader needs to judge it."""
    facts = [("Command", f"`{command}`"), ("When", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"), *machine.describe()]
    facts += [("Load when it began", load_at_start), ("Load when it ended", machine.load())]
    rows = [_row(outcome) for outcome in outcomes]
    text = [
        "# Results",
        "",
        "Written by `python -m bench`. Ratios are medians of runs in turn; [lowest–highest] of the single runs.",
        "",
        *(f"- {name}: {value}" for name, value in facts),
        "",
        "| row | measure | figure | floor | goal | reached | notes |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]
    file.write_text("\n".join(text))


def _row(outcome: Outcome) -> str:
    if isinstance(outcome, Missing):
        return f"| {outcome.row} | {outcome.what} | – | | | | not measured: {outcome.why} |"
    marks = ["" if mark is None else f"{mark:g} {outcome.unit}" for mark in (outcome.floor, outcome.goal)]
    return f"| {outcome.row} | {outcome.what} | {_value(outcome)} | {' | '.join(marks)} | {outcome.verdict} | {outcome.notes} |"


def _value(figure: Figure) -> str:
    spread = f" [{figure.spread[0]:.3g}–{figure.spread[1]:.3g}]" if figure.spread else ""
    return f"{figure.value:.3g} {figure.unit}{spread}"


def _marks(figure: Figure) -> str:
    return "" if figure.floor is None else f"(floor {figure.floor:g}, goal {figure.goal:g})"
