"""Why a file cannot be opened, told from its first bytes, in words that help whoever uploaded it."""

from transforms.probe.arriving import open_bytes

_HEAD_BYTES = 1024

_PLAYLIST = "The file is a playlist or manifest that refers to other files; it holds no audio of its own."
_IMAGE = "The file is an image, not audio or video."
_UNKNOWN = "The file is not audio or video in a supported format, or it is damaged."

_IMAGES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_LISTS = (
    b"#EXTM3U",
    b"ffconcat",
    b"v=0",
    b"[playlist]",
    b"<MPD",
    b"<SmoothStreamingMedia",
    b"<CompositionPlaylist",
    b"<AssetMap",
    b"<smil",
)


def not_media(path: str) -> str:
    """A sentence about a file that no demuxer took."""
    with open_bytes(path) as file:
        head = file.read(_HEAD_BYTES)
    if any(head.startswith(magic) for magic in _IMAGES) or head[8:12] == b"WEBP" or b"<svg" in head:
        return _IMAGE
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if any(text.startswith(mark) for mark in _LISTS) or (text.startswith(b"<?xml") and any(mark in head for mark in _LISTS)):
        return _PLAYLIST
    return _UNKNOWN
