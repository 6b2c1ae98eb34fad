"""The two kinds of models on the wire: JSON names are camelCase, what we do not know in a request is ignored."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

FilePath = Annotated[str, Field(min_length=2, max_length=1024, pattern="^/", examples=["/audio/talk.wav"])]
FolderPath = Annotated[str, Field(min_length=1, max_length=1024, pattern="^/", examples=["/audio"])]
EpochMs = Annotated[int, Field(ge=0, description="Epoch milliseconds.", examples=[1686916626075])]


class Asked(BaseModel):
    """A request: its query or its body."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class Answered(BaseModel):
    """An answer."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)
