"""Errors of the fetcher.

FetchError (storage.errors.StorageError)
├── UrlRefused     the URL, or what its name resolves to, is nothing this service opens
├── FetchTooLarge  the body is larger than allowed
└── FetchFailed    the other side did not answer as it should: worth a retry
"""

from storage.errors import StorageError


class FetchError(StorageError):
    """Base of the tree. Messages may be shown to clients; they name hosts only as the client wrote them, never addresses."""


class UrlRefused(FetchError):
    """Scheme, port, form of the host, or a name that leads into a network that is not public."""


class FetchTooLarge(FetchError):
    """More bytes than allowed, as they came or once decompressed."""


class FetchFailed(FetchError):
    """No connection, no valid certificate, no answer in time, too many redirects, or a body that broke off."""
