"""What playlists say while a variant is encoded, as values."""

from dataclasses import replace
from itertools import pairwise

import pytest

from app.jobs.stream import PlaylistForm, Stream, read_stream, write_stream
from app.live.listing import growing_list, listed_renditions, master, whole_list
from transforms.hls.bandwidth import Bandwidth
from transforms.plan import Rendition
from transforms.spec import RealTime


def rendition(real_time: RealTime, kbps: int = 96) -> Rendition:
    return Rendition(kbps, 48_000, 2, "stereo", 1024, 48_000 * 20, (0,), real_time)


def stream_of(*real_time: RealTime, speeds: tuple[float, ...] = ()) -> Stream:
    renditions = tuple(rendition(kind, 128 - 32 * number) for number, kind in enumerate(real_time))
    return Stream(1, PlaylistForm.VOD, 7, renditions, speeds or (10.0,) * len(renditions))


@pytest.mark.parametrize(("kinds", "speeds", "listed"), [
    ((RealTime.TRUE, RealTime.AUTO, RealTime.FALSE), (9, 8, 7), [0, 1]),
    ((RealTime.TRUE, RealTime.AUTO, RealTime.FALSE), (0.9, 0.8, 9), [0]),
    ((RealTime.AUTO, RealTime.AUTO, RealTime.AUTO), (1.1, 0.9, 4), [0, 2]),
    ((RealTime.AUTO, RealTime.AUTO), (0.4, 0.5), [1]),
    ((RealTime.AUTO, RealTime.AUTO), (1, 0.5), [0]),
    ((RealTime.FALSE, RealTime.FALSE), (10, 9), [0]),
])  # fmt: skip
def test_who_is_listed_while_it_is_encoded(kinds: tuple[RealTime, ...], speeds: tuple[float, ...], listed: list[int]) -> None:
    assert listed_renditions(stream_of(*kinds, speeds=speeds)) == listed


def test_the_finished_master_lists_all_with_exact_figures() -> None:
    stream = replace(stream_of(RealTime.FALSE, RealTime.FALSE), bandwidths=(Bandwidth(111, 100), Bandwidth(222, 200)))
    text = master(stream, lambda name: name.removeprefix("/"))
    assert [line for line in text.splitlines() if not line.startswith("#")] == ["0f/manifest.m3u8", "1f/manifest.m3u8"]
    assert "BANDWIDTH=222,AVERAGE-BANDWIDTH=200" in text


def test_a_growing_list_is_a_prefix_of_every_later_one() -> None:
    stream = stream_of(RealTime.TRUE)
    texts = [growing_list(stream, 0, count, ended=False, link=str) for count in range(stream.segments + 1)]
    texts.append(growing_list(stream, 0, stream.segments, ended=True, link=str))
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert texts[-1].count("#EXTINF") == whole_list(stream, 0, str).count("#EXTINF") == stream.segments


def test_a_stream_survives_its_row() -> None:
    stream = replace(stream_of(RealTime.AUTO, RealTime.FALSE), bandwidths=(Bandwidth(1, 2), Bandwidth(3, 4)), size_bytes=5)
    assert read_stream(write_stream(stream)) == stream
    assert read_stream(None) is None
