"""ID3v2.3: title, artist, album and cover in front of an MP3 (id3.org, "ID3 tag version 2.3.0")."""

from dataclasses import dataclass
from typing import Final

_FRONT_COVER = 3
_UTF_16 = 1
_MAX_TEXT_CHARACTERS = 1000

_SIGNATURES: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@dataclass(frozen=True, slots=True)
class Cover:
    """A front cover: an encoded picture and its type, as its first bytes tell it."""

    mime: str
    picture: bytes


def cover_of(picture: bytes) -> Cover | None:
    """The cover a picture makes; None unless it begins as JPEG or PNG do, the two types ID3v2.3 names."""
    for signature, mime in _SIGNATURES.items():
        if picture.startswith(signature):
            return Cover(mime, picture)
    return None


def web_cover_of(picture: bytes) -> Cover | None:
    """The same for a browser, which also knows WebP (RFC 9649 2.4)."""
    is_webp = picture[:4] == b"RIFF" and picture[8:12] == b"WEBP"
    return Cover("image/webp", picture) if is_webp else cover_of(picture)


def id3v23(title: str | None, artist: str | None, album: str | None, cover: Cover | None) -> bytes:
    """The whole tag; empty when there is nothing to say."""
    texts = ((b"TIT2", title), (b"TPE1", artist), (b"TALB", album))
    frames = b"".join(_frame(name, _text(text)) for name, text in texts if text)
    if cover is not None:
        frames += _frame(b"APIC", b"\0" + cover.mime.encode() + b"\0" + bytes([_FRONT_COVER]) + b"\0" + cover.picture)
    return b"ID3\x03\x00\x00" + _synchsafe(len(frames)) + frames if frames else b""


def _frame(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "big") + b"\0\0" + content


def _text(text: str) -> bytes:
    """UTF-16 with its byte order mark; what no encoding can say becomes a question mark."""
    return bytes([_UTF_16]) + text.replace("\0", " ")[:_MAX_TEXT_CHARACTERS].encode("utf-16", errors="replace")


def _synchsafe(size: int) -> bytes:
    """28 bits in four bytes of seven."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
