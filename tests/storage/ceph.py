"""A Ceph cluster of one machine for tests, from the distribution's packages: a monitor, a store in memory, and the S3 gateway."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.servers import ACCESS_KEY, BUCKET, SECRET_KEY, free_port

PROGRAMS = {
    "ceph": "ceph-common",
    "ceph-mgr": "ceph-mgr",
    "ceph-mon": "ceph-mon",
    "ceph-osd": "ceph-osd",
    "monmaptool": "ceph-base",
    "radosgw": "radosgw",
}
"""Program → the Debian package that brings it."""

START_SECONDS = 120
STEP_SECONDS = 60

CONFIGURATION = """
[global]
fsid = {fsid}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
mon_host = v1:127.0.0.1:{port}
ms_bind_msgr2 = false
public_addr = 127.0.0.1
run_dir = {folder}
admin_socket = {folder}/$name.asok
log_file = {folder}/$name.log
crash_dir = {folder}
monmap = {folder}/monmap
mon_data = {folder}/mon
mgr_data = {folder}/mgr
osd_data = {folder}/osd
rgw_data = {folder}/rgw
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mgr_initial_modules =
"""


def missing_packages() -> list[str]:
    """What has to be installed before."""
    return sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})


class Ceph:
    """Its gateway is at `endpoint`, with one bucket and the keys of the other test servers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self._configuration = folder / "ceph.conf"
        self.endpoint = f"http://127.0.0.1:{free_port()}"

    def start(self) -> None:
        for name in ("mon", "mgr", "osd", "rgw"):
            (self._folder / name).mkdir()
        fsid, port, disk = uuid4(), free_port(), uuid4()
        self._configuration.write_text(CONFIGURATION.format(fsid=fsid, port=port, folder=self._folder))
        monitors = str(self._folder / "monmap")
        self._do("monmaptool", "--create", "--fsid", str(fsid), "--addv", "a", f"[v1:127.0.0.1:{port}]", monitors)
        self._do("ceph-mon", "-i", "a", "--mkfs", "--monmap", monitors)
        self._run("ceph-mon", "-i", "a")
        self._do("ceph", "osd", "new", str(disk))
        self._run("ceph-mgr", "-i", "a")
        self._do("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", str(disk))
        self._run("ceph-osd", "-i", "0")
        self._until(lambda: "1 up" in self._do("ceph", "osd", "stat"))
        self._run("radosgw", "-n", "client.rgw", "--rgw-frontends", f"beast endpoint={self.endpoint.removeprefix('http://')}")
        self._do(
            "radosgw-admin",
            "user",
            "create",
            "--uid=test",
            "--display-name=test",
            f"--access-key={ACCESS_KEY}",
            f"--secret-key={SECRET_KEY}",
        )
        self._until(self._makes_a_bucket)

    def close(self) -> None:
        for process in reversed(self._running):
            process.send_signal(signal.SIGKILL)
            process.wait()

    @property
    def environment(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_DEFAULT_REGION": "us-east-1"}

    def log(self) -> str:
        return "\n".join(f"{file.name}: {file.read_text(errors='replace')[-2000:]}" for file in self._folder.glob("*.out"))

    def _do(self, *command: str) -> str:
        named = () if command[0] == "monmaptool" else ("-c", str(self._configuration))
        done = subprocess.run([command[0], *named, *command[1:]], capture_output=True, text=True, timeout=STEP_SECONDS)
        assert done.returncode == 0, f"{command}: {done.stderr}\n{self.log()}"
        return done.stdout

    def _run(self, *command: str) -> None:
        with (self._folder / f"{command[0]}.out").open("wb") as out:
            self._running.append(subprocess.Popen([command[0], "-f", "-c", str(self._configuration), *command[1:]], stdout=out, stderr=out))

    def _makes_a_bucket(self) -> bool:
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
        try:
            client.create_bucket(Bucket=BUCKET)
        except (BotoCoreError, ClientError):
            return False
        finally:
            client.close()
        return True

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            for process in self._running:
                assert process.poll() is None, f"{process.args!r} ended with {process.returncode}:\n{self.log()}"
            assert time.monotonic() < deadline, f"Ceph does not start:\n{self.log()}"
            time.sleep(0.5)


@contextmanager
def ceph(folder: Path) -> Iterator[Ceph]:
    cluster = Ceph(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()
        for file in ("osd", "mon"):
            shutil.rmtree(folder / file, ignore_errors=True)
