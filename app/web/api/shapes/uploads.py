"""Uploads on the wire."""

from typing import Annotated, Literal

from pydantic import Field, HttpUrl, StringConstraints

from app.web.api.shapes.files import FileDetails, Metadata, Tag, Tags
from app.web.api.shapes.wire_model import Answered, Asked, FilePath

MAX_MIME_CHARACTERS = 255
MAX_NAME_CHARACTERS = 1000

Mime = Annotated[str, StringConstraints(max_length=MAX_MIME_CHARACTERS, pattern=r"^[\w!#$&^.+-]+/[\w!#$&^.+-]+( ?;.*)?$")]
OriginalFileName = Annotated[str, Field(max_length=MAX_NAME_CHARACTERS)]
Template = Annotated[str, Field(min_length=1, max_length=1024)]


class DynamicFilePath(Asked):
    """A folder and a name, each with path variables such as {UTC_DATE}."""

    file_name: Template | None = None
    file_name_fallback: Template | None = Field(None, description="The name where `fileName` needs the original's and there is none.")
    file_name_variables_enabled: bool = True
    folder_path: Template | None = Field(None, description="Relative ones are below /uploads.")
    folder_path_variables_enabled: bool = True


class BeginUploadRequest(Asked):
    """A file that will come in parts."""

    size: Annotated[int, Field(ge=0, strict=True)]
    mime: Mime | None = None
    original_file_name: OriginalFileName | None = None
    path: DynamicFilePath | FilePath | None = None
    metadata: Metadata | None = None
    tags: Tags | None = None
    protocol: Literal["1.0", "1.1"] | None = None


class UploadPartRange(Answered):
    """Bytes of the file; the end of an empty part is -1."""

    inclusive_start: int
    inclusive_end: int


class UploadPart(Answered):
    """A part and where to PUT it: raw bytes, without a key."""

    range: UploadPartRange
    upload_id: str
    upload_part_index: int
    upload_url: str


class UploadParts(Answered):
    """How many parts there are."""

    count: int
    first: UploadPart


class BeginUploadResponse(Answered):
    """The upload has begun."""

    file: FileDetails
    upload_id: str
    upload_parts: UploadParts


class UploadPartList(Answered):
    """Parts that are not confirmed."""

    remaining_upload_parts: list[int]


class CompletePartRequest(Asked):
    """The ETag that the PUT of the part answered, quoted or not."""

    etag: Annotated[str, Field(min_length=1, max_length=100)]


class CompletePartPending(Answered):
    """More parts are to come."""

    status: Literal["Pending"] = "Pending"


class CompletePartCompleted(Answered):
    """That was the last one: the file is there."""

    status: Literal["Completed"] = "Completed"
    etag: str


class UploadFromUrlRequest(Asked):
    """A file that we fetch."""

    url: HttpUrl
    path: DynamicFilePath | FilePath | None = None
    mime: Mime | None = None
    original_file_name: OriginalFileName | None = None
    metadata: Metadata | None = None
    tags: Tags | None = None
    timeout: Annotated[int, Field(ge=1, le=30_000, description="Milliseconds.")] = 30_000


class BasicUpload(Answered):
    """A file that is there."""

    account_id: str
    etag: str
    file_path: FilePath
    file_url: str


class FormUpload(BasicUpload):
    """The same, with the form's field it came in."""

    form_data_field_name: str


class FormUploadProblem(Answered):
    """Why a file was not taken."""

    code: str
    message: str


class FormUploadError(Answered):
    """A file that was not taken."""

    form_data_field_name: str
    error: FormUploadProblem


class FormUploadResponse(Answered):
    """What became of each file of a form."""

    files: list[FormUpload]
    errors: list[FormUploadError]


class DirectUploadQuery(Asked):
    """Where a binary or form upload goes: `filePath`, or a folder and a name."""

    file_path: Template | None = None
    file_name: Template | None = None
    file_name_fallback: Template | None = None
    file_name_variables_enabled: bool = True
    folder_path: Template | None = None
    folder_path_variables_enabled: bool = True
    original_file_name: OriginalFileName | None = None
    tag: Annotated[list[Tag], Field(max_length=25, default_factory=list)]
