"""Is a folder on a disk of this machine? SQLite and file locks are only safe there."""

import os
import re
from pathlib import Path

from storage.errors import StorageError

MOUNTS = Path("/proc/self/mountinfo")

# File systems that more than one machine can mount at once. 9p and virtiofs are not among them: they connect a guest to its own host.
NETWORK_TYPES = frozenset(
    {"afs", "beegfs", "ceph", "cifs", "coda", "gfs2", "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "ocfs2", "orangefs", "smb3", "smbfs"}
    | {"fuse.ceph", "fuse.gcsfuse", "fuse.glusterfs", "fuse.juicefs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"}
)

_ESCAPED = re.compile(r"\\([0-7]{3})")  # blanks, line ends and backslashes; everything else stands as it is, in any script


class NetworkFileSystem(StorageError):
    """The folder lies on a file system that several machines can mount; the message names its type."""


def require_local(folder: Path) -> None:
    """Raise NetworkFileSystem unless the folder lies on a local file system."""
    kind = file_system_type(Path(os.path.realpath(folder)), os.fsdecode(MOUNTS.read_bytes()))
    if kind in NETWORK_TYPES:
        raise NetworkFileSystem(
            f"The data folder lies on a network file system ({kind}), where the database could be damaged. Use a local disk, or PostgreSQL."
        )


def file_system_type(path: Path, mountinfo: str) -> str:
    """The type of the mount that holds an absolute path, from the text of proc(5) mountinfo; later mounts cover earlier ones."""
    best, found = -1, "unknown"
    for line in filter(None, mountinfo.split("\n")):
        before, _, after = line.partition(" - ")
        mount_point = Path(_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), before.split(" ")[4]))
        depth = len(mount_point.parts)
        if path.is_relative_to(mount_point) and depth >= best:
            best, found = depth, after.split()[0]
    return found
