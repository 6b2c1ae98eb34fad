"""Where the frames of an mp3 file of one bit rate lie: a far one is reached without reading all before it, which is FFmpeg's only exact way
(20 ms for each quarter of an hour, and of a remote original every byte).
"""

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Final, Self

from transforms.engine.mp3_frames import Mp3Header, NotAFrame
from transforms.probe.arriving import open_bytes
from transforms.probe.xing import stated_mode, xing_tells

_SAME: Final = 0xFFFE_FC00  # sync, version, layer, bit rate and sample rate
_SLACK_BYTES: Final = 2  # frames are padded by a byte or not, so that the bit rate is right on average
_FRAMES_SEEN: Final = 4  # so that sound is not taken for a header


@dataclass(frozen=True, slots=True)
class FrameOffsets:
    """Of one file, whose first audio frame begins at byte `first_at` with `header`; frames have `mean_bytes` on average."""

    path: str
    first_at: int
    header: Mp3Header
    mean_bytes: Fraction

    @classmethod
    def of_file(cls, path: str, first_at: int) -> Self | None:
        """None for a file that does not call itself constant, or is not as long as it says."""
        if stated_mode(path, first_at) != "CBR" or not xing_tells(path, first_at):
            return None
        with open_bytes(path) as file:
            file.seek(first_at)
            header = Mp3Header(int.from_bytes(file.read(4)))
        try:
            return cls(path, first_at, header, header.mean_bytes)
        except NotAFrame:
            return None

    def find(self, number: int) -> int | None:
        """The byte offset of a frame; None where frames do not lie as they should, or too few follow."""
        due = self.first_at + floor(number * self.mean_bytes)
        start = max(self.first_at, due - _SLACK_BYTES)
        with open_bytes(self.path) as file:
            file.seek(start)
            near = file.read(2 * _SLACK_BYTES + _FRAMES_SEEN * (floor(self.mean_bytes) + 1))
        return next((at for at in range(start, due + _SLACK_BYTES + 1) if self._are_frames(near, at - start)), None)

    def _are_frames(self, content: bytes, at: int) -> bool:
        for _ in range(_FRAMES_SEEN):
            header = Mp3Header(int.from_bytes(content[at : at + 4]))
            if (header.word ^ self.header.word) & _SAME:
                return False
            at += header.size_bytes
        return True
