"""Title, artist, album and cover reach the MP3; what cannot be a cover is left out."""

import json
import shutil
import subprocess
from pathlib import Path

import av
import pytest

from tests import tones
from tests.transforms.engine.encodes import Wish, artifact_of
from transforms.engine.cover import MAX_COVER_BYTES, read_cover
from transforms.engine.tags import Cover, cover_of, id3v23
from transforms.spec import Format

TAGS = ("-metadata", "title=Grüße, 世界 🎧", "-metadata", "artist=A; B", "-metadata", "album=Ω")


def picture(path: Path, kind: str, size: str = "64x64") -> Path:
    output = path / f"cover.{kind}"
    subprocess.run([tones.ffmpeg(), "-v", "error", "-f", "lavfi", "-i", f"testsrc=s={size}:d=1", "-frames:v", "1", str(output)], check=True)
    return output


def with_cover(path: Path, cover: Path) -> Path:
    sound = tones.write(path / "a.wav", tones.noise(1, 44_100), 44_100)
    output = path / "b.mp3"
    mapping = ["-map", "0:a", "-map", "1:v", "-c:v", "copy", "-disposition:v", "attached_pic", *TAGS]
    subprocess.run([tones.ffmpeg(), "-v", "error", "-i", str(sound), "-i", str(cover), *mapping, str(output)], check=True)
    return output


def test_nothing_to_say_is_nothing() -> None:
    assert id3v23(None, "", None, None) == b""


def test_a_tag_is_its_frames() -> None:
    assert id3v23("A", None, None, None) == b"ID3\x03\0\0\0\0\0\x0f" + b"TIT2\0\0\0\x05\0\0" + b"\x01\xff\xfeA\0"
    tag = id3v23(None, None, None, Cover("image/png", b"x" * 300))
    assert tag[6:10] == bytes([0, 0, 2, 323 - 256])
    assert tag[10:20] == b"APIC" + (313).to_bytes(4, "big") + b"\0\0"


def test_what_no_encoding_says_does_not_break_the_tag() -> None:
    assert b"?" in id3v23("\ud800\0x", None, None, None)


def test_only_jpeg_and_png_are_covers() -> None:
    assert cover_of(b"GIF89a") is None
    assert cover_of(b"") is None
    assert cover_of(b"\xff\xd8\xff\xe0..") == Cover("image/jpeg", b"\xff\xd8\xff\xe0..")


@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_tags_and_cover_are_kept(kind: str, tmp_path: Path) -> None:
    cover = picture(tmp_path, kind)
    path, artifact = artifact_of(Wish(Format.MP3, 128, 44_100), [with_cover(tmp_path, cover)], tmp_path / "out")
    with av.open(str(path)) as made:
        assert dict(made.metadata) == {"title": "Grüße, 世界 🎧", "artist": "A; B", "album": "Ω"}
        assert [stream.codec_context.name for stream in made.streams.video] == ["mjpeg" if kind == "jpg" else "png"]
    assert read_cover(str(path)) == cover_of(cover.read_bytes())
    assert len(tones.decode(path, 2, "-map", "0:a")) == artifact.samples == 44_100
    if shutil.which("mpg123"):
        assert len(subprocess.run(["mpg123", "-q", "-s", str(path)], capture_output=True, check=True).stdout) == 44_100 * 4
    if shutil.which("ffprobe"):
        shown = subprocess.run(
            ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)], capture_output=True, check=True
        ).stdout
        assert [stream["codec_type"] for stream in json.loads(shown)["streams"]] == ["audio", "video"]


def test_a_broken_or_strange_picture_is_left_out(tmp_path: Path) -> None:
    cover = tmp_path / "cover.jpg"
    cover.write_bytes(picture(tmp_path, "png").read_bytes())
    source = with_cover(tmp_path, cover)
    content = source.read_bytes()
    source.write_bytes(content.replace(b"\x89PNG", b"XXXX"))
    path, _ = artifact_of(Wish(Format.MP3, 128, 44_100), [source], tmp_path / "out")
    assert b"APIC" not in path.read_bytes()
    assert b"TIT2" in path.read_bytes()


def test_a_huge_picture_is_left_out(tmp_path: Path) -> None:
    noisy = tmp_path / "cover.png"
    graph = "nullsrc=s=1900x1900,geq=random(1)*255:128:128"
    subprocess.run([tones.ffmpeg(), "-v", "error", "-f", "lavfi", "-i", graph, "-frames:v", "1", str(noisy)], check=True)
    assert noisy.stat().st_size > MAX_COVER_BYTES
    assert read_cover(str(with_cover(tmp_path, noisy))) is None
