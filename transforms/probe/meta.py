"""List a file's tracks for f=meta: names by MediaInfo's rules, lengths and rates by counting packets (CONTRACT 3 and 6)."""

from dataclasses import replace
from fractions import Fraction

from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard, Stream

from transforms import meta
from transforms.engine.messages import Track
from transforms.errors import UnsupportedInput
from transforms.meta import TrackFacts, TrackKind
from transforms.probe.facts import FileFacts
from transforms.probe.guard import audio_stream, has_decoder, is_picture, open_media
from transforms.probe.length import measure_length
from transforms.probe.tally import Tally

_ORDER: tuple[TrackKind, ...] = ("Video", "Audio", "Text", "Image")
_ANNOUNCING = {"mpegts", "mpeg"}  # containers that name tracks which may never come
_ID3_COVERS = {"mp3", "flac"}


def describe(path: str) -> tuple[Track, ...]:
    """All tracks of a local file, pictures and texts included, in MediaInfo's order; also of files without audio.

    Raises UnsupportedInput when nothing can open the file or it has no track.
    """
    with open_media(path) as container:
        file = FileFacts(path, container)
        kinds = {stream: kind for stream in container.streams if (kind := _kind(stream, file)) is not None}
        tallies = _count(container, kinds)
        kinds = {stream: kind for stream, kind in kinds.items() if tallies[stream.index].packets or file.container not in _ANNOUNCING}
        found = [file.track(stream, kind, tallies[stream.index]) for stream, kind in kinds.items()]
        heard = next((i for i, stream in enumerate(kinds) if kinds[stream] == "Audio" and has_decoder(stream)), None)
    if not found:
        raise UnsupportedInput("The file holds no audio, video or text.")
    if heard is not None:
        found[heard] = replace(found[heard], seconds=_heard_seconds(path) or found[heard].seconds)
    return tuple(_track(facts) for facts in sorted(found, key=lambda facts: _ORDER.index(facts.kind)))


def _kind(stream: Stream, file: FileFacts) -> TrackKind | None:
    """MediaInfo's type of a stream; None for what it does not list, and for audio that is not there."""
    if stream.type == "audio":
        return "Audio" if file.rate(stream) or not has_decoder(stream) else None
    if stream.type == "video":
        covers = file.container in _ID3_COVERS and file.head.startswith(b"ID3")
        return "Video" if not is_picture(stream) else "Image" if covers else None
    return "Text" if stream.type == "subtitle" else None


def _count(container: InputContainer, kinds: dict[Stream, TrackKind]) -> dict[int, Tally]:
    """Demux the whole file once; a read error ends it."""
    tallies = {}
    for stream in container.streams:
        if stream in kinds:
            tallies[stream.index] = Tally(stream.codec_context.codec.canonical_name if has_decoder(stream) else None)
        else:
            stream.discard = Discard.all
    try:
        for packet in container.demux():
            if packet.stream.index in tallies:
                tallies[packet.stream.index].add(packet)
    except FFmpegError:
        pass
    return tallies


def _heard_seconds(path: str) -> Fraction | None:
    """The exact length of the track that is heard, priming and padding taken off; None when nothing decodes."""
    try:
        with open_media(path) as container:
            length = measure_length(path, container, audio_stream(container))
    except UnsupportedInput:
        return None
    return Fraction(length.samples, length.kind.sample_rate_hz)


def _track(facts: TrackFacts) -> Track:
    seconds = facts.seconds
    counts = facts.kind in {"Audio", "Video"} and facts.packets
    return Track(
        type=facts.kind,
        codec=meta.codec_name(facts),
        codecId=meta.codec_id(facts),
        bitRate=meta.bit_rate(facts) if counts else None,
        bitRateMode=meta.bit_rate_mode(facts),
        channels=facts.channels,
        samplingRate=facts.sample_rate_hz,
        frameCount=meta.frame_count(facts) if counts else None,
        frameRate=meta.frame_rate(facts),
        duration=round(float(seconds), 6) if seconds else None,
        title=facts.title,
    )
