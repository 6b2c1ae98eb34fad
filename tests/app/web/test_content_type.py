"""Types by name, and names in headers."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.http.content_type import attachment, content_type


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/audio.mp3", "audio/mpeg"),
        ("/audio.aac", "audio/aac"),
        ("/audio.wav", "audio/wav"),
        ("/audio.m3u8", "application/vnd.apple.mpegurl"),
        ("a.FLAC", "audio/flac"),
        ("a.m4a", "audio/mp4"),
        ("a.opus", "audio/ogg"),
        ("a.mp4", "video/mp4"),
        ("a.ts", "video/mp2t"),
        ("a.json", "application/json"),
        ("a.html", "text/html"),
        ("a.tar.gz", "application/octet-stream"),
        ("song.mp3.gz", "application/octet-stream"),
        ("no-extension", "application/octet-stream"),
        (".mp3", "application/octet-stream"),
        ("data:text/html,x", "application/octet-stream"),
        ("a.unknown", "application/octet-stream"),
    ],
)
def test_types(name: str, expected: str) -> None:
    assert content_type(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a b.mp3", 'attachment; filename="a b.mp3"'),
        ('"x".mp3', "attachment; filename=\"_x_.mp3\"; filename*=UTF-8''%22x%22.mp3"),
        ("ü.mp3", "attachment; filename=\"_.mp3\"; filename*=UTF-8''%C3%BC.mp3"),
        ("a\r\nSet-Cookie: x", "attachment; filename=\"a__Set-Cookie: x\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x"),
    ],
)
def test_attachments(name: str, expected: str) -> None:
    assert attachment(name) == expected


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_every_name_survives_and_none_breaks_the_header(name: str) -> None:
    header = attachment(name)
    assert all(" " <= char < "\x7f" for char in header)
    parts = re.fullmatch(r"attachment; filename=\"([^\"\\]*)\"(?:; filename\*=UTF-8''([A-Za-z0-9._~%-]*))?", header)
    assert parts is not None
    plain, extended = parts.groups()
    assert (plain if extended is None else unquote(extended)) == name
