"""The two commands: lock files, set-up steps, what is installed, what a wheel holds, and the pages that speak of them."""

import re
import shutil
import subprocess
import sys
import tomllib
import wave
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app.demo import synthesise
from app.files.first_original import DEMO_PATH
from app.settings import ENV_PREFIX, Settings
from app.web.address import parse_target
from deploy.setup import debian, npm
from deploy.setup.__main__ import prepare
from deploy.setup.step import SetupFailed, digest, once, run
from tests.source_code import ROOT, modules
from transforms.params import parse

LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-node.txt")
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> dict[str, str]:
    """Distribution → its whole entry, with the lines that belong to it."""
    text = "\n".join(line for line in (ROOT / lock).read_text().splitlines() if not line.lstrip().startswith("#"))
    entries = re.split(r"\n(?=\S)", text.strip())
    return {canonicalize_name(entry.partition("==")[0]): entry for entry in entries}


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_pinned_with_hashes(lock: str) -> None:
    assert pins(lock)
    for name, entry in pins(lock).items():
        assert re.match(r"[a-z0-9.-]+==\S+ \\\n( +--hash=sha256:[0-9a-f]{64}( \\\n)?)+$", entry, re.IGNORECASE), name


@pytest.mark.parametrize("lock", [*LOCKS, "player/package-lock.json", "tests/browser/package-lock.json"])
def test_no_lock_names_a_registry(lock: str) -> None:
    path = ROOT / lock
    if not path.exists():
        pytest.skip(f"{lock} is not there")
    options = re.findall(
        r"^ *(?:--(?:extra-)?index-url|-i|-f|--find-links|--trusted-host)\b.*|\"resolved\".*", path.read_text(), re.MULTILINE
    )
    assert not options
    if lock in LOCKS:
        assert not re.search(r"https?://|file:/", path.read_text())


def test_the_locks_hold_what_the_project_declares() -> None:
    names = {canonicalize_name(Requirement(each).name) for each in PROJECT["project"]["dependencies"]}
    dev_names = {canonicalize_name(Requirement(each).name) for each in PROJECT["project"]["optional-dependencies"]["dev"]}
    assert names <= pins("requirements.txt").keys()
    assert names | dev_names <= pins("requirements-dev.txt").keys()
    assert "setuptools" in pins("requirements.txt"), "the soundpath command is installed with it"


def test_both_locks_agree() -> None:
    ours, theirs = pins("requirements.txt"), pins("requirements-dev.txt")
    version = re.compile(r"==(\S+)")
    assert {name: version.findall(entry) for name, entry in ours.items()} == {name: version.findall(theirs[name]) for name in ours}


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert targets
    for target in targets[1].split():
        assert re.search(rf"^make {target} +\S", listed, re.MULTILINE), f"{target} has no description"
    assert set(targets[1].split()) >= {"setup", "run", "test", "check", "bench", "bench-full", "lock"}


def test_run_hands_its_words_to_the_settings() -> None:
    order = ["make", "--no-print-directory", "--dry-run", "--print-data-base", "run", "PORT=8123", "DATA=/my data", "LIBRARY=/my music"]
    planned = subprocess.run(order, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ".venv/bin/python -m app serve" in planned
    for line in ("SOUNDPATH_PORT := 8123", "SOUNDPATH_DATA_DIR := /my data", "SOUNDPATH_LIBRARY_DIR := /my music"):
        assert line in planned


def test_a_step_runs_once_until_its_key_changes(tmp_path: Path) -> None:
    runs: list[str] = []
    for key in ("a", "a", "b", "b"):
        once(tmp_path / "stamps" / "step", key, lambda key=key: runs.append(key))  # type: ignore[misc]
    assert runs == ["a", "b"]


def test_a_failed_step_is_tried_again(tmp_path: Path) -> None:
    stamp = tmp_path / "step"
    with pytest.raises(SetupFailed, match="Saying no"):
        once(stamp, "key", lambda: run(["false"], "Saying no"))
    assert not stamp.exists()


def test_a_digest_knows_names_contents_and_words(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("x")
    two.write_text("x")
    assert len({digest([one]), digest([two]), digest([one, two]), digest([one], "3.12"), digest([one], "3.13")}) == 5
    before = digest([one])
    one.write_text("y")
    assert digest([one]) != before


def test_a_python_without_venv_is_named_for_those_who_are_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SetupFailed, match=rf"apt-get install python{sys.version_info.major}\.{sys.version_info.minor}-venv"):
        debian.mend_venv()


def test_an_old_python_is_refused_by_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", (3, 10, 13))
    with pytest.raises(SetupFailed, match=r"needs 3\.11"):
        prepare(tmp_path, "run")


def test_the_player_is_built_when_its_sources_change(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    player = tmp_path / "player"
    (player / "src").mkdir(parents=True)
    (player / "package.json").write_text(
        '{"name": "x", "version": "1.0.0", "scripts": {"build": "mkdir -p dist && cat src/*.js >> dist/all"}}'
    )
    (player / "package-lock.json").write_text(
        '{"name": "x", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "x", "version": "1.0.0"}}}'
    )
    for source in ("one\n", "one\n", "two\n"):
        (player / "src" / "a.js").write_text(source)
        npm.ensure_player(tmp_path)
    assert (player / "dist" / "all").read_text() == "one\ntwo\n"


def test_the_set_up_needs_nothing_that_is_installed() -> None:
    foreign = [
        module.shown for module in modules("deploy") if re.search(r"^(from|import) (app|storage|transforms|aiohttp)\b", module.text, re.M)
    ]
    assert not foreign
    subprocess.run([sys.executable, "-S", "-m", "deploy.setup", "--help"], cwd=ROOT, check=True, capture_output=True)


def test_what_is_installed_fits_together() -> None:
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "check"], check=True, capture_output=True)


def test_a_wheel_holds_everything_the_service_reads(tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns("node_modules", "__pycache__", "*.egg-info")
    packages = ("app", "storage", "transforms", "player")
    for package in packages:
        shutil.copytree(ROOT / package, tmp_path / "tree" / package, ignore=ignore)
    for file in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / file, tmp_path / "tree")
    order = [sys.executable, "-m", "pip", "-qq", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(tmp_path), "."]
    subprocess.run(order, cwd=tmp_path / "tree", check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    sources = {"src", "package.json", "package-lock.json", "build.mjs", ".npmrc", ".built", "README.md"}
    wanted = {
        str(file.relative_to(tmp_path / "tree"))
        for package in packages
        for file in (tmp_path / "tree" / package).rglob("*")
        if file.is_file()
        and not sources & set(file.relative_to(tmp_path / "tree").parts)
        and "build" not in file.relative_to(tmp_path / "tree").parts
    }
    assert wanted <= held
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_the_demo_is_music_of_the_stated_form(tmp_path: Path) -> None:
    path = tmp_path / "demo.wav"
    synthesise(path)
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (44_100, 2, 2)
        assert 20 <= sound.getnframes() / 44_100 <= 30
        samples = memoryview(sound.readframes(sound.getnframes())).cast("h")
    assert 0.7 * 32_768 < max(samples) < 32_767, "loud, and never clipped"
    assert max(samples[-200:]) < 100, "it ends in silence"
    synthesise(again := tmp_path / "again.wav")
    assert path.read_bytes() == again.read_bytes()


def readme_urls() -> list[str]:
    return re.findall(r"^http://127\.0\.0\.1:8080(/W142hJk/audio/\S+)", README, re.MULTILINE)


def test_the_readme_has_five_urls_that_answer() -> None:
    assert len(readme_urls()) >= 5
    for url in readme_urls():
        address = parse_target(url)
        parse(address.path, address.params)
        assert address.path == DEMO_PATH
        assert urlsplit(url).path.startswith("/W142hJk/")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_readme_names_every_setting(name: str) -> None:
    assert f"`{ENV_PREFIX}{name.upper()}`" in README


def test_the_readme_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(rf"`({ENV_PREFIX}[A-Z0-9_]+)`", README))
    tests_own = {"SOUNDPATH_TEST_MEDIA", "SOUNDPATH_REQUIRE_MEDIA", "SOUNDPATH_REQUIRE_TOOLS"}
    assert named - tests_own == {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_the_changelog_is_kept() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## \[Unreleased\]$", changelog, re.MULTILINE)


def test_notice_names_every_direct_dependency() -> None:
    notice = (ROOT / "NOTICE").read_text().lower()
    for requirement in PROJECT["project"]["dependencies"]:
        assert Requirement(requirement).name.lower() in notice


def test_every_test_the_threat_model_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "THREAT_MODEL.md").read_text())
    assert named
    for file, test in named:
        assert (ROOT / file).is_file(), file
        assert not test or re.search(rf"def {test}\b", (ROOT / file).read_text()), f"{file} has no {test}"
