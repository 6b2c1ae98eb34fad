"""What the bytes of a file say about its tracks and FFmpeg's interface does not pass on: ids and bit rate modes that MediaInfo reads."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from transforms.meta import Mode
from transforms.probe.arriving import open_bytes

_HEAD_BYTES = 262_144
_MOOV_MAX_BYTES = 64 * 2**20
_EXTENSIBLE = 0xFFFE
_IS_VBR = "IsVBR\0".encode("utf-16-le")
_ASF_BOOLEAN_OF_FOUR_BYTES = b"\x02\x00\x04\x00"
_DECODER_CONFIG = 4
_MXF_LABEL = rb"\x06\x0e\x2b\x34\x04\x01\x01."
_MXF_SOUND = re.compile(_MXF_LABEL + rb"(\x0d\x01\x03\x01\x02\x06..)", re.DOTALL)
_MXF_PICTURE = re.compile(_MXF_LABEL + rb"(\x0d\x01\x03\x01\x02[^\x06\x7f]..)", re.DOTALL)
_MXF_CODING = re.compile(_MXF_LABEL + rb"(\x04\x01\x02\x02....)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class WaveFormat:
    """A WAVE fmt chunk. `id`: the format number in hexadecimal, or the GUID of the extensible form."""

    id: str
    channels: int
    sample_rate_hz: int


@dataclass(frozen=True, slots=True)
class StreamDescriptor:
    """An MPEG-4 esds box. `mode` is None where it leaves the bit rates open."""

    object_indication: int
    mode: Mode | None


def head(path: str) -> bytes:
    """The beginning of a file, long enough for every header looked into here."""
    with open_bytes(path) as file:
        return file.read(_HEAD_BYTES)


def wave_format(content: bytes) -> WaveFormat | None:
    """The fmt chunk of a RIFF or RF64 file."""
    at = content.find(b"fmt ")
    if at < 0 or len(content) < at + 24:
        return None
    number, channels, rate = struct.unpack_from("<HHI", content, at + 8)
    guid = content[at + 32 : at + 48]
    name = str(UUID(bytes_le=guid)).upper() if number == _EXTENSIBLE and len(guid) == 16 else f"{number:X}"
    return WaveFormat(name, channels, rate)


def asf_mode(content: bytes) -> Mode | None:
    """ASF's attribute IsVBR, which stands in the metadata object (2 bytes) or the content description (type, size, 4 bytes)."""
    at = content.rfind(_IS_VBR)
    if at < 0:
        return None
    value = content[at + len(_IS_VBR) :][:8]
    return "VBR" if any(value[4:8] if value.startswith(_ASF_BOOLEAN_OF_FOUR_BYTES) else value[:2]) else "CBR"


def mxf_label(content: bytes, *, sound: bool) -> str | None:
    """The universal label of the essence container, and for pictures that of their coding."""
    container = (_MXF_SOUND if sound else _MXF_PICTURE).search(content)
    coding = None if sound else _MXF_CODING.search(content)
    labels = [found.group(1).hex().upper() for found in (container, coding) if found]
    return "-".join(labels) or None


def flac_mode(streaminfo: bytes) -> Mode:
    """FLAC frames of one size are called constant."""
    smallest, largest = streaminfo[4:7], streaminfo[7:10]
    return "CBR" if smallest == largest and any(largest) else "VBR"


def stream_descriptors(moov: bytes) -> list[StreamDescriptor]:
    """The esds boxes of an MP4 file's tracks, in their order."""
    return [found for at in _places(moov, b"esds") if (found := _descriptor(moov[at + 8 : at + 64]))]


def moov_box(path: str) -> bytes:
    """An MP4 file's moov box, found by walking along the file's outermost boxes."""
    with open_bytes(path) as file:
        while len(header := file.read(16)) >= 8:
            size, name = struct.unpack_from(">I4s", header)
            read = len(header)
            if size == 1 and read == 16:
                size = struct.unpack_from(">Q", header, 8)[0]
            if name == b"moov":
                file.seek(8 - read, 1)
                return file.read(min(size, _MOOV_MAX_BYTES))
            if size < 8:
                break
            file.seek(size - read, 1)
    return b""


def is_fragmented(moov: bytes) -> bool:
    """Whether the samples are described outside of moov: nothing is known about their sizes there."""
    return b"mvex" in moov


def _places(content: bytes, name: bytes) -> Iterator[int]:
    at = content.find(name)
    while at >= 0:
        yield at
        at = content.find(name, at + 4)


def _descriptor(content: bytes) -> StreamDescriptor | None:
    """Read ES_Descriptor and DecoderConfigDescriptor (ISO 14496-1 7.2.6.5 and 7.2.6.6); optional fields do not occur in files."""
    try:
        at = _after_header(content, 0) + 3
        if content[at] != _DECODER_CONFIG:
            return None
        at = _after_header(content, at)
        largest, average = struct.unpack_from(">II", content, at + 5)
        mode: Mode | None = None if not average else "CBR" if largest == average else "VBR"
        return StreamDescriptor(content[at], mode)
    except (IndexError, struct.error):
        return None


def _after_header(content: bytes, at: int) -> int:
    """Behind a descriptor's tag and its size of one to four bytes."""
    at += 1
    while content[at] & 0x80:
        at += 1
    return at + 1
