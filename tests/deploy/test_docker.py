"""The Dockerfile, read step by step, and the steps of it that need no Docker: installing from a clean tree, and serving from there."""

import fnmatch
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import tones
from tests.deploy.recipes import read, settings
from tests.service import ROOT, Service


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction; `stage` is the FROM it belongs to."""

    stage: str
    word: str
    text: str


def steps() -> list[Step]:
    lines = [line for line in read("docker/Dockerfile").splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found: list[Step] = []
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        word, _, text = line.partition(" ")
        stage = text.rpartition(" AS ")[2] if word == "FROM" else found[-1].stage if found else ""
        found.append(Step(stage, word, text.strip()))
    return found


def of(word: str, stage: str = "runtime") -> list[str]:
    return [step.text for step in steps() if (step.word, step.stage) == (word, stage)]


def sent(path: str) -> bool:
    """Whether the ignore file lets a path of the tree into the build; the last rule that fits decides."""
    verdict = True
    for rule in read("docker/Dockerfile.dockerignore").splitlines():
        if rule and not rule.startswith("#"):
            pattern = rule.lstrip("!").removeprefix("**/")
            parts = [path, *map(str, Path(path).parents)]
            if any(fnmatch.fnmatch(part, pattern) or (rule.startswith("**/") and Path(part).name == pattern) for part in parts):
                verdict = rule.startswith("!")
    return verdict


def test_stages_and_copies_exist() -> None:
    stages: list[str] = []
    for step in steps():
        if step.word == "FROM":
            stages.append(step.stage)
        if step.word == "COPY":
            *sources, _ = [word for word in step.text.split() if not word.startswith("--")]
            if source_stage := re.search(r"--from=(\S+)", step.text):
                assert source_stage[1] in stages[:-1]
            else:
                assert all((ROOT / source).exists() and sent(source.rstrip("/")) for source in sources), step
    assert stages == ["player", "build", "runtime"]


def test_nothing_private_is_sent_to_the_builder() -> None:
    assert not any(sent(path) for path in (".git/config", ".venv/bin/python", "data/secret", "deploy/compose/.env", "tests/service.py"))
    assert not sent("player/node_modules/esbuild/bin/esbuild")
    assert sent("app/__main__.py")
    assert sent("storage/migrations/script.py.mako")


def test_dependencies_come_from_lock_files_with_hashes() -> None:
    installs = [text for text in of("RUN", "build") if "pip install" in text]
    assert len(installs) == 2
    assert "--require-hashes -r /build/requirements.txt" in installs[0]
    assert {"--no-deps", "--no-index", "--no-build-isolation"} <= set(installs[1].split())
    assert any("npm ci" in text for text in of("RUN", "player"))


def test_it_runs_as_nobody_in_particular_under_tini() -> None:
    assert of("USER") == ["soundpath"]
    order = [step.word for step in steps() if step.stage == "runtime"]
    assert order.index("USER") < order.index("ENTRYPOINT"), "the last user is the one that runs"
    assert json.loads(of("ENTRYPOINT")[0]) == ["tini", "--", "soundpath"]
    assert json.loads(of("CMD")[0]) == ["serve"]
    assert {"tini", "util-linux"} <= set(of("RUN")[0].split())
    (check,) = of("HEALTHCHECK")
    assert "http://127.0.0.1:8080/healthz" in check
    assert of("EXPOSE") == ["8080"]


def test_its_environment_is_settings() -> None:
    (environment,) = of("ENV")
    names = {name for name in re.findall(r"(\w+)=", environment) if name.startswith("SOUNDPATH_")}
    assert names >= {"SOUNDPATH_HOST", "SOUNDPATH_DATA_DIR"}
    assert names <= settings()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the build stage installs, from nothing but what it copies."""
    tree, target = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("installed")
    for source in ("pyproject.toml", "README.md", "app", "storage", "transforms", "player"):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tree / source, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(ROOT / source, tree / source)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(target), "-q", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(tree)], check=True, cwd=tree)
    return target


async def test_what_is_installed_serves_without_the_tree(installed: Path, tmp_path: Path) -> None:
    """Packages, templates, migrations and the player's pages are all in it."""
    library = tmp_path / "library"
    library.mkdir()
    tones.write(library / "chirp.wav", tones.chirp(2, 48_000), 48_000)
    environment = {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1", "SOUNDPATH_WORKERS": "1"}
    async with Service(tmp_path / "data", library, environment) as service:
        # Engine children are told where the code lies: the tree's own must not help out.
        assert str(installed) in Path(f"/proc/{service.pid}/environ").read_text().split("PYTHONPATH=")[1]  # noqa: ASYNC240 (memory)
        assert (await service.get("/readyz")).json()["status"] == "ok"
        assert (await service.get("/W142hJk/audio/chirp.wav?f=html-aac")).status == 200
        assert (await service.artifact("/W142hJk/audio/chirp.wav?f=aac")).status == 200
