"""What every encoder of one rendition does, and where its input begins. A coder serves one span at a time."""

from dataclasses import dataclass
from typing import Protocol

from av import AudioFrame

from transforms.engine.messages import Span


@dataclass(frozen=True, slots=True)
class Written:
    """What a span became: whole frames of the codec, in a file."""

    frames: int
    size_bytes: int


class Coder(Protocol):
    """Made for one span, it takes the rendition's samples from `first_sample` on and writes the span's own frames to a file."""

    @property
    def sample_format(self) -> str:
        """The format its samples must have."""

    @property
    def first_sample(self) -> int:
        """The output sample from which it must be fed for the span it was made for."""

    def follows(self, span: Span) -> bool:
        """Whether this span begins exactly where the last one ended, so that the coder can go on."""

    def begin(self, span: Span, path: str) -> None:
        """Start the span it was made for, or one that follows."""

    @property
    def complete(self) -> bool:
        """The span's frames are there; nothing more needs to be written."""

    def write(self, frame: AudioFrame) -> None:
        """Encode the next samples."""

    def finish(self) -> None:
        """The output is over: encode what is left."""

    def end(self) -> Written:
        """Close the span's file. Raises EngineFault."""

    def close(self) -> None:
        """Give up: files are closed and children killed."""
