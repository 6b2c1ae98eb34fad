"""What the playlists of an HLS variant say while it is encoded and afterwards (CONTRACT 3, "rt."). Pure: values in, text out."""

from collections.abc import Callable

from app.jobs.stream import PlaylistForm, Stream
from transforms.hls.bandwidth import expected
from transforms.hls.names import MediaList, Segment
from transforms.hls.playlists import ListedRendition, ListedSegment, event_playlist, master_playlist, vod_playlist
from transforms.plan import Rendition
from transforms.spec import RealTime

Link = Callable[[str], str]
"""From the name of an output file to the link that leads there."""

FIRST_SEGMENTS = {PlaylistForm.VOD: 1, PlaylistForm.EVENT: 3}
"""What must exist before the first master answer: with fewer than three, players gap in growing lists (ENGINE 6)."""


def keeps_up(pace: float) -> bool:
    """Whether an encode is faster than the player."""
    return pace > 1


def listed_renditions(stream: Stream) -> list[int]:
    """Numbers of the renditions that a master lists while they are encoded: rt=true always, auto when the encode keeps up, false never.

    If none qualifies, the fastest: the one that takes the least work.
    """
    wanted = {RealTime.TRUE, RealTime.AUTO} if keeps_up(stream.pace) else {RealTime.TRUE}
    listed = [number for number, rendition in enumerate(stream.renditions) if rendition.real_time in wanted]
    return listed or [min(range(len(stream.renditions)), key=lambda number: _work(stream.renditions[number]))]


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


def _work(rendition: Rendition) -> tuple[int, int]:
    return rendition.sample_rate_hz, rendition.bitrate_kbps or 0
