"""The compose files: by their schema, against the settings and files they name, and their commands where they can run here."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.deploy.recipes import DEPLOY, check_schema, read, read_yaml, settings
from tests.servers import _package, free_port

COMPOSE = DEPLOY / "compose"
FILES = ("one.yaml", "cluster.yaml")
DEADLINE_SECONDS = 30


def services(name: str) -> dict[str, Any]:
    found: dict[str, Any] = read_yaml(f"compose/{name}")["services"]
    return found


def volumes(service: dict[str, Any]) -> list[list[str]]:
    """Source, target and mode; without the default of a variable in front."""
    return [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":") for volume in service.get("volumes", [])]


@pytest.mark.parametrize("name", FILES)
def test_the_schema_of_compose_accepts_it(name: str) -> None:
    check_schema("--builtin-schema", "vendor.compose-spec", str(COMPOSE / name))


@pytest.mark.parametrize("name", FILES)
def test_every_setting_exists(name: str) -> None:
    used = {key for service in services(name).values() for key in service.get("environment", {}) if key.startswith("SOUNDPATH_")}
    assert used
    assert used <= settings()


@pytest.mark.parametrize("name", FILES)
def test_everything_it_names_is_there(name: str) -> None:
    document = read_yaml(f"compose/{name}")
    for service in document["services"].values():
        for source, *_ in volumes(service):
            assert source in document["volumes"] if not source.startswith(".") else (COMPOSE / source).exists() or source == "./library"
        assert set(service.get("depends_on", {})) <= set(document["services"])
        assert set(service.get("networks", [])) <= set(document.get("networks") or {})
        if "build" in service:
            context = (COMPOSE / service["build"]["context"]).resolve()
            assert (context / service["build"]["dockerfile"]).is_file()
    assert set(document["volumes"]) == {
        source for service in document["services"].values() for source, *_ in volumes(service) if source[0] != "."
    }


@pytest.mark.parametrize("name", FILES)
def test_what_has_no_default_is_asked_for_in_the_example(name: str) -> None:
    required = set(re.findall(r"\$\{(\w+):\?", read(f"compose/{name}")))
    assert required <= set(re.findall(r"^(\w+)=", read("compose/example.env"), re.MULTILINE))
    assert "SOUNDPATH_SECRET" in required


def test_nodes_have_no_more_rights_than_they_need() -> None:
    for service in (*services("one.yaml").values(), *services("cluster.yaml").values()):
        if service.get("image") == "soundpath":
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
            assert "no-new-privileges:true" in service["security_opt"]
    published = {name for name, service in services("cluster.yaml").items() if service.get("ports")}
    assert published == {"edge", "grafana"}, "nodes are reached through the edge, their metrics by nobody else"


def test_the_edge_has_this_clusters_origins(tmp_path: Path) -> None:
    """Its command's own sed, on the real configuration."""
    _, _, command = services("cluster.yaml")["edge"]["command"]
    sed, _, start = command.partition(" > /etc/nginx/conf.d/default.conf && ")
    assert start == "exec nginx -g 'daemon off;'"
    sed = sed.replace("/etc/soundpath/soundpath.conf", str(DEPLOY / "nginx" / "soundpath.conf"))
    made = subprocess.run(["sh", "-c", sed], capture_output=True, text=True, check=True).stdout
    assert re.findall(r"server ([\w.-]+:\d+);", made) == ["web-1:8080", "web-2:8080"]
    assert re.findall(r"listen (\d+);", made) == ["8080"]
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    local = made.replace("web-1:8080; server web-2:8080", "127.0.0.1:8081; server 127.0.0.1:8082").replace(
        "/var/cache/nginx", str(tmp_path)
    )
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {local} }}")
    tested = subprocess.run([nginx, "-t", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr


def test_the_store_starts_with_its_bucket_and_checks_signatures(tmp_path: Path) -> None:
    """The very command of the container, in a folder of ours."""
    store = services("cluster.yaml")["store"]
    port = free_port()
    shell, dash_c, script = store["entrypoint"]
    script = script.replace("/data", str(tmp_path / "data")).replace(":9000", f"127.0.0.1:{port}")
    rclone = _package("rclone_api").BINARY_PATH
    auth = store["environment"]["RCLONE_AUTH_KEY"].replace("${AWS_ACCESS_KEY_ID:-soundpath}", "soundpath")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "rclone").symlink_to(rclone)
    environment = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    environment["RCLONE_AUTH_KEY"] = re.sub(r"\$\{AWS_SECRET_ACCESS_KEY:[^}]*\}", "right", auth)
    with subprocess.Popen([shell, dash_c, script], env=environment, stderr=subprocess.DEVNULL) as running:
        try:
            _put(port, "right")
            with pytest.raises(ClientError):
                _put(port, "wrong")
            assert (tmp_path / "data" / "soundpath" / "objects" / "one").read_bytes() == b"sound"
        finally:
            running.kill()


def _put(port: int, secret: str) -> None:
    once = Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    session = boto3.session.Session("soundpath", secret, region_name="us-east-1")
    client = session.client("s3", endpoint_url=f"http://127.0.0.1:{port}", config=once)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            client.put_object(Bucket="soundpath", Key="objects/one", Body=b"sound")
            return
        except EndpointConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_both_web_and_both_work_nodes_are_the_same() -> None:
    nodes = services("cluster.yaml")
    for kind in ("web", "work"):
        first, second = ({key: value for key, value in nodes[f"{kind}-{n}"].items() if key != "volumes"} for n in (1, 2))
        assert yaml.safe_dump(first) == yaml.safe_dump(second)
        assert volumes(nodes[f"{kind}-1"]) != volumes(nodes[f"{kind}-2"]), "scratch and marks of life are a node's own"
