"""Files that somebody joined by appending one to another: players play all of it, while a header knows its own part only."""

from transforms.probe.arriving import mapped

_XING = (b"Xing\x00\x00\x00", b"Info\x00\x00\x00")
_ID3 = (b"ID3\x04\x00", b"ID3\x03\x00", b"ID3\x02\x00")  # the versions in use
_OGG_PAGE = b"OggS\x00"
_OGG_MIDDLE, _OGG_BEGINS = b"\x00", b"\x02"  # the header type that follows, RFC 3533 6


def is_joined(path: str) -> bool:
    """Whether another mp3 file begins within an mp3 file: with tags, or a Xing header, which look like frames and hold no samples."""
    with mapped(path) as content:
        headers = [at for mark in _XING for at in (content.find(mark),) if at >= 0]
        again = any(content.find(mark, min(headers) + 1) >= 0 for mark in _XING) if headers else False
        return again or any(content.find(mark, 1) >= 0 for mark in _ID3)


def is_chained(path: str) -> bool:
    """Whether another Ogg stream begins behind the pages of the first ones (RFC 3533 4: chained, not multiplexed)."""
    with mapped(path) as content:
        follows = content.find(_OGG_PAGE + _OGG_MIDDLE)
        return follows >= 0 and content.find(_OGG_PAGE + _OGG_BEGINS, follows) >= 0
