"""`save/audio` on the wire."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.web.api.shapes.files import CopiedMetadata, CopiedTags
from app.web.api.shapes.uploads import DynamicFilePath
from app.web.api.shapes.wire_model import Answered, Asked, EpochMs, FilePath

ParameterValue = bool | int | float | str
Parameters = Annotated[dict[str, ParameterValue], Field(max_length=1000)]


class SaveRequest(Asked):
    """Where the result goes, and parameters for which a URL is too short."""

    destination: DynamicFilePath | FilePath | None = None
    extended_params: Annotated[list[Parameters], Field(max_length=1000)] | Parameters | None = None
    metadata: CopiedMetadata | None = None
    tags: CopiedTags | None = None


class SavedNow(Answered):
    """The file is there."""

    account_id: str
    async_: Annotated[Literal[False], Field(alias="async")] = False
    file_path: FilePath
    file_url: str
    summary: dict[str, Any]


class SavedLater(Answered):
    """The job whose result the file will be: it is there when the job has succeeded."""

    account_id: str
    async_: Annotated[Literal[True], Field(alias="async")] = True
    created: EpochMs
    error: dict[str, Any] | None
    job_docs: str
    job_id: str
    job_type: str
    job_url: str
    last_updated: EpochMs
    progress: int
    status: str
    summary: dict[str, Any]
