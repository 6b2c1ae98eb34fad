"""Errors of the application, and the one map from any error of ours to what a client may see (CONTRACT 10).

    AppError
    ├── InvalidUrl              400 invalid_url: the address cannot be read, or points out of its account
    ├── InvalidRequest          400 invalid_request: the request or its body is not what the endpoint takes
    │   └── InvalidField            invalid_parameter: one value of it is not
    ├── Unauthenticated         401 unauthenticated (+ WWW-Authenticate)
    ├── QuotaExceeded           402 quota_exceeded
    ├── Unauthorized            403 unauthorized
    ├── FileAlreadyExists       403 file_already_exists
    ├── NotFound                404
    │   ├── FileNotFound            file_not_found
    │   ├── JobNotFound             job_not_found
    │   ├── UploadNotFound          upload_not_found
    │   ├── ArtifactNotFound        artifact_not_found
    │   ├── CacheMiss               cache_miss: `cache_only=true` and nothing is cached
    │   ├── TransformationNotFound  transformation_not_found
    │   └── RouteNotFound           route_not_found: no endpoint has this address, or nothing that its query names is there
    ├── MethodNotAllowed        405 method_not_allowed (+ Allow)
    ├── Conflict                409 conflict
    ├── Gone                    410 gone
    ├── PreconditionFailed      412 precondition_failed
    ├── RequestTooLarge         413 too_large
    ├── UrlTooLong              414 url_too_long
    ├── RangeNotSatisfiable     416 range_not_satisfiable (+ Content-Range)
    ├── FormatNotOffered        501 not_implemented: the answer is asked for in a form that we do not write
    └── RetryLater              + Retry-After
        ├── RateLimited         429 rate_limited
        └── Overloaded          503 overloaded

Messages of this tree are for the client. `describe` turns any exception into a `PublicError`; what it does not know is an `internal_error`.
"""  # longer than other files: the tree and its one map are read together

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from storage.errors import InvalidKey, ObjectChanged, ObjectMissing, StorageError, StoreFull, StoreUnavailable
from storage.fetch.errors import FetchFailed, FetchTooLarge, UrlRefused
from transforms.errors import InvalidParameter, RefusedInput, TooLarge, TransformError, TrimStartExceedsDuration

CHALLENGE: Final = 'Bearer realm="soundpath"'


class AppError(Exception):
    """Base of the tree: a sentence for the client, and response headers that belong to it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.headers: dict[str, str] = {}


class InvalidUrl(AppError):
    """The address cannot be read: bad account, traversal, NUL, backslash, empty segment."""


class InvalidRequest(AppError):
    """The request or its body is not what the endpoint takes."""


class InvalidField(InvalidRequest):
    """One value of a query or body, e.g. at `body.size`."""

    def __init__(self, where: str, value: str, problem: str) -> None:
        super().__init__(f"'{where}': {problem}")
        self.where = where
        self.value = value


class Unauthenticated(AppError):
    """No key, or one we do not know. A 401 says how to come in (RFC 9110 15.5.2)."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.headers["WWW-Authenticate"] = CHALLENGE


class QuotaExceeded(AppError):
    """The account has used up its quota."""


class Unauthorized(AppError):
    """The key is known and may not do this."""


class FileAlreadyExists(AppError):
    """An upload would replace a file and the key may not overwrite."""


class NotFound(AppError):
    """Whatever the address names is not there."""


class FileNotFound(NotFound):
    """The account has no original at this path."""

    def __init__(self, path: str) -> None:
        super().__init__(f"There is no file at '{path}'.")


class JobNotFound(NotFound):
    """The account has no such job."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"There is no job '{job_id}' in this account.")


class UploadNotFound(NotFound):
    """The account has no such upload, or its time is over."""

    def __init__(self) -> None:
        super().__init__("There is no such upload; unfinished ones end after a while.")


class ArtifactNotFound(NotFound):
    """The variant is finished and has no output of this name."""

    def __init__(self, artifact: str) -> None:
        super().__init__(f"This variant has no artifact '{artifact}'.")


class CacheMiss(NotFound):
    """`cache_only=true`, and nothing is cached."""

    def __init__(self) -> None:
        super().__init__("The variant is not cached, and 'cache_only=true' does not allow to run it.")


class TransformationNotFound(NotFound):
    """The variant has not been made, and this request is none that makes it."""


class RouteNotFound(NotFound):
    """No endpoint has this address, or nothing that its query names is there."""

    def __init__(self, message: str = "There is nothing at this address.") -> None:
        super().__init__(message)


class MethodNotAllowed(AppError):
    """The endpoint exists and does not take this method."""

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        listed = ", ".join(sorted(allowed))
        super().__init__(f"This address does not take {method}; it takes {listed}.")
        self.headers["Allow"] = listed


class Conflict(AppError):
    """The resource is in a state that does not allow this."""


class Gone(AppError):
    """It was there and has been deleted for good."""


class PreconditionFailed(AppError):
    """If-Match or If-Unmodified-Since does not hold (RFC 9110 13.1)."""

    def __init__(self) -> None:
        super().__init__("The file is not the version this request asks for.")


class RequestTooLarge(AppError):
    """The body is larger than the endpoint takes."""


class UrlTooLong(AppError):
    """The URL has more bytes than CONTRACT 1 allows."""


class RangeNotSatisfiable(AppError):
    """The Range lies behind the end of the `size_bytes` long file (RFC 9110 15.5.17)."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"The requested range lies outside of the file, which has {size_bytes} bytes.")
        self.headers["Content-Range"] = f"bytes */{size_bytes}"


class FormatNotOffered(AppError):
    """The endpoint is asked for a form of its answer that we do not write."""


class RetryLater(AppError):
    """Nothing is wrong with the request; it comes at a bad time."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.headers["Retry-After"] = str(retry_after_seconds)


class RateLimited(RetryLater):
    """This client asks too often."""


class Overloaded(RetryLater):
    """The service takes no more work for now."""


@dataclass(frozen=True, slots=True)
class Face:
    """How a class looks from outside. Without a `sentence` the error's own message is shown."""

    status: int
    code: str
    sentence: str | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class PublicError:
    """What a client sees. `details`: location of a refused value (`query.br`) → its message and the value as given."""

    status: int
    code: str
    message: str
    details: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


INTERNAL: Final = Face(500, "internal_error", "Something went wrong on our side. The log has it under this answer's X-Request-Id.")

FACES: Final[Mapping[type[Exception], Face]] = {
    InvalidUrl: Face(400, "invalid_url"),
    InvalidRequest: Face(400, "invalid_request"),
    InvalidField: Face(400, "invalid_parameter"),
    Unauthenticated: Face(401, "unauthenticated"),
    QuotaExceeded: Face(402, "quota_exceeded"),
    Unauthorized: Face(403, "unauthorized"),
    FileAlreadyExists: Face(403, "file_already_exists"),
    FileNotFound: Face(404, "file_not_found"),
    JobNotFound: Face(404, "job_not_found"),
    UploadNotFound: Face(404, "upload_not_found"),
    ArtifactNotFound: Face(404, "artifact_not_found"),
    CacheMiss: Face(404, "cache_miss"),
    TransformationNotFound: Face(404, "transformation_not_found"),
    RouteNotFound: Face(404, "route_not_found"),
    MethodNotAllowed: Face(405, "method_not_allowed"),
    Conflict: Face(409, "conflict"),
    Gone: Face(410, "gone"),
    PreconditionFailed: Face(412, "precondition_failed"),
    RequestTooLarge: Face(413, "too_large"),
    UrlTooLong: Face(414, "url_too_long"),
    RangeNotSatisfiable: Face(416, "range_not_satisfiable"),
    FormatNotOffered: Face(501, "not_implemented"),
    RateLimited: Face(429, "rate_limited"),
    Overloaded: Face(503, "overloaded"),
    AppError: INTERNAL,
    InvalidParameter: Face(400, "invalid_parameter"),
    TrimStartExceedsDuration: Face(400, TrimStartExceedsDuration.code),
    TooLarge: Face(413, TooLarge.code),
    RefusedInput: Face(422, RefusedInput.code),
    TransformError: INTERNAL,
    InvalidKey: Face(400, "invalid_url", "This path cannot be stored."),
    ObjectMissing: Face(404, "file_not_found", "The file is not there."),
    ObjectChanged: Face(409, "conflict"),
    StoreFull: Face(503, "overloaded", "The storage is full: nothing new can be written.", 60),
    StoreUnavailable: Face(503, "overloaded", "The storage does not answer at the moment.", 5),
    UrlRefused: Face(400, "invalid_url"),
    FetchTooLarge: Face(413, "too_large"),
    FetchFailed: Face(503, "overloaded", retry_after_seconds=5),
    StorageError: INTERNAL,
}


def face_of(error: BaseException) -> Face:
    """The face of the nearest class in the error's line of descent; foreign errors look internal."""
    return next((FACES[kind] for kind in type(error).__mro__ if kind in FACES), INTERNAL)


def describe(error: BaseException) -> PublicError:
    """What a client may see of an error."""
    face = face_of(error)
    headers = dict(error.headers) if isinstance(error, AppError) else {}
    if face.retry_after_seconds is not None:
        headers["Retry-After"] = str(face.retry_after_seconds)
    message = face.sentence or str(error)
    return PublicError(face.status, face.code, message, _details(error, message), headers)


def _details(error: BaseException, message: str) -> Mapping[str, Mapping[str, str]]:
    """Where the refused value stood (CONTRACT 7)."""
    if isinstance(error, InvalidField):
        return {error.where: {"message": message, "value": error.value}}
    if not isinstance(error, InvalidParameter):
        return {}
    return {f"query.{error.parameter}": {"message": message, "value": error.value}}
