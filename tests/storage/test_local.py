"""Which file system holds a folder."""

from pathlib import Path

import pytest

from storage import local
from storage.local import NetworkFileSystem, file_system_type, require_local

MOUNTINFO = """\
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
22 21 0:20 / /proc rw - proc proc rw
30 21 0:44 /export /mnt/nas rw,relatime shared:9 master:2 - nfs4 nas:/export rw,vers=4.2
31 30 254:9 / /mnt/nas/local rw - xfs /dev/vdb rw
32 21 0:50 / /mnt/two\\040words rw - cifs //server/share rw
33 21 0:51 / /over rw - ext4 /dev/vdc rw
34 21 0:52 / /over rw - nfs nas:/b rw
35 21 0:53 / /mnt/größe\u00a0\u2028ж rw - nfs nas:/c rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/", "ext4"),
        ("/mnt", "ext4"),
        ("/mnt/nasty", "ext4"),
        ("/mnt/nas", "nfs4"),
        ("/mnt/nas/data", "nfs4"),
        ("/mnt/nas/local/data", "xfs"),
        ("/mnt/two words/x", "cifs"),
        ("/over/x", "nfs"),
        ("/mnt/größe\u00a0\u2028ж/x", "nfs"),
    ],
)
def test_type_of_the_mount_that_holds_a_path(path: str, kind: str) -> None:
    assert file_system_type(Path(path), MOUNTINFO) == kind


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_local(tmp_path)
    mounts = tmp_path / "mountinfo"
    mounts.write_bytes(b"29 21 0:43 / /mnt/\xff rw - ext4 /dev/vdb rw\n" + f"30 21 0:44 / {tmp_path} rw - nfs4 nas:/export rw\n".encode())
    monkeypatch.setattr(local, "MOUNTS", mounts)
    with pytest.raises(NetworkFileSystem, match="nfs4"):
        require_local(tmp_path / "data")
