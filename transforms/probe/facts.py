"""Gather the facts about a file's tracks, from FFmpeg where it tells and from the file's own bytes where it does not."""

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream

from transforms.meta import MATROSKA, MOV, Mode, TrackFacts, TrackKind
from transforms.probe import inscriptions
from transforms.probe.guard import has_decoder
from transforms.probe.inscriptions import StreamDescriptor
from transforms.probe.tally import MPEG_AUDIO, Tally
from transforms.probe.xing import stated_mode

_OPUS_INPUT_RATE = slice(12, 16)  # of OpusHead, RFC 7845 5.1
_AAC_OBJECT_ESCAPE = 31
_ESDS_TAGS = {b"mp4a", b"mp4v"}
_TITLES = {MOV: ("name", "title", "handler_name"), MATROSKA: ("title", "handler_name"), "mxf": ("track_name",)}


class FileFacts:
    """One open file: what its tracks share."""

    def __init__(self, path: str, container: InputContainer) -> None:
        self.container = container.format.name
        self._path = path
        self.head = inscriptions.head(path)
        self._wave = inscriptions.wave_format(self.head) if self.container == "wav" else None
        described = [stream for stream in container.streams if _tag(stream) in _ESDS_TAGS] if self.container == MOV else []
        moov = inscriptions.moov_box(path) if self.container == MOV else b""
        self._fragmented = inscriptions.is_fragmented(moov)
        boxes = inscriptions.stream_descriptors(moov)
        # One box for each such track, or it cannot be told whose they are.
        self._boxes = {stream.index: box for stream, box in zip(described, boxes, strict=False)} if len(boxes) == len(described) else {}

    def rate(self, stream: Stream) -> int | None:
        """Hz that MediaInfo gives: of Opus, what went into the encoder."""
        if not has_decoder(stream) or not isinstance(stream, AudioStream):
            return self._wave.sample_rate_hz if self._wave else None
        extradata = stream.codec_context.extradata or b""
        if stream.codec_context.name == "opus" and extradata.startswith(b"OpusHead"):
            return int.from_bytes(extradata[_OPUS_INPUT_RATE], "little") or stream.codec_context.sample_rate
        return stream.codec_context.sample_rate or None

    def track(self, stream: Stream, kind: TrackKind, tally: Tally) -> TrackFacts:
        """Everything that is known about one track."""
        audio = kind == "Audio"
        codec = self._codec(stream)
        box = self._boxes.get(stream.index)
        return TrackFacts(
            kind=kind,
            container=self.container,
            codec=codec,
            tag=_tag(stream),
            profile=stream.codec_context.profile if has_decoder(stream) else None,
            object_type=_object_type(stream) if codec == "aac" else None,
            object_indication=box.object_indication if box else None,
            spelled_id=self._spelled_id(kind),
            stated_mode=self._stated_mode(stream, box, tally),
            sample_rate_hz=self.rate(stream) if audio else None,
            channels=self._channels(stream) if audio else None,
            packets=tally.packets,
            size_bytes=tally.size_bytes,
            sizes_vary=None if self._fragmented else tally.sizes_vary,
            seconds=tally.seconds(stream.time_base),
            coded_seconds=tally.duration_ticks * stream.time_base if stream.time_base else None,
            title=self._title(stream),
        )

    def _codec(self, stream: Stream) -> str | None:
        if has_decoder(stream):
            return stream.codec_context.codec.canonical_name
        return "pcm_unknown" if self._wave and self._wave.id == "1" else None

    def _channels(self, stream: Stream) -> int | None:
        if has_decoder(stream) and isinstance(stream, AudioStream):
            return stream.codec_context.channels or None
        return self._wave.channels if self._wave else None

    def _spelled_id(self, kind: TrackKind) -> str | None:
        if self._wave is not None and kind == "Audio":
            return self._wave.id
        return inscriptions.mxf_label(self.head, sound=kind == "Audio") if self.container == "mxf" else None

    def _stated_mode(self, stream: Stream, box: StreamDescriptor | None, tally: Tally) -> Mode | None:
        codec = self._codec(stream)
        if box is not None and box.mode is not None and codec not in MPEG_AUDIO:
            return box.mode
        if self.container == "asf" and codec not in MPEG_AUDIO:
            return inscriptions.asf_mode(self.head)
        if codec == "flac":
            return inscriptions.flac_mode(stream.codec_context.extradata or b"")
        if codec in {"mpeg1video", "mpeg2video"}:
            return "CBR" if stream.codec_context.bit_rate else "VBR"
        varies = len(tally.bit_rates) > 1
        return "VBR" if varies or (self.container == "mp3" and stated_mode(self._path, tally.first_at or 0) == "VBR") else None

    def _title(self, stream: Stream) -> str | None:
        """MediaInfo takes MP4's handler names for titles, unless they only name a handler."""
        tags = {key.lower(): value for key, value in stream.metadata.items()}
        for key in _TITLES.get(self.container, ()):
            title = tags.get(key)
            if title and not (key == "handler_name" and ("handler" in title.lower() or "apple" in title.lower())):
                return title
        return None


def _tag(stream: Stream) -> bytes:
    """The four bytes by which the container names the codec."""
    if not has_decoder(stream):
        return bytes(4)
    try:
        return stream.codec_context.codec_tag.encode("ascii")
    except UnicodeDecodeError as error:
        return bytes(error.object)  # PyAV reads them as ASCII, which numbers above 127 are not


def _object_type(stream: Stream) -> int | None:
    """AudioSpecificConfig's first five bits (ISO 14496-3 1.6.2.1)."""
    extradata = stream.codec_context.extradata
    kind = extradata[0] >> 3 if extradata else None
    return None if kind in {0, _AAC_OBJECT_ESCAPE} else kind
