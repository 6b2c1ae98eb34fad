"""The frame rate of a video track, which `ts` and `te` count in (CONTRACT 2, "Time")."""

from fractions import Fraction

from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from transforms.probe.guard import discard_others, first_video, open_media

_HIGHEST_RATE = 240  # above, the figure is a time base and no frame rate


def frame_rate(path: str, container: InputContainer) -> Fraction | None:
    """Frames a second of the first real video stream of `path`, open as `container`; None for audio-only files."""
    video = first_video(container)
    if video is None:
        return None
    if video.average_rate is not None and 0 < video.average_rate <= _HIGHEST_RATE:
        return video.average_rate
    guess = video.guessed_rate
    return _checked(path, guess) if guess is not None and 0 < guess <= _HIGHEST_RATE else None


def _checked(path: str, guess: Fraction) -> Fraction:
    """The guess, or half of it where counting says so: H.264 gives the rate of fields, of which a frame has two."""
    with open_media(path) as container:
        video = first_video(container)
        counted = _counted(container, video) if video is not None else None
    if counted is None or abs(guess - counted) <= abs(guess / 2 - counted):
        return guess
    return guess / 2


def _counted(container: InputContainer, video: VideoStream) -> Fraction | None:
    """The rate that the packets' time stamps give; None where they do not tell."""
    discard_others(container, video)
    try:
        times = [packet.pts for packet in container.demux(video) if packet.pts is not None and packet.size]
    except FFmpegError:
        return None
    if len(times) < 2 or max(times) == min(times) or video.time_base is None:
        return None
    return (len(times) - 1) / ((max(times) - min(times)) * video.time_base)
