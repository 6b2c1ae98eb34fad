"""The engine child: `python -m transforms.engine FFMPEG`. Everything heavy is imported here, before it says that it is ready."""

import sys

import av.logging

from transforms.engine import seal
from transforms.engine.duties import Duties
from transforms.engine.taskloop import serve, take_pipes


def main() -> None:
    """Lock the process down, then work until the service closes the pipe."""
    tasks, lines = take_pipes()
    if seal.supported():
        seal.seal()
    # FFmpeg's own words go straight to standard error; PyAV's detour through Python's logging can lock up with decoder threads.
    av.logging.set_libav_level(av.logging.ERROR)
    av.logging.restore_default_callback()
    serve(tasks, lines, Duties(sys.argv[1]).perform)


if __name__ == "__main__":
    main()
