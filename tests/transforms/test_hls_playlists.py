from fractions import Fraction
from itertools import pairwise
from typing import Any

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.hls_plans import lengths, plan_of, rate_sets
from transforms.hls.bandwidth import Bandwidth, expected
from transforms.hls.names import MediaList, Segment
from transforms.hls.playlists import ListedRendition, ListedSegment, duration_text, event_playlist, master_playlist, vod_playlist
from transforms.hls.segments import segmentation
from transforms.limits import AAC_SAMPLE_RATES_HZ
from transforms.plan import Plan

VOD = """\
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXTINF:1.002667,
seg0.aac
#EXTINF:1.002667,
seg1.aac
#EXTINF:0.512000,
seg2.aac
#EXT-X-ENDLIST
"""

EVENT = """\
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-START:TIME-OFFSET=0,PRECISE=YES
#EXTINF:1.002667,
seg0.aac
"""

MASTER = """\
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=123,AVERAGE-BANDWIDTH=100,CODECS="mp4a.40.2"
0f/manifest.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=456,AVERAGE-BANDWIDTH=400,CODECS="mp4a.40.2"
1f/manifest.m3u8
"""


def read(text: str) -> Any:
    return m3u8.loads(text)  # type: ignore[no-untyped-call]


def listed(plan: Plan, rendition: int = 0) -> list[ListedSegment]:
    frames = segmentation(plan).frames(rendition)
    return [ListedSegment(f"song.mp3!f=hls-aac-rt&a={Segment(rendition, i).artifact}", count) for i, count in enumerate(frames)]


def test_a_whole_list() -> None:
    segments = [ListedSegment("seg0.aac", 47), ListedSegment("seg1.aac", 47), ListedSegment("seg2.aac", 24)]
    assert vod_playlist(segments, 48_000) == VOD


def test_a_growing_list_and_its_end() -> None:
    segments = [ListedSegment("seg0.aac", 47)]
    assert event_playlist(segments, 48_000, ended=False) == EVENT
    assert event_playlist(segments, 48_000, ended=True) == EVENT + "#EXT-X-ENDLIST\n"


def test_a_master_list() -> None:
    renditions = [ListedRendition("0f/manifest.m3u8", Bandwidth(123, 100)), ListedRendition("1f/manifest.m3u8", Bandwidth(456, 400))]
    assert master_playlist(renditions) == MASTER


@pytest.mark.parametrize(
    ("frames", "rate_hz", "text"), [(188, 48_000, "4.010667"), (173, 44_100, "4.017052"), (1, 8_000, "0.128000"), (125, 32_000, "4.000000")]
)
def test_extinf_counts_frames_to_the_microsecond(frames: int, rate_hz: int, text: str) -> None:
    assert duration_text(frames, rate_hz) == text


@given(st.integers(1, 2000), st.sampled_from(AAC_SAMPLE_RATES_HZ))
def test_extinf_is_the_nearest_microsecond(frames: int, rate_hz: int) -> None:
    assert abs(Fraction(duration_text(frames, rate_hz)) - Fraction(frames * 1024, rate_hz)) <= Fraction(1, 2_000_000)


@given(lengths(), st.data(), st.sampled_from(AAC_SAMPLE_RATES_HZ))
def test_each_event_list_is_a_prefix_of_the_next(seconds: Fraction, data: st.DataObject, rate_hz: int) -> None:
    segments = listed(plan_of(min(seconds, Fraction(400)), [rate_hz]))
    sizes = sorted(data.draw(st.lists(st.integers(0, len(segments)), min_size=1, max_size=5)))
    answers = [event_playlist(segments[:size], rate_hz, ended=False) for size in sizes] + [event_playlist(segments, rate_hz, ended=True)]
    for earlier, later in pairwise(answers):
        assert later.startswith(earlier)


@given(lengths(), rate_sets())
def test_an_independent_parser_reads_every_media_list(seconds: Fraction, rates_hz: list[int]) -> None:
    plan = plan_of(min(seconds, Fraction(400)), rates_hz)
    lists = []
    for rendition, rate_hz in enumerate(rates_hz):
        segments = listed(plan, rendition)
        vod = read(vod_playlist(segments, rate_hz))
        event = read(event_playlist(segments, rate_hz, ended=False))
        assert (vod.playlist_type, vod.is_endlist, event.playlist_type, event.is_endlist) == ("vod", True, "event", False)
        assert (event.start.time_offset, event.start.precise) == (0, "YES")
        for media in (vod, event):
            assert (media.version, media.target_duration, media.media_sequence, media.is_variant) == (3, 4, 0, False)
            assert [segment.uri for segment in media.segments] == [segment.link for segment in segments]
            assert all(int(segment.duration + 0.5) <= media.target_duration for segment in media.segments)
            total = Fraction(plan.renditions[rendition].frames * 1024, rate_hz)
            assert abs(sum(Fraction(str(segment.duration)) for segment in media.segments) - total) <= Fraction(len(segments), 2_000_000)
        lists.append(vod)
    assert len({len(media.segments) for media in lists}) == 1, "the same number of segments in all renditions"


@given(lengths(), rate_sets())
def test_an_independent_parser_reads_every_master_list(seconds: Fraction, rates_hz: list[int]) -> None:
    plan = plan_of(seconds, rates_hz)
    renditions = [ListedRendition(MediaList(i).artifact[1:], expected(rendition)) for i, rendition in enumerate(plan.renditions)]
    master = read(master_playlist(renditions))
    assert (master.version, master.is_variant, master.is_independent_segments) == (3, True, True)
    assert [entry.uri for entry in master.playlists] == [entry.link for entry in renditions]
    for entry, rendition in zip(master.playlists, renditions, strict=True):
        assert entry.stream_info.codecs == "mp4a.40.2"
        assert entry.stream_info.bandwidth == rendition.bandwidth.peak_bps
        assert entry.stream_info.average_bandwidth == rendition.bandwidth.average_bps


def test_a_60_minute_list_is_small() -> None:
    segments = [ListedSegment(f"seg{i}.aac", frames) for i, frames in enumerate(segmentation(plan_of(3600)).frames(0))]
    assert len(vod_playlist(segments, 48_000)) < 30_000
