"""Length from the header, where the container is known to tell the truth (ENGINE 2) and the file's end confirms it: 1–3 ms."""

from itertools import islice

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from transforms.meta import MOV
from transforms.probe.decoding import Count, packets
from transforms.probe.joins import is_chained
from transforms.probe.verdict import Length, can_seek, heard_samples
from transforms.probe.xing import xing_tells

# More than any priming that an edit list drops, and no more: of a film that is far away each second is half a megabyte.
_HEAD_PACKETS = 24
_OPUS_HEAD_PACKETS = 64  # a second at 20 ms a packet
_TAIL_SECONDS = 0.4


def declared_length(path: str, container: InputContainer, stream: AudioStream) -> Length | None:
    """Believe the header, or return None."""
    name = container.format.name
    if stream.duration is None or stream.time_base is None or not _is_told(name, stream.codec_context.name):
        return None
    if name == "ogg" and is_chained(path):
        return None
    head_packets = list(islice(packets(container, stream), _head_packets(stream)))
    head = Count().decode_all(head_packets)
    if head.kind is None or head.first_pts is None or not (head.contiguous or name == "ogg"):
        return None
    declared = stream.duration * stream.time_base * head.kind.sample_rate_hz
    if name == "mp3":
        length = Length(head.kind, round(declared), True)
        return length if head_packets[0].pos is not None and xing_tells(path, head_packets[0].pos) else None
    tail = _tail(container, stream)
    if tail is None or tail.last_pts is None or tail.kind != head.kind:
        return None
    end = (tail.last_pts - head.first_pts) * stream.time_base * head.kind.sample_rate_hz + tail.last_samples
    if end != (_mov_samples(stream, head, tail) if name == MOV else declared):
        return None
    return Length(head.kind, heard_samples(container, stream, head, int(end)), can_seek(container, stream))


def _is_told(name: str, codec: str) -> bool:
    """Containers whose headers are true by design. Opus and FLAC in Ogg are counted instead: that is exact, and shows joins."""
    return name in {"mp3", "flac", MOV} or (name == "wav" and codec.startswith("pcm_")) or (name == "ogg" and codec == "vorbis")


def _head_packets(stream: AudioStream) -> int:
    return _OPUS_HEAD_PACKETS if stream.codec_context.name == "opus" else _HEAD_PACKETS


def _tail(container: InputContainer, stream: AudioStream) -> Count | None:
    """The end, decoded; None when it is not where the header says."""
    assert stream.duration is not None
    assert stream.time_base is not None
    target = (stream.start_time or 0) + stream.duration - int(_TAIL_SECONDS / stream.time_base)
    try:
        container.seek(target, stream=stream)
    except FFmpegError:
        return None
    count = Count().decode_all(packets(container, stream))
    # The time stamps of Vorbis within a page are guesses; its last one is told.
    return count if count.contiguous or (count.frames and not count.errors and container.format.name == "ogg") else None


def _mov_samples(stream: AudioStream, head: Count, tail: Count) -> int | None:
    """The sample table's number of packets in samples: equal to the last time stamp unless an edit list or odd durations intervene."""
    frame = head.last_samples
    lost = _head_packets(stream) * frame - head.samples
    return len(stream.index_entries) * frame - lost - (frame - tail.last_samples)
