"""How many samples a full decode of the audio track gives, as cheaply as the file allows (ENGINE 2)."""

from av.audio.stream import AudioStream
from av.container import InputContainer

from transforms.errors import UnsupportedInput
from transforms.probe.declared import declared_length
from transforms.probe.decoding import Count, packets
from transforms.probe.guard import audio_stream, open_media
from transforms.probe.scanning import scanned_length
from transforms.probe.verdict import Length, can_seek, heard_samples

# Up to here decoding everything costs no more than 15 ms, and no header or packet is believed.
DECODED_SECONDS = 20


def measure_length(path: str, container: InputContainer, stream: AudioStream) -> Length:
    """The exact length of the audio track of `path`, which has just been opened as `container`; its packets are used up by this.

    Short files are decoded. Of long ones the header is believed where decoding the file's end confirms it; else packets are counted; and
    where packets do not tell either (ticks of a millisecond, edit lists), everything is decoded.
    Raises UnsupportedInput when nothing comes out of the track.
    """
    seconds = _declared_seconds(container, stream)
    if seconds is None or seconds <= DECODED_SECONDS:
        length = decoded_length(container, stream, limit_seconds=DECODED_SECONDS)
    else:
        length = declared_length(path, container, stream)
    return length or _counted_length(path)


def _counted_length(path: str) -> Length:
    with open_media(path) as container:
        length = scanned_length(path, container, audio_stream(container))
    if length is not None and length.samples > DECODED_SECONDS * length.kind.sample_rate_hz:
        return length
    with open_media(path) as container:
        length = decoded_length(container, audio_stream(container))
    assert length is not None
    return length


def decoded_length(container: InputContainer, stream: AudioStream, *, limit_seconds: int | None = None) -> Length | None:
    """Decode everything and count; None when there is more than `limit_seconds`.

    Frames of another rate than the first's (a stream that changes midway) count with their time at the first's rate.
    """
    count = Count()
    for packet in packets(container, stream):
        count.decode(packet)
        if limit_seconds and count.kind and count.samples > limit_seconds * count.kind.sample_rate_hz:
            return None
    if count.kind is None or not count.usable:
        raise UnsupportedInput.without_sound(f"{count.errors} errors, {count.frames} frames")
    samples = heard_samples(container, stream, count, count.samples)
    return Length(count.kind, samples, count.contiguous and can_seek(container, stream))


def _declared_seconds(container: InputContainer, stream: AudioStream) -> float | None:
    """What the file says about its length, for what it is worth."""
    if stream.duration is not None and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1_000_000 if container.duration is not None else None
