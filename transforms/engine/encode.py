"""One span of every rendition of a plan, from files to parts."""

from collections.abc import Callable
from contextlib import closing

from transforms.engine.messages import Encode, Part
from transforms.engine.session import Session


def encode(task: Encode, progress: Callable[[int], None]) -> tuple[Part, ...]:
    """Encode the task's spans into its scratch folder: one part per rendition. Raises UnsupportedInput, EngineFault.

    `progress` is told samples of the first rendition's span, about once a second of output.
    """
    with closing(Session(task.plan, task.paths)) as session:
        return session.encode(task.spans, task.scratch, progress)
