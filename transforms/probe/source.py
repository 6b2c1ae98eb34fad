"""Measure one original: the facts a plan needs, with the exact number of samples that a full decode gives."""

from transforms.probe.guard import audio_stream, is_picture, open_media
from transforms.probe.length import measure_length
from transforms.probe.video import frame_rate
from transforms.source import Source


def measure(path: str) -> Source:
    """Probe a local file completely.

    `sample_rate_hz`, `channels` and `layout` are those of the first decoded frame (HE-AAC's doubled rate, not the declared one);
    `samples` counts at that rate whatever the stream changes to later. Numbers are not judged here: plan limits do that.
    Raises UnsupportedInput when the file is not media, has no audio track, or nothing decodes.
    """
    with open_media(path) as container:
        stream = audio_stream(container)
        length = measure_length(path, container, stream)
        tags = {key.lower(): value for key, value in {**stream.metadata, **container.metadata}.items()}
        return Source(
            container=container.format.name,
            codec=stream.codec_context.codec.canonical_name,
            sample_rate_hz=length.kind.sample_rate_hz,
            channels=length.kind.channels,
            layout=length.kind.layout,
            samples=length.samples,
            seekable=length.seekable,
            frame_rate=frame_rate(path, container),
            title=tags.get("title") or None,
            artist=tags.get("artist") or None,
            album=tags.get("album") or None,
            has_cover=any(is_picture(video) for video in container.streams.video),
        )
