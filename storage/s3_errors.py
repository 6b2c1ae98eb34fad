"""What an object store and boto3 raise, as errors of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from storage.errors import InvalidKey, ObjectMissing, StorageError, StoreFull, StoreUnavailable
from storage.room import failing_when_full

_MISSING: Final = {"404", "NoSuchKey", "NotFound"}
_FULL: Final = {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"}
_UNAVAILABLE: Final = "The object store does not answer as it should."


def is_missing(error: ClientError) -> bool:
    """Whether it says that there is no such object."""
    return str(error.response.get("Error", {}).get("Code", "")) in _MISSING


@contextmanager
def translated(key: str) -> Iterator[None]:
    """ObjectMissing, StoreFull, InvalidKey and StoreUnavailable, without addresses and credentials."""
    try:
        with failing_when_full():
            yield
    except ClientError as error:
        raise _as_ours(error, key) from error
    except Boto3Error as error:  # a failed transfer: what failed is its cause
        cause = error.__cause__ or error.__context__
        raise (_as_ours(cause, key) if isinstance(cause, ClientError) else StoreUnavailable(_UNAVAILABLE)) from error
    except (BotoCoreError, ConnectionError, TimeoutError) as error:
        raise StoreUnavailable(_UNAVAILABLE) from error
    except OSError as error:
        raise StoreUnavailable("The local disk did not answer as it should.") from error


def _as_ours(error: ClientError, key: str) -> StorageError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in _MISSING:
        return ObjectMissing(f"There is no object '{key}'.")
    if code in _FULL:
        return StoreFull("The object store is full.")
    if code == "KeyTooLongError":
        return InvalidKey("The key is too long for this store.")
    return StoreUnavailable(_UNAVAILABLE)
