"""Files that attack whoever opens them (ENGINE 7), made on the spot: each is a name, bytes, and nothing that belongs to anybody."""

import ctypes
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_OPEN = 0x20
SEGMENT_SECONDS = 1


class Tripwire:
    """Says whether a file was opened, by whomever and in whatever namespace (inotify)."""

    def __init__(self, path: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._notices = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._notices >= 0
        assert self._libc.inotify_add_watch(self._notices, os.fsencode(path), IN_OPEN) >= 0

    def touched(self) -> bool:
        """Since the last question."""
        try:
            return bool(os.read(self._notices, 4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        os.close(self._notices)


@contextmanager
def tripwire(path: Path) -> Iterator[Tripwire]:
    wire = Tripwire(path)
    try:
        yield wire
    finally:
        wire.close()


def wav(seconds: float, *, rate: int = 48_000, channels: int = 2, declared_bytes: int | None = None) -> bytes:
    """A 16-bit WAV of a sawtooth; `declared_bytes` is what its header claims."""
    frames = int(seconds * rate)
    sound = b"".join(struct.pack("<h", (n * 300) % 20_000 - 10_000) * channels for n in range(frames))
    return wav_header(len(sound) if declared_bytes is None else declared_bytes, rate, channels) + sound


def wav_header(size_bytes: int, rate: int, channels: int) -> bytes:
    chunk = struct.pack("<HHIIHH", 1, channels, rate, min(rate * channels * 2, 2**32 - 1), channels * 2, 16)
    return (
        b"RIFF" + struct.pack("<I", min(36 + size_bytes, 2**32 - 1)) + b"WAVEfmt " + struct.pack("<I", 16) + chunk
        + b"data" + struct.pack("<I", size_bytes)
    )  # fmt: skip


def hls(target: str) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:{SEGMENT_SECONDS}\n#EXTINF:{SEGMENT_SECONDS},\n{target}\n#EXT-X-ENDLIST\n".encode()


def hls_master(target: str) -> bytes:
    return f'#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="mp4a.40.2"\n{target}\n'.encode()


def hls_key(target: str) -> bytes:
    return f'#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n'.encode()


def ffconcat(target: str) -> bytes:
    return f"ffconcat version 1.0\nfile '{target}'\n".encode()


def sdp(port: int) -> bytes:
    return f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n".encode()


def svg(target: str) -> bytes:
    return (
        '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="9" height="9"><image xlink:href="{target}" width="9" height="9"/></svg>'
    ).encode()


def dash(target: str) -> bytes:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT9S" '
        'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet contentType="audio">'
        f'<Representation id="0" mimeType="audio/mp4" codecs="mp4a.40.2" bandwidth="1"><BaseURL>{target}</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>"
    ).encode()


def imf(target: str) -> bytes:
    track = "urn:uuid:6ae3dc1b-5d69-4b2c-9a5c-0a4c4b5cbb07"
    return (
        '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">'
        f"<Id>{track}</Id><ContentTitle>{target}</ContentTitle><EditRate>24 1</EditRate><SegmentList><Segment><Id>{track}</Id>"
        f"<SequenceList/></Segment></SegmentList></CompositionPlaylist>"
    ).encode()


def xspf(target: str) -> bytes:
    return f'<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><track><location>{target}</location></track></playlist>'.encode()


def png(width: int, height: int) -> bytes:
    """One colour: 300 MB of picture in some kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(1 + width * 3)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def flac_claiming(genuine: bytes, *, rate_hz: int | None = None, samples: int | None = None) -> bytes:
    """A FLAC whose STREAMINFO claims another rate (20 bits) or length (36 bits) than its frames have."""
    facts = int.from_bytes(genuine[18:26], "big")
    if rate_hz is not None:
        facts = facts & ~(0xFFFFF << 44) | rate_hz << 44
    if samples is not None:
        facts = facts & ~(2**36 - 1) | samples
    return genuine[:18] + facts.to_bytes(8, "big") + genuine[26:]
