"""The text of HLS playlists (RFC 8216), version 3: packed audio needs nothing newer."""

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.hls.bandwidth import Bandwidth
from transforms.hls.segments import TARGET_DURATION_SECONDS
from transforms.limits import AAC_FRAME_SAMPLES

CODECS = "mp4a.40.2"  # AAC-LC, whatever the bit rate

_BEGIN = ("#EXTM3U", "#EXT-X-VERSION:3")
_BEGIN_MEDIA = (*_BEGIN, f"#EXT-X-TARGETDURATION:{TARGET_DURATION_SECONDS}", "#EXT-X-MEDIA-SEQUENCE:0")
_END = "#EXT-X-ENDLIST"
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class ListedRendition:
    """A rendition as the master playlist names it."""

    link: str
    bandwidth: Bandwidth


@dataclass(frozen=True, slots=True)
class ListedSegment:
    """A segment as a media playlist names it: `frames` of AAC."""

    link: str
    frames: int


def master_playlist(renditions: Iterable[ListedRendition]) -> str:
    """The list of renditions, in the order given."""
    lines = [*_BEGIN, "#EXT-X-INDEPENDENT-SEGMENTS"]
    for rendition in renditions:
        rates = f"BANDWIDTH={rendition.bandwidth.peak_bps},AVERAGE-BANDWIDTH={rendition.bandwidth.average_bps}"
        lines += (f'#EXT-X-STREAM-INF:{rates},CODECS="{CODECS}"', rendition.link)
    return _text(lines)


def vod_playlist(segments: Iterable[ListedSegment], sample_rate_hz: int) -> str:
    """All segments of a rendition at once, whether they are encoded yet or not."""
    return _text([*_BEGIN_MEDIA, "#EXT-X-PLAYLIST-TYPE:VOD", *_entries(segments, sample_rate_hz), _END])


def event_playlist(segments: Iterable[ListedSegment], sample_rate_hz: int, *, ended: bool) -> str:
    """The segments that exist so far. With more of them it only gets longer (RFC 8216 6.2.1); `ended` adds the last line.

    EXT-X-START sends players to the beginning, which otherwise start near the end of what grows.
    """
    head = (*_BEGIN_MEDIA, "#EXT-X-PLAYLIST-TYPE:EVENT", "#EXT-X-START:TIME-OFFSET=0,PRECISE=YES")
    return _text([*head, *_entries(segments, sample_rate_hz), *([_END] if ended else [])])


def duration_text(frames: int, sample_rate_hz: int) -> str:
    """EXTINF: frames × 1024 / rate in seconds, rounded to the microsecond (a constant 4.000 puts seeks off by 0.235 s: ENGINE 6)."""
    samples = frames * AAC_FRAME_SAMPLES
    microseconds = (2 * samples * _MICROSECONDS + sample_rate_hz) // (2 * sample_rate_hz)
    return f"{microseconds // _MICROSECONDS}.{microseconds % _MICROSECONDS:06d}"


def _entries(segments: Iterable[ListedSegment], sample_rate_hz: int) -> Iterable[str]:
    for segment in segments:
        yield f"#EXTINF:{duration_text(segment.frames, sample_rate_hz)},"
        yield segment.link


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
