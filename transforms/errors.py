"""Errors of the audio floors.

    TransformError
    ├── InvalidParameter             a URL parameter has a value that is not allowed
    ├── RefusedInput                 the input can never give this output: remembered, not retried
    │   ├── UnsupportedInput         not media, no audio track, or nothing decodable in it
    │   ├── TrimStartExceedsDuration `ts` lies at or behind the end of what is clipped
    │   └── TooLarge                 the plan exceeds a limit (seconds, channels, output bytes)
    └── EngineFault                  ours, not the input's: worth a retry
        ├── EngineTimeout            the wall-clock limit of the task passed
        └── EngineCrash              the child died

Every message is a sentence that may be shown to the client: no paths, no command lines, no library traces.
What only the log may see goes to `detail`.
"""


class TransformError(Exception):
    """Base of the tree; `detail` is for the log only."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class InvalidParameter(TransformError):
    """A refused parameter: its name, the value as given and what is allowed, in words."""

    def __init__(self, parameter: str, value: str, allowed: str) -> None:
        super().__init__(f"Parameter '{parameter}' cannot be '{value}': {allowed}.")
        self.parameter = parameter
        self.value = value
        self.allowed = allowed


class RefusedInput(TransformError):
    """The same input and spec will always fail like this."""

    code = "unsupported_input"


class UnsupportedInput(RefusedInput):
    """Not media, no audio track, or no samples came out."""

    @classmethod
    def without_sound(cls, detail: str = "") -> "UnsupportedInput":
        """There is a track, but no samples came out of it: FFmpeg itself is content with none (ENGINE 2)."""
        return cls("The input has an audio track, but no audio could be decoded from it.", detail=detail)


class TrimStartExceedsDuration(RefusedInput):
    """`ts` (or a frame number) lies outside of what is clipped."""

    code = "trim_start_exceeds_duration"


class TooLarge(RefusedInput):
    """A plan limit is exceeded; the message names it."""

    code = "too_large"


class EngineFault(TransformError):
    """Something of ours failed; the job may be run again."""

    code = "internal_error"


class EngineTimeout(EngineFault):
    """The task passed its wall-clock limit and was killed."""


class EngineCrash(EngineFault):
    """The child process died before it answered."""
