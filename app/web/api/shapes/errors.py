"""The one shape of errors (CONTRACT 7)."""

from typing import Annotated

from pydantic import Field

from app.web.api.shapes.wire_model import Answered


class RefusedValue(Answered):
    """A value that was not taken, and why."""

    message: str
    value: str


class ErrorFacts(Answered):
    """What went wrong. `details`: place of a value, such as `query.br` or `body.size`, to what is wrong with it."""

    code: Annotated[str, Field(examples=["file_not_found"])]
    message: str
    details: dict[str, RefusedValue] | None = None


class ErrorResponse(Answered):
    """Every error of the API."""

    error: ErrorFacts
