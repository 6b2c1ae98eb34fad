"""Decoding first: an original that no seek enters to the sample (Matroska, WMA, Ogg Vorbis …) becomes a PCM file, which any seek does.

The file holds the decoder's own samples, so what is cut from it is what decoding from the beginning gives (ENGINE 2).
"""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Final

import av
from av import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer

from transforms.engine.messages import Decode, Decoded
from transforms.engine.reader import Reader
from transforms.errors import UnsupportedInput

# Decoders' sample formats, planar or not, and the codec that keeps each of them whole.
CODECS: Final = {"u8": "pcm_u8", "s16": "pcm_s16le", "s32": "pcm_s32le", "s64": "pcm_s64le", "flt": "pcm_f32le", "dbl": "pcm_f64le"}

PROGRESS_EVERY_SECONDS: Final = 10


def decode(task: Decode, progress: Callable[[int], None]) -> Decoded:
    """Decode a source into the scratch folder; `progress` is told its samples. Raises UnsupportedInput when nothing decodes."""
    assert task.source.samples is not None
    name = f"decoded-{task.number:02d}.wav"
    # RF64: decoded sound may be longer than the 4 GiB of RIFF.
    output = av.open(str(Path(task.scratch, name)), "w", format="wav", options={"rf64": "always"})
    with closing(Reader(task.path, task.source)) as reader, output as file:
        frames = reader.read(0, task.source.samples)
        first = next(frames, None)
        if first is None:
            raise UnsupportedInput.without_sound()
        codec = CODECS[first.format.packed.name]
        track = file.add_stream(codec, rate=task.source.sample_rate_hz, layout=task.source.layout)
        assert isinstance(track, AudioStream)
        samples = _write(file, track, chain((first,), frames), progress)
    source = replace(task.source, container="wav", codec=codec, samples=samples, seekable=True)
    return Decoded(name, source, Path(task.scratch, name).stat().st_size)


def _write(file: OutputContainer, track: AudioStream, frames: Iterable[AudioFrame], progress: Callable[[int], None]) -> int:
    samples = told = 0
    for frame in frames:
        frame.pts, frame.time_base = samples, Fraction(1, frame.sample_rate)
        samples += frame.samples
        file.mux(track.encode(frame))
        if samples - told >= PROGRESS_EVERY_SECONDS * frame.sample_rate:
            told = samples
            progress(samples)
    file.mux(track.encode(None))
    return samples
