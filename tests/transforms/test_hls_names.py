import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.hls.names import MASTER, MediaList, Name, Segment, parse_name


@pytest.mark.parametrize(
    ("artifact", "name"),
    [
        ("/audio.m3u8", MASTER),
        ("/0f/manifest.m3u8", MediaList(0)),
        ("/9f/manifest.m3u8", MediaList(9)),
        ("/0f/seg7.aac", Segment(0, 7)),
        ("/3f/seg8979.aac", Segment(3, 8979)),
    ],
)
def test_names_are_written_and_read(artifact: str, name: Name) -> None:
    assert parse_name(artifact) == name
    assert name.artifact == artifact


@pytest.mark.parametrize(
    "artifact",
    ["", "/", "audio.m3u8", "/audio.mp3", "/0f", "/0f/", "/0F/seg0.aac", "/10f/seg0.aac", "/0f/seg.aac", "/0f/seg01.aac", "/0f/seg-1.aac"],
)
def test_names_of_nothing(artifact: str) -> None:
    assert parse_name(artifact) is None


@pytest.mark.parametrize(
    "artifact",
    ["/0f/seg١.aac", "/0f/seg0.aac\n", "/0f/seg0.aacx", "/0f/manifest.m3u8/", "/0f//manifest.m3u8", "/0f/seg9999999999.aac"],
)
def test_names_that_nearly_are_some(artifact: str) -> None:
    assert parse_name(artifact) is None


@given(st.integers(0, 9), st.integers(0, 10**9 - 1))
def test_segment_names_read_back(rendition: int, index: int) -> None:
    assert parse_name(Segment(rendition, index).artifact) == Segment(rendition, index)
