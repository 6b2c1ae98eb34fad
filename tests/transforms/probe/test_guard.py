"""The one door: what gets in whatever its name, and what is refused without touching another file or the network."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av.error import FFmpegError

from tests.tones import write
from tests.transforms.engine import attacks
from tests.transforms.engine.attacks import Tripwire, tripwire
from transforms.errors import UnsupportedInput
from transforms.probe.guard import audio_stream, first_video, open_media
from transforms.probe.meta import describe
from transforms.probe.source import measure

SILENCE = np.zeros((4800, 2), np.float32)

LISTS: dict[str, Callable[[str], bytes]] = {
    "song.mp3": attacks.hls,
    "master.mp3": attacks.hls_master,
    "key.ts": attacks.hls_key,
    "list.wav": attacks.ffconcat,
    "show.mp4": attacks.dash,
    "imf.mxf": attacks.imf,
    "list.ogg": attacks.xspf,
}


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[tuple[Path, Tripwire]]:
    """A playable file that says when it is opened."""
    path = tmp_path / "canary.wav"
    path.write_bytes(attacks.wav(0.2))
    with tripwire(path) as wire:
        yield path, wire


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Hears whoever calls 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def called(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def refused(path: Path) -> str:
    with pytest.raises(UnsupportedInput) as by_measure:
        measure(str(path))
    with pytest.raises(UnsupportedInput) as by_describe:
        describe(str(path))
    assert by_measure.value.message == by_describe.value.message
    return by_measure.value.message


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_other_files_opens_none_of_them(name: str, tmp_path: Path, canary: tuple[Path, Tripwire]) -> None:
    target, wire = canary
    for form in (str(target), f"file:{target}", target.name):
        path = tmp_path / name
        path.write_bytes(LISTS[name](form))
        message = refused(path)
        assert message.startswith("The file is a playlist or manifest") or name == "list.ogg"
    assert not wire.touched()


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_addresses_calls_none_of_them(name: str, tmp_path: Path, listener: socket.socket) -> None:
    path = tmp_path / name
    path.write_bytes(LISTS[name](f"http://127.0.0.1:{listener.getsockname()[1]}/a.ts"))
    refused(path)
    assert not called(listener)


def test_the_attack_works_without_the_guard(tmp_path: Path, canary: tuple[Path, Tripwire], listener: socket.socket) -> None:
    """The control: tripwire and listener do notice an FFmpeg that follows a list."""
    target, wire = canary
    path = tmp_path / "list.ffconcat"
    path.write_bytes(attacks.ffconcat(target.name))
    with av.open(str(path), "r") as container:
        next(container.decode(audio=0))
    assert wire.touched()
    path.write_bytes(attacks.ffconcat(f"http://127.0.0.1:{listener.getsockname()[1]}/a.ts"))
    with pytest.raises(FFmpegError), av.open(str(path), "r", options={"safe": "0", "protocol_whitelist": "file,http,tcp"}, timeout=0.5):
        pass
    assert called(listener)


def test_sdp_listens_to_nothing(tmp_path: Path) -> None:
    path = tmp_path / "radio.mp3"
    path.write_bytes(attacks.sdp(5004))
    assert refused(path).startswith("The file is a playlist or manifest")


@pytest.mark.parametrize(("name", "content"), [("a.mp3", attacks.svg("canary.wav")), ("b.wav", attacks.png(10_000, 10_000))])
def test_images_are_no_media(name: str, content: bytes, tmp_path: Path, canary: tuple[Path, Tripwire]) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refused(path) == "The file is an image, not audio or video."
    assert not canary[1].touched()


@pytest.mark.parametrize(
    "name",
    [
        "-lead.wav",
        "a:b.mp3",
        "data:x",
        "pipe:0",
        "http:x.flac",
        "file:y",
        "%41.mp3",
        "two\nlines.mp3",
        "ümlaut.m3u8",
        os.fsdecode(b"\xff.mp3"),
    ],
)
def test_a_name_is_only_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = write(tmp_path / "made.wav", SILENCE, 48_000)
    shutil.copyfile(made, tmp_path / name)
    assert measure(str(tmp_path / name)).samples == 4800
    monkeypatch.chdir(tmp_path)
    assert measure(name).samples == 4800


def test_what_is_no_media_is_told_apart(tmp_path: Path) -> None:
    empty, text = tmp_path / "empty.mp3", tmp_path / "text.mp3"
    empty.touch()
    text.write_bytes(b"Just some words. " * 50)
    assert refused(empty) == "The file is empty."
    assert refused(text) == "The file is not audio or video in a supported format, or it is damaged."
    assert refused(tmp_path) == "The input is not a file."
    with pytest.raises(FileNotFoundError):
        open_media(str(tmp_path / "missing.mp3"))


def test_a_fifo_does_not_hold_us(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.mp3"
    os.mkfifo(fifo)
    assert refused(fifo) == "The input is not a file."


def test_pictures_without_sound_have_no_audio_track(tmp_path: Path) -> None:
    path = write(tmp_path / "x.mkv", SILENCE, 48_000, "-f", "lavfi", "-i", "testsrc2=d=1", "-map", "1:v", "-c:v", "mpeg4")
    with pytest.raises(UnsupportedInput, match="The file has no audio track"):
        measure(str(path))
    assert [track.type for track in describe(str(path))] == ["Video"]


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    cover = ["-f", "lavfi", "-i", "color=s=32x32:d=0.04", "-map", "0", "-map", "1", "-frames:v", "1", "-c:v", "mjpeg"]
    path = write(
        tmp_path / "x.mp3", SILENCE, 48_000, *cover, "-metadata", "title=One", "-metadata", "artist=Two", "-metadata", "album=Three"
    )
    source = measure(str(path))
    assert (source.frame_rate, source.has_cover) == (None, True)
    assert (source.title, source.artist, source.album) == ("One", "Two", "Three")
    with open_media(str(path)) as container:
        assert first_video(container) is None
        assert audio_stream(container).index == 0
