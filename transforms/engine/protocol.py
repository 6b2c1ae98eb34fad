"""The lines between the service and an engine child: one JSON value each, validated on both ends."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Discriminator, TypeAdapter, ValidationError

from transforms.engine.messages import Assembled, CoverRead, Decoded, Described, Encoded, Measured, Outcome, Progress, Refused, Task
from transforms.errors import EngineFault, RefusedInput, TooLarge, TrimStartExceedsDuration, UnsupportedInput


@dataclass(frozen=True, slots=True)
class Ready:
    """A child's first line: everything is imported. `pid` is its number as the parent sees it."""

    pid: int
    kind: Literal["ready"] = "ready"


@dataclass(frozen=True, slots=True)
class Wanted:
    """During a task: the child waits for the bytes [start, end) of a file that is still arriving."""

    path: str
    start: int
    end: int
    kind: Literal["wanted"] = "wanted"


@dataclass(frozen=True, slots=True)
class Supplied:
    """The answer to Wanted: the bytes [start, end) are there. Where what was wanted is not within, it will not come."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """One task, and whether it yields the processor to others (`nice`)."""

    task: Annotated[Task, Discriminator("kind")]
    background: bool = False


class BrokenLine(Exception):
    """A line that is no message; the text is for the log."""


Line = Measured | Described | CoverRead | Encoded | Decoded | Assembled | Refused | Progress | Ready | Wanted

_ASSIGNMENTS: Final[TypeAdapter[Assignment]] = TypeAdapter(Assignment)
_SUPPLIES: Final[TypeAdapter[Supplied]] = TypeAdapter(Supplied)
_LINES: Final[TypeAdapter[Line]] = TypeAdapter(Annotated[Line, Discriminator("kind")])

_REFUSALS: Final = {error.code: error for error in (UnsupportedInput, TrimStartExceedsDuration, TooLarge)}


def write_assignment(assignment: Assignment) -> bytes:
    """One line for the child, newline included."""
    return _ASSIGNMENTS.dump_json(assignment) + b"\n"


def read_assignment(line: bytes) -> Assignment:
    """Raises BrokenLine."""
    try:
        return _ASSIGNMENTS.validate_json(line)
    except ValidationError as error:
        raise BrokenLine(str(error)) from error


def write_supplied(supplied: Supplied) -> bytes:
    """One line for the child, newline included."""
    return _SUPPLIES.dump_json(supplied) + b"\n"


def read_supplied(line: bytes) -> Supplied:
    """Raises BrokenLine."""
    try:
        return _SUPPLIES.validate_json(line)
    except ValidationError as error:
        raise BrokenLine(str(error)) from error


def write_line(event: Line) -> bytes:
    """One line for the parent, newline included."""
    return _LINES.dump_json(event) + b"\n"


def read_line(line: bytes) -> Line:
    """Raises BrokenLine."""
    try:
        return _LINES.validate_json(line)
    except ValidationError as error:
        raise BrokenLine(str(error)) from error


def raise_refusal(outcome: Outcome) -> None:
    """Turn a Refused back into the error it was in the child; other outcomes pass."""
    if isinstance(outcome, Refused):
        error: type[RefusedInput | EngineFault] = _REFUSALS.get(outcome.code, EngineFault)
        raise error(outcome.message, detail=outcome.detail)
