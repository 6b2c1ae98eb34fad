"""Errors of the storage floor.

StorageError
├── InvalidKey       a key or path that could escape its root, or that cannot be stored
├── ObjectMissing    no object has this key
├── ObjectChanged    it was replaced while it was being read
├── StoreFull        the free-space reserve is reached: nothing was written
└── StoreUnavailable the back end did not answer: worth a retry
"""


class StorageError(Exception):
    """Base of the tree. Messages may be shown to clients; they hold keys, never server paths."""


class InvalidKey(StorageError):
    """The key has an empty, `.` or `..` segment, a NUL, a backslash, or is too long."""


class ObjectMissing(StorageError):
    """No object has this key."""


class ObjectChanged(StorageError):
    """The object was replaced while it was being read: what was read is of another one."""


class StoreFull(StorageError):
    """Writing would eat into the free-space reserve."""


class StoreUnavailable(StorageError):
    """The back end failed or did not answer."""
