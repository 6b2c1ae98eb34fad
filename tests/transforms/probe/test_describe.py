"""f=meta of every real file against MediaInfo: names, ids and modes are its own, lengths are measured."""

import time
from dataclasses import dataclass

import pytest

from tests.media import MediaFile, each_file, media, needs_media, oracle
from transforms.engine.messages import Track
from transforms.errors import UnsupportedInput
from transforms.probe.meta import describe
from transforms.probe.source import measure

DEADLINE_SECONDS = 5
TYPES = {"Audio", "Video", "Text", "Image"}
FIELDS = {
    "codec": "Format", "codecId": "CodecID", "bitRateMode": "BitRate_Mode", "channels": "Channels", "samplingRate": "SamplingRate",
    "title": "Title",
}  # fmt: skip

# Where we differ from MediaInfo, and why. Field "*": all fields of the track, or that there is such a track at all.
TRANSPORT = "it takes the transport stream for ADTS, or sees too little of it to tell"
HRD = "it reads the video's HRD syntax, which FFmpeg does not pass on"
ZEROED = "the properties are zeroed in the file: it repeats nothing, we say what decoding would use"
MATERIAL = "it names the file package's track, FFmpeg the material package's"
NOTHING_OPENS = "damaged beyond what FFmpeg opens"
EXCEPTIONS = {
    ("audio/m4a/sample_opus.mp4", "channels"): "it says nothing; there are two",
    ("audio/ts/audio.ts", "codecId"): TRANSPORT,
    ("audio/ts/audioLargeOffset.ts", "codecId"): TRANSPORT,
    ("audio/ts/audioLargeOffset.ts", "bitRateMode"): TRANSPORT,
    ("audio/ts/audioLargeOffset2.ts", "codecId"): TRANSPORT,
    ("audio/ts/audioLargeOffset2.ts", "bitRateMode"): TRANSPORT,
    ("audio/ts/audioMinOffset.ts", "codecId"): TRANSPORT,
    ("audio/ts/audioMinOffset.ts", "bitRateMode"): TRANSPORT,
    ("audio/ts/caption.ts", "*"): "captions inside the pictures are no stream of FFmpeg's",
    ("audio/ts/id3.ts", "bitRateMode"): HRD,
    ("audio/ts/oneSecond.ts", "bitRateMode"): HRD,
    ("hard/broken/zero_value_properties.m4a", "codec"): ZEROED,
    ("hard/broken/zero_value_properties.m4a", "samplingRate"): ZEROED,
    ("hard/broken/zero_value_properties_alac.m4a", "samplingRate"): ZEROED,
    ("hard/lying/alac_file.m4a", "bitRateMode"): "it believes the table of packets that the file no longer has",
    ("video/flv/sample.flv", "channels"): "it believes FLV's flag, which says stereo for all AAC; decoding gives one",
    ("video/mov/av-9bd944.mov", "bitRateMode"): "it calls this AVC constant, other AVC in MP4 nothing; by what is not known",
    ("video/mxf/AUDIO_bc1a3912-a90a-41b2-b16c-0915a2a1e088.mxf", "bitRateMode"): "PCM is constant; it says nothing for this one file",
    ("video/mxf/MERIDIAN_Netflix_Photon_161006_ENG-51_00.mxf", "title"): MATERIAL,
    ("video/mxf/TearsOfSteel_4k_Test_Master_Audio_002.mxf", "title"): MATERIAL,
    ("audio/aac/adif.aac", "*"): "FFmpeg has no demuxer for ADIF",
    ("audio/wav/rect_24bit_nods64.wav", "*"): NOTHING_OPENS,
    ("audio/wav/rect_24bit_wrong_fmt_size.wav", "*"): NOTHING_OPENS,
    ("audio/wav/test-44100Hz-le-1ch-4bytes-early-eof-no-data.wav", "*"): NOTHING_OPENS,
    ("hard/broken/07 - other metadata blocks preceding streaminfo metadata block.flac", "*"): NOTHING_OPENS,
    ("hard/broken/invalid_sample_rate.aiff", "*"): NOTHING_OPENS,
    ("hard/broken/sample_fragmented_clearkey.mp4", "*"): "encrypted",
    ("hard/broken/too-short.mp3", "*"): NOTHING_OPENS,
    ("hard/broken/zero_value_properties.aiff", "*"): NOTHING_OPENS,
    ("hard/broken/zero_value_properties.ogg", "*"): NOTHING_OPENS,
    ("hard/broken/zero_value_properties.opus", "*"): NOTHING_OPENS,
    ("hard/broken/zero_value_properties.spx", "*"): NOTHING_OPENS,
    ("hard/broken/zero_value_properties.wav", "*"): NOTHING_OPENS,
    ("hard/broken/zero_value_properties.wma", "*"): NOTHING_OPENS,
}
REQUIRED_AGREEMENT = 0.98


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field of one track. `theirs` and `ours` are text, or None."""

    file: str
    field: str
    theirs: str | None
    ours: str | None


def comparisons(file: MediaFile) -> list[Comparison]:
    """Everything that MediaInfo says about a file beside what we say; nothing where it recognised no track."""
    theirs = [track for track in oracle().get(file.name, []) if track["@type"] in TYPES]
    if not theirs or file.kind == "hls-playlist":
        return []
    ours = _described(file)
    types = Comparison(file.name, "*", " ".join(track["@type"] for track in theirs), " ".join(track.type for track in ours))
    if types.theirs != types.ours:
        return [types]
    pairs = zip(theirs, ours, strict=True)
    return [
        types,
        *(Comparison(file.name, ours_, their.get(theirs_), _text(our, ours_)) for their, our in pairs for ours_, theirs_ in FIELDS.items()),
    ]


def _described(file: MediaFile) -> tuple[Track, ...]:
    try:
        return describe(file.path)
    except UnsupportedInput:
        return ()


def _text(track: Track, field: str) -> str | None:
    value = getattr(track, field)
    return None if value is None else str(value)


@pytest.mark.parametrize("file", each_file())
def test_tracks_are_named_as_mediainfo_names_them(file: MediaFile) -> None:
    began = time.perf_counter()
    differing = {pair.field: pair for pair in comparisons(file) if pair.theirs != pair.ours}
    assert time.perf_counter() - began < DEADLINE_SECONDS
    expected = {field for name, field in EXCEPTIONS if name == file.name}
    assert set(differing) == expected, differing


@needs_media
def test_agreement_with_mediainfo(capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [pair for parameters in each_file() for pair in comparisons(_file(parameters.values[0]))]
    agreeing = sum(pair.theirs == pair.ours for pair in pairs)
    with capsys.disabled():
        print(f"\nf=meta agrees with MediaInfo in {agreeing} of {len(pairs)} fields ({agreeing / len(pairs):.1%})")  # noqa: T201
    assert agreeing / len(pairs) > REQUIRED_AGREEMENT


def _file(value: object) -> MediaFile:
    assert isinstance(value, MediaFile)
    return value


@pytest.mark.parametrize("file", each_file(lambda file: bool(file.decoded_seconds) and file.kind == "file"))
def test_durations_and_rates_are_measured(file: MediaFile) -> None:
    source = measure(file.path)
    audio = next(track for track in describe(file.path) if track.type == "Audio")
    assert source.seconds is not None
    assert audio.duration == pytest.approx(float(source.seconds), abs=1e-6)
    assert audio.bitRate is not None
    if audio.frameCount and audio.frameRate:  # frames fill the duration, priming, padding and one damaged frame aside
        assert audio.frameCount / audio.frameRate == pytest.approx(audio.duration, abs=5 / audio.frameRate)


@pytest.mark.parametrize("file", each_file(lambda file: file.kind in {"hls-playlist", "playlist-only"}))
def test_playlists_have_no_tracks_of_their_own(file: MediaFile) -> None:
    with pytest.raises(UnsupportedInput, match=r"playlist|supported format"):
        describe(file.path)


def test_a_file_without_audio_lists_its_pictures() -> None:
    (track,) = describe(media("hard/noaudio/sample_video_only.mp4"))
    assert (track.type, track.codec, track.codecId, track.frameCount, track.frameRate) == ("Video", "AVC", "avc1", 30, 29.97)
    assert track.duration == pytest.approx(1.001, abs=0.001)


def test_pictures_come_first_and_sound_second() -> None:
    assert [track.type for track in describe(media("video/mp4/video.mp4"))] == ["Video", "Audio"]
