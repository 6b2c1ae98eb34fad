"""Every real file is measured: to the length that a full decode gives, or refused with a reason; and none takes long."""

import time

import pytest

from tests.media import MediaFile, each_file
from transforms.errors import UnsupportedInput
from transforms.meta import MOV
from transforms.probe.declared import declared_length
from transforms.probe.guard import audio_stream, open_media
from transforms.probe.length import decoded_length
from transforms.probe.scanning import scanned_length
from transforms.probe.source import measure
from transforms.probe.verdict import Length

DEADLINE_SECONDS = 5

# How far from the manifest's six decimals a length may be, in samples: those of rounding.
ROUNDING = 1

# What an encoder appends to fill its last frame: MP4 tells, the manifest's FFmpeg kept it.
MP4_PADDING = 1152

# Where FFmpeg 5.1 of the manifest and FFmpeg 8 of PyAV differ, in samples, with the reason. Two codec frames are allowed.
NEWER_FFMPEG = {
    "video/mkv/sample_with_chapters.mkv": 1024,  # the newer one obeys CodecDelay: priming is dropped
    "hard/uncommon-flac/01 - changing samplerate.flac": 2 * 4096,  # resampled parts: a resampler's tail, 53 samples
}


def is_refused(file: MediaFile) -> bool:
    """Whether nothing can come out of it: undecodable, without audio, or a list of other files."""
    return file.decodes is False or file.kind in {"playlist-only", "hls-playlist"}


@pytest.mark.parametrize("file", each_file(lambda file: bool(file.decoded_seconds) and not is_refused(file)))
def test_a_measured_length_is_that_of_a_full_decode(file: MediaFile) -> None:
    began = time.perf_counter()
    source = measure(file.path)
    assert time.perf_counter() - began < DEADLINE_SECONDS
    assert source.samples is not None
    assert file.decoded_seconds is not None
    off = abs(source.samples - file.decoded_seconds * source.sample_rate_hz)
    padding = MP4_PADDING if source.container == MOV and source.samples < file.decoded_seconds * source.sample_rate_hz else ROUNDING
    assert off <= NEWER_FFMPEG.get(file.name, padding)


@pytest.mark.parametrize("file", each_file(is_refused))
def test_what_cannot_be_decoded_is_refused_with_a_sentence(file: MediaFile) -> None:
    began = time.perf_counter()
    with pytest.raises(UnsupportedInput) as refusal:
        measure(file.path)
    assert time.perf_counter() - began < DEADLINE_SECONDS
    assert refusal.value.message.endswith(".")
    assert file.path not in refusal.value.message


@pytest.mark.parametrize("file", each_file(lambda file: file.decodes is None))
def test_segments_and_doubtful_files_end_in_time(file: MediaFile) -> None:
    began = time.perf_counter()
    refusal = _refusal(file)
    assert time.perf_counter() - began < DEADLINE_SECONDS
    assert refusal in {None, "The file has no audio track."}


@pytest.mark.parametrize("file", each_file(lambda file: bool(file.decoded_seconds) and not is_refused(file)))
def test_headers_and_packets_say_what_decoding_gives_or_nothing(file: MediaFile) -> None:
    """The quick ways are for long files; here they are held against all short ones."""
    decoded = _length(file, "decoded")
    assert decoded is not None
    for way in ("declared", "scanned"):
        length = _length(file, way)
        assert length is None or (length.samples, length.kind) == (decoded.samples, decoded.kind), way


def _length(file: MediaFile, way: str) -> Length | None:
    with open_media(file.path) as container:
        stream = audio_stream(container)
        if way == "declared":
            return declared_length(file.path, container, stream)
        if way == "scanned":
            return scanned_length(file.path, container, stream)
        return decoded_length(container, stream)


def _refusal(file: MediaFile) -> str | None:
    try:
        measure(file.path)
    except UnsupportedInput as refusal:
        return refusal.message
    return None
