"""MP3 through the packaged FFmpeg: PCM goes into a child, frames come out into a file, the span's own are kept (ENGINE 4)."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from av import AudioFrame

from transforms.engine.coder import Written
from transforms.engine.copying import chunks, copy_bytes
from transforms.engine.messages import Span
from transforms.engine.mp3_command import LOOKAHEAD_FRAMES, first_frame, mp3_arguments
from transforms.engine.mp3_frames import NotAFrame, frame_sizes
from transforms.engine.seal import DIE_WITH_PARENT
from transforms.errors import EngineFault, TooLarge, TransformError
from transforms.plan import Rendition

_STDERR_BYTES = 2000
_FLOAT_BYTES = 4


class Mp3Coder:
    """One child per span. Its input begins some frames early; those frames are dropped by reading headers."""

    sample_format = "flt"

    def __init__(self, rendition: Rendition, span: Span, ffmpeg: str, bitrate_kbps: int) -> None:
        self._rendition = rendition
        self._ffmpeg = ffmpeg
        self._bitrate_kbps = bitrate_kbps
        self._first_frame = first_frame(rendition, span)
        self.first_sample = self._first_frame * rendition.frame_samples
        self._span = span
        self._path = ""
        self._files: list[BinaryIO] = []
        self._child: subprocess.Popen[bytes] | None = None
        self._wanted = None if span.end is None else (span.end + LOOKAHEAD_FRAMES) * rendition.frame_samples - self.first_sample

    def follows(self, span: Span) -> bool:
        """Never: each span has its own child."""
        return False

    def begin(self, span: Span, path: str) -> None:
        """Start the child."""
        assert span == self._span
        self._path = path
        output, errors = open(f"{path}.raw", "wb"), open(f"{path}.err", "wb")  # noqa: SIM115 (closed by close)
        self._files = [output, errors]
        command = [*DIE_WITH_PARENT, self._ffmpeg, *mp3_arguments(self._rendition, self._bitrate_kbps, span)]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=errors)
        # FFmpeg's threads hand one frame to one another; in the batch class a waking one does not displace the one that runs (6 % of wall).
        with suppress(OSError):
            os.sched_setscheduler(self._child.pid, os.SCHED_BATCH, os.sched_param(0))

    @property
    def complete(self) -> bool:
        """The child has all it needs for the span's frames."""
        return self._wanted is not None and self._wanted <= 0

    def write(self, frame: AudioFrame) -> None:
        """Send samples to the child. Raises TooLarge and EngineFault when it has died."""
        assert self._child is not None
        assert self._child.stdin is not None
        samples = frame.samples if self._wanted is None else min(self._wanted, frame.samples)
        if samples <= 0:
            return
        try:
            self._child.stdin.write(memoryview(frame.planes[0])[: samples * self._rendition.channels * _FLOAT_BYTES])
        except BrokenPipeError as error:
            raise self._fault() from error
        if self._wanted is not None:
            self._wanted -= samples

    def finish(self) -> None:
        """The child flushes when its input is closed, which `end` does in any case."""

    def end(self) -> Written:
        """Wait for the child and keep the span's own frames. Raises TooLarge and EngineFault."""
        assert self._child is not None
        self._child.communicate()
        if self._child.returncode != 0:
            raise self._fault()
        written = _keep(f"{self._path}.raw", self._path, self._span.start - self._first_frame, self._kept_frames())
        self.close()
        return written

    def _kept_frames(self) -> int | None:
        return None if self._span.end is None else self._span.end - self._span.start

    def close(self) -> None:
        """Kill the child and remove what it wrote."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None
        for file in self._files:
            file.close()
            Path(file.name).unlink(missing_ok=True)
        self._files = []

    def _fault(self) -> TransformError:
        """Why the child died, once it is dead: RLIMIT_FSIZE ends it by a signal."""
        assert self._child is not None
        if self._child.wait() == -signal.SIGXFSZ:
            self.close()
            return TooLarge("The output is larger than one transformation may write.")
        errors = Path(f"{self._path}.err").read_bytes()[:_STDERR_BYTES].decode(errors="replace")
        self.close()
        return EngineFault("The MP3 encoder failed.", detail=errors)


def _keep(raw: str, path: str, skip: int, count: int | None) -> Written:
    """Write frames [skip, skip + count) of the file `raw` to `path`."""
    start = size = frames = 0
    with open(raw, "rb") as source:
        for number, frame_bytes in enumerate(_sizes(source)):
            if number < skip:
                start += frame_bytes
            elif count is None or frames < count:
                size, frames = size + frame_bytes, frames + 1
            else:
                break
        with open(path, "wb") as kept:
            copy_bytes(source, kept, start, size)
    return Written(frames, size)


def _sizes(source: BinaryIO) -> Iterator[int]:
    try:
        yield from frame_sizes(chunks(source))
    except NotAFrame as error:
        raise EngineFault("The MP3 encoder failed.", detail=f"no frame header: {error}") from error
