"""FFmpeg's facts about a track in MediaInfo's words: what f=meta calls a codec, its id in the container and its bit rate mode."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Mode = Literal["CBR", "VBR"]
TrackKind = Literal["Audio", "Video", "Text", "Image"]

MOV = "mov,mp4,m4a,3gp,3g2,mj2"
MATROSKA = "matroska,webm"

CODECS = {
    "aac": "AAC", "aac_latm": "AAC", "mp1": "MPEG Audio", "mp2": "MPEG Audio", "mp3": "MPEG Audio", "flac": "FLAC", "vorbis": "Vorbis",
    "opus": "Opus", "speex": "Speex", "alac": "ALAC", "ac3": "AC-3", "eac3": "E-AC-3", "ac4": "AC-4", "dts": "DTS", "truehd": "MLP FBA",
    "mlp": "MLP", "amr_nb": "AMR", "amr_wb": "AMR", "wmav1": "WMA", "wmav2": "WMA", "wmapro": "WMA", "wmalossless": "WMA",
    "wmavoice": "WMA", "gsm": "GSM 6.10", "gsm_ms": "GSM 6.10", "metasound": "RT29", "pcm_mulaw": "ADPCM", "pcm_alaw": "ADPCM",
    "wavpack": "WavPack", "tta": "TTA", "ape": "Monkey's Audio", "musepack7": "Musepack SV7", "musepack8": "Musepack SV8", "tak": "TAK",
    "h261": "H.261", "h263": "H.263", "h264": "AVC", "hevc": "HEVC", "vvc": "VVC", "av1": "AV1", "vp6": "VP6", "vp6f": "VP6", "vp8": "VP8",
    "vp9": "VP9", "mpeg1video": "MPEG Video", "mpeg2video": "MPEG Video", "mpeg4": "MPEG-4 Visual", "msmpeg4v1": "MPEG-4 Visual",
    "msmpeg4v2": "MPEG-4 Visual", "msmpeg4v3": "MPEG-4 Visual", "flv1": "Sorenson Spark", "msvideo1": "MS Video", "wmv1": "WMV1",
    "wmv2": "WMV2", "wmv3": "VC-1", "vc1": "VC-1", "prores": "ProRes", "jpeg2000": "JPEG 2000", "mjpeg": "JPEG", "png": "PNG", "gif": "GIF",
    "dvvideo": "DV", "dnxhd": "VC-3", "qtrle": "RLE", "theora": "Theora", "rawvideo": "YUV", "bmp": "Bitmap", "webp": "WebP",
    "mov_text": "Timed Text", "subrip": "UTF-8", "ass": "ASS", "webvtt": "WebVTT", "dvd_subtitle": "VobSub", "hdmv_pgs_subtitle": "PGS",
    "dvb_subtitle": "DVB Subtitle", "dvb_teletext": "Teletext", "eia_608": "EIA-608",
}  # fmt: skip

# Samples of one packet, of the codecs for which MediaInfo gives frame rates.
_FRAME_SAMPLES = {"aac": 1024, "aac_latm": 1024, "mp1": 384, "mp2": 1152, "mp3": 1152, "ac3": 1536, "eac3": 1536, "dts": 512}
_MAX_PRIMING_SECONDS = 2  # packets that claim to hold more than this over what is heard have wrong durations
_HALF_RATE_HZ = 32_000  # below, MPEG-2's layer 3 has frames of half the size, and an id of its own
_MPEG4_OBJECTS = {"Main": 1, "LC": 2, "SSR": 3, "LTP": 4, "HE-AAC": 2, "HE-AACv2": 2}

_TRANSPORT_IDS = {"aac": 15, "aac_latm": 17, "ac3": 129, "eac3": 135, "h264": 27, "hevc": 36, "mpeg2video": 2, "mpeg1video": 1}
_FLASH_IDS = {"mp3": "2", "aac": "10", "speex": "11", "nellymoser": "6", "flv1": "2", "h264": "7", "vp6f": "4", "vp6": "4"}
_MATROSKA_IDS = {
    "aac": "A_AAC", "mp3": "A_MPEG/L3", "mp2": "A_MPEG/L2", "mp1": "A_MPEG/L1", "wavpack": "A_WAVPACK4", "tta": "A_TTA1",
    "pcm_f32le": "A_PCM/FLOAT/IEEE", "pcm_f64le": "A_PCM/FLOAT/IEEE", "pcm_s16be": "A_PCM/INT/BIG", "pcm_s24be": "A_PCM/INT/BIG",
    "h264": "V_MPEG4/ISO/AVC", "hevc": "V_MPEGH/ISO/HEVC", "mpeg4": "V_MPEG4/ISO/ASP", "mpeg1video": "V_MPEG1", "mpeg2video": "V_MPEG2",
    "vp8": "V_VP8", "vp9": "V_VP9", "av1": "V_AV1", "theora": "V_THEORA", "prores": "V_PRORES", "mjpeg": "V_MJPEG",
    "rawvideo": "V_UNCOMPRESSED", "vc1": "V_MS/VFW/FOURCC / WVC1", "subrip": "S_TEXT/UTF8", "ass": "S_TEXT/ASS",
    "webvtt": "S_TEXT/WEBVTT", "dvd_subtitle": "S_VOBSUB", "hdmv_pgs_subtitle": "S_HDMV/PGS",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrackFacts:
    """What probing found out about one track.

    `container`, `codec` and `profile` are FFmpeg's names; `tag` is the four bytes by which the container names the codec.
    `object_type` is AAC's, of the AudioSpecificConfig; `object_indication` MPEG-4's, of the esds box.
    `spelled_id`: an id that only the file's bytes have (WAVE's GUID, MXF's labels). `stated_mode`: the file's own word on its bit rate.
    `packets`, `size_bytes`, `sizes_vary` and both lengths are counted, not declared. `seconds` is what is heard or seen, `coded_seconds`
    what the packets hold, priming included. `sizes_vary`: None with fewer than two packets.
    """

    kind: TrackKind
    container: str
    codec: str | None
    tag: bytes = bytes(4)
    profile: str | None = None
    object_type: int | None = None
    object_indication: int | None = None
    spelled_id: str | None = None
    stated_mode: Mode | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None
    packets: int = 0
    size_bytes: int = 0
    sizes_vary: bool | None = None
    seconds: Fraction | None = None
    coded_seconds: Fraction | None = None
    title: str | None = None


def codec_name(facts: TrackFacts) -> str | None:
    """MediaInfo's "Format"."""
    codec = facts.codec
    if codec is None:
        return None
    if codec in CODECS:
        return CODECS[codec]
    if codec.startswith("pcm_"):
        return "PCM"
    return "ADPCM" if codec.startswith("adpcm_") else codec.upper()


def codec_id(facts: TrackFacts) -> str | None:
    """MediaInfo's "CodecID": what the container calls the codec; containers of one codec call it nothing."""
    if facts.spelled_id is not None:
        return facts.spelled_id
    if facts.kind == "Image":
        return None
    find = _IDS.get(facts.container)
    return find(facts) if find else None


def bit_rate_mode(facts: TrackFacts) -> Mode | None:
    """MediaInfo's "BitRate_Mode"; None where it says nothing."""
    codec = facts.codec or ""
    if facts.stated_mode is not None:
        return facts.stated_mode
    if (facts.profile or "").startswith("DTS-HD MA"):
        return "VBR"
    if facts.kind == "Audio" and codec in _MODES:
        return _MODES[codec]
    if codec.startswith(("pcm_", "adpcm_")):
        return "CBR"
    if codec.startswith("aac") and facts.container in {"aac", "mpegts"}:
        return "VBR"
    if facts.container == MOV and facts.sizes_vary is not None and (facts.kind == "Audio" or codec in _INTRA):
        return "VBR" if facts.sizes_vary else "CBR"
    return None


def bit_rate(facts: TrackFacts) -> int | None:
    """Mean bits per second of what the packets hold."""
    samples = frame_samples(facts)
    if samples and facts.sample_rate_hz:
        seconds: Fraction | None = Fraction(facts.packets * samples, facts.sample_rate_hz)
    elif facts.kind == "Audio" and facts.coded_seconds and facts.seconds and facts.coded_seconds < facts.seconds + _MAX_PRIMING_SECONDS:
        seconds = facts.coded_seconds
    else:
        seconds = facts.seconds
    return round(facts.size_bytes * 8 / seconds) if seconds and facts.size_bytes else None


def frame_rate(facts: TrackFacts) -> float | None:
    """Frames a second, three decimals; for audio from the codec's frame size, for video by counting."""
    if facts.kind == "Audio":
        samples = frame_samples(facts)
        return round(facts.sample_rate_hz / samples, 3) if samples and facts.sample_rate_hz else None
    if facts.kind == "Video" and facts.seconds:
        return round(float(facts.packets / facts.seconds), 3)
    return None


def frame_count(facts: TrackFacts) -> int | None:
    """Packets, where a packet is a frame of the codec: PCM's are only portions that a reader chose."""
    return None if (facts.codec or "pcm_").startswith(("pcm_", "adpcm_")) else facts.packets


def frame_samples(facts: TrackFacts) -> int | None:
    """Samples of one packet, for codecs that have frames of one size."""
    samples = _FRAME_SAMPLES.get(facts.codec or "")
    if samples is None or facts.sample_rate_hz is None:
        return None
    if facts.codec == "mp3" and facts.sample_rate_hz < _HALF_RATE_HZ:
        return samples // 2
    return samples * 2 if (facts.profile or "").startswith("HE-AAC") else samples


_MODES: dict[str, Mode] = {
    "flac": "VBR", "vorbis": "VBR", "ac3": "CBR", "eac3": "CBR", "dts": "CBR", "mp3": "CBR", "mp2": "CBR", "mp1": "CBR", "tta": "VBR",
    "wavpack": "VBR", "ape": "VBR", "truehd": "VBR", "mlp": "VBR",
}  # fmt: skip
_INTRA = {"prores", "jpeg2000", "dnxhd", "mjpeg", "dvvideo"}


def _object_type(facts: TrackFacts) -> str:
    """AAC's "-2" behind an id."""
    kind = facts.object_type or _MPEG4_OBJECTS.get(facts.profile or "")
    return f"-{kind}" if (facts.codec or "").startswith("aac") and kind else ""


def _tag_text(facts: TrackFacts) -> str | None:
    return facts.tag.decode("ascii", "replace").rstrip(" \0") or None


def _tag_number(facts: TrackFacts) -> str | None:
    """A WAVE format number in hexadecimal, without zeros in front."""
    number = int.from_bytes(facts.tag, "little")
    return f"{number:X}" if number else None


def _mov_id(facts: TrackFacts) -> str | None:
    if facts.object_indication is None or facts.tag not in {b"mp4a", b"mp4v"}:
        return _tag_text(facts)
    return f"{_tag_text(facts)}-{facts.object_indication:X}{_object_type(facts)}"


def _riff_id(facts: TrackFacts) -> str | None:
    return _tag_number(facts) if facts.kind == "Audio" else _tag_text(facts)


def _transport_id(facts: TrackFacts) -> str | None:
    number = int.from_bytes(facts.tag, "little")
    if not 0 < number < 256:  # the tag is a registered name: the stream type has to be told from the codec
        number = _TRANSPORT_IDS.get(facts.codec or "", 0)
    return f"{number}{_object_type(facts)}" if number else None


def _elementary_id(facts: TrackFacts) -> str | None:
    return _object_type(facts).removeprefix("-") or None


def _matroska_id(facts: TrackFacts) -> str | None:
    codec = facts.codec or ""
    plain = "A_PCM/INT/LIT" if codec.startswith("pcm_") else f"{facts.kind[0]}_{codec.upper()}"
    return _MATROSKA_IDS.get(codec, plain) + _object_type(facts) if codec else None


def _flash_id(facts: TrackFacts) -> str | None:
    number = _FLASH_IDS.get(facts.codec or "")
    return number + _object_type(facts) if number else None


_IDS = {
    MOV: _mov_id,
    MATROSKA: _matroska_id,
    "wav": _tag_number,
    "w64": _tag_number,
    "avi": _riff_id,
    "asf": _riff_id,
    "flv": _flash_id,
    "mpegts": _transport_id,
    "aac": _elementary_id,
}
