"""What the playlists of an HLS variant say while it is encoded and afterwards (CONTRACT 3, "rt."). Pure: values in, text out."""

from collections.abc import Callable

from app.jobs.stream import PlaylistForm, Stream
from transforms.hls.bandwidth import expected
from transforms.hls.names import MediaList, Segment
from transforms.hls.playlists import ListedRendition, ListedSegment, event_playlist, master_playlist, vod_playlist
from transforms.spec import RealTime

Link = Callable[[str], str]
"""From the name of an output file to the link that leads there."""

FIRST_SEGMENTS = {PlaylistForm.VOD: 1, PlaylistForm.EVENT: 3}
"""What must exist before the first master answer: with fewer than three, players gap in growing lists (ENGINE 6)."""


def keeps_up(speed: float) -> bool:
    """Whether an encode is faster than the player."""
    return speed > 1


def listed_renditions(stream: Stream) -> list[int]:
    """Numbers of the renditions that a master lists while they are encoded: rt=true always, auto if it keeps up, false never.

    If none qualifies, the fastest.
    """
    listed = [number for number in range(len(stream.renditions)) if _qualifies(stream, number)]
    return listed or [max(range(len(stream.renditions)), key=lambda number: stream.speeds[number])]


def master(stream: Stream, link: Link) -> str:
    """The master playlist: all renditions once the bandwidths are exact."""
    numbers = range(len(stream.renditions)) if stream.bandwidths else listed_renditions(stream)
    bandwidths = stream.bandwidths or tuple(expected(rendition) for rendition in stream.renditions)
    return master_playlist(ListedRendition(link(MediaList(number).artifact), bandwidths[number]) for number in numbers)


def whole_list(stream: Stream, rendition: int, link: Link) -> str:
    """The VOD list of a rendition."""
    return vod_playlist(_segments(stream, rendition, stream.segments, link), stream.renditions[rendition].sample_rate_hz)


def growing_list(stream: Stream, rendition: int, published: int, *, ended: bool, link: Link) -> str:
    """The EVENT list of a rendition: its first `published` segments."""
    return event_playlist(_segments(stream, rendition, published, link), stream.renditions[rendition].sample_rate_hz, ended=ended)


def _segments(stream: Stream, rendition: int, count: int, link: Link) -> list[ListedSegment]:
    segmentation = stream.segmentation
    return [ListedSegment(link(Segment(rendition, i).artifact), segmentation.span(rendition, i).frames) for i in range(count)]


def _qualifies(stream: Stream, number: int) -> bool:
    match stream.renditions[number].real_time:
        case RealTime.TRUE:
            return True
        case RealTime.AUTO:
            return keeps_up(stream.speeds[number])
        case _:
            return False
