"""Files too long to be decoded for their length: headers, packets and joins, each against what FFmpeg decodes."""

from pathlib import Path

import pytest

from tests.tones import decode, music, write
from transforms.probe.declared import declared_length
from transforms.probe.guard import audio_stream, open_media
from transforms.probe.length import DECODED_SECONDS
from transforms.probe.scanning import scanned_length
from transforms.probe.source import measure
from transforms.probe.verdict import Length

RATE = 44_100
SAMPLES = (DECODED_SECONDS + 2) * RATE + 777

AAC_FRAME = 1024
AAC = ("-c:a", "aac", "-b:a", "64k")
MP3 = ("-c:a", "libmp3lame", "-b:a", "64k")
NO_XING = ("-write_xing", "0")
FRAGMENTS = ("-movflags", "frag_keyframe+empty_moov", "-frag_duration", "2000000")

# name: how it is made, which way tells its length ("declared", "scanned" or "decoded"), whether it can be entered anywhere
FORMS = {
    "xing.mp3": (MP3, "declared", True),
    "bare.mp3": ((*MP3, *NO_XING), "scanned", True),
    "a.m4a": (AAC, "declared", True),
    "b.mov": (("-c:a", "pcm_s16be"), "declared", True),
    "c.m4a": (("-c:a", "alac"), "declared", True),
    "fragments.mp4": ((*AAC, *FRAGMENTS), "declared", True),
    "a.aac": (AAC, "scanned", True),
    "a.flac": (("-c:a", "flac"), "declared", True),
    "a.wav": (("-c:a", "pcm_s24le"), "declared", True),
    "rf64.wav": (("-rf64", "always"), "declared", True),
    "a.opus": (("-c:a", "libopus", "-b:a", "48k"), "scanned", True),
    "a.oga": (("-c:a", "libvorbis"), "declared", False),
    "f.oga": (("-c:a", "flac"), "scanned", False),
    # Time stamps in 1/90000 s do not name a sample of 44.1 kHz, unless the frame's length is a whole number of them.
    "a.ts": (AAC, "scanned", False),
    "m.ts": (MP3, "scanned", True),
    "a.ac3": (("-c:a", "ac3"), "scanned", False),
    "a.mkv": (AAC, "decoded", False),
    "a.webm": (("-c:a", "libopus"), "decoded", False),
    "a.flv": (MP3, "decoded", False),
    "a.wma": (("-c:a", "wmav2"), "decoded", False),
    "a.aiff": ((), "scanned", False),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All forms of one piece of music."""
    made = tmp_path_factory.mktemp("long")
    pcm = music(SAMPLES / RATE, RATE)
    for name, (codec, _, _) in FORMS.items():
        write(made / name, pcm, RATE, *codec)
    return made


def way_and_length(path: Path) -> tuple[str, Length | None]:
    with open_media(str(path)) as container:
        if length := declared_length(str(path), container, audio_stream(container)):
            return "declared", length
    with open_media(str(path)) as container:
        length = scanned_length(str(path), container, audio_stream(container))
    return ("scanned" if length else "decoded"), length


@pytest.mark.parametrize("name", FORMS)
def test_the_length_is_exact(name: str, folder: Path) -> None:
    source = measure(str(folder / name))
    decoded = len(decode(folder / name))
    # Without an edit list this FFmpeg keeps the padding of the last frame, though the fragment's durations tell it.
    assert source.samples == (SAMPLES + AAC_FRAME if name == "fragments.mp4" else decoded)
    assert (way_and_length(folder / name)[0], source.seekable) == FORMS[name][1:]


@pytest.mark.parametrize("name", ["xing.mp3", "bare.mp3", "a.flac", "a.wav", "a.aac", "a.opus", "a.oga", "a.ts"])
def test_a_file_that_was_cut_off_has_what_is_left(name: str, folder: Path, tmp_path: Path) -> None:
    whole = (folder / name).read_bytes()
    cut = tmp_path / name
    cut.write_bytes(whole[: len(whole) * 19 // 20])
    samples = measure(str(cut)).samples
    assert samples == len(decode(cut))
    assert samples < len(decode(folder / name))


@pytest.mark.parametrize("name", ["xing.mp3", "bare.mp3", "a.aac", "a.oga", "a.opus"])
def test_two_files_in_one_are_both_heard(name: str, folder: Path, tmp_path: Path) -> None:
    joined = tmp_path / name
    joined.write_bytes((folder / name).read_bytes() * 2)
    source = measure(str(joined))
    assert source.samples == len(decode(joined))
    assert source.samples > 1.9 * SAMPLES


def test_a_lying_header_is_not_believed(folder: Path, tmp_path: Path) -> None:
    """FLAC's STREAMINFO says how long it is in 36 bits: say something else."""
    honest = (folder / "a.flac").read_bytes()
    for claim in (SAMPLES // 2, SAMPLES * 1000, 0):
        liar = tmp_path / "liar.flac"
        facts = int.from_bytes(honest[18:26]) & ~(2**36 - 1) | claim
        liar.write_bytes(honest[:18] + facts.to_bytes(8) + honest[26:])
        assert measure(str(liar)).samples == SAMPLES


def test_a_trailing_tag_leaves_xing_believed(folder: Path, tmp_path: Path) -> None:
    tagged = tmp_path / "tagged.mp3"
    tagged.write_bytes((folder / "xing.mp3").read_bytes() + b"TAG" + bytes(125))
    assert way_and_length(tagged)[0] == "declared"
    assert measure(str(tagged)).samples == SAMPLES


@pytest.mark.parametrize(
    ("rate_hz", "channels", "layout"), [(8_000, 1, "mono"), (192_000, 2, "stereo"), (48_000, 6, "5.1"), (48_000, 8, "7.1")]
)
def test_kinds_have_names(rate_hz: int, channels: int, layout: str, tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", music(0.1, rate_hz, channels), rate_hz)
    source = measure(str(path))
    assert (source.sample_rate_hz, source.channels, source.layout) == (rate_hz, channels, layout)
    assert source.samples == rate_hz // 10
