"""Which code answers which task, and the one thing a child remembers between tasks: the session of the plan it encoded last."""

from base64 import b64encode
from collections.abc import Callable

from transforms.engine.assemble import assemble
from transforms.engine.cover import read_picture
from transforms.engine.decode import decode
from transforms.engine.messages import (
    Assemble,
    Assembled,
    CoverRead,
    Decode,
    Describe,
    Described,
    Encode,
    Encoded,
    Measure,
    Measured,
    Outcome,
    Part,
    ReadCover,
    Task,
)
from transforms.engine.session import Session
from transforms.plan import Plan
from transforms.probe.meta import describe
from transforms.probe.source import measure


class Duties:
    """All tasks of `messages`. `ffmpeg` is the program that encodes MP3."""

    def __init__(self, ffmpeg: str) -> None:
        self._ffmpeg = ffmpeg
        self._session: Session | None = None
        self._subject: tuple[Plan, tuple[str, ...]] | None = None

    def perform(self, task: Task, progress: Callable[[int], None]) -> Outcome:
        """Do it; raises RefusedInput, EngineFault, or whatever a library throws."""
        match task:
            case Measure():
                return Measured(measure(task.path))
            case Describe():
                return Described(describe(task.path))
            case ReadCover():
                return CoverRead(b64encode(read_picture(task.path) or b"").decode())
            case Encode():
                return Encoded(self._encode(task, progress))
            case Decode():
                return decode(task, progress)
            case Assemble():
                self._close()  # all parts exist: nothing will be asked of the session again
                return Assembled(assemble(task))

    def _encode(self, task: Encode, progress: Callable[[int], None]) -> tuple[Part, ...]:
        """In the open session when it is of the same plan and files, else in a new one; one that failed is not used again."""
        subject = (task.plan, task.paths)
        if self._session is None or self._subject != subject:
            self._close()
            self._session, self._subject = Session(task.plan, task.paths, ffmpeg=self._ffmpeg), subject
        try:
            return tuple(part for spans in task.pieces for part in self._session.encode(spans, task.scratch, progress))
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
