"""The virtual environment: made with the python that runs this, filled from the lock files, hashes required."""

import importlib.util
import subprocess
import sys
from pathlib import Path

from deploy.setup import debian
from deploy.setup.step import SetupFailed, digest, once, run

MIN_PYTHON = (3, 11)
VERSION = ".".join(map(str, sys.version_info[:3]))


def ensure(root: Path) -> None:
    """Make `.venv`, or make it anew when it belongs to another python."""
    if sys.version_info < MIN_PYTHON:
        raise SetupFailed(f"this is Python {VERSION}; Soundpath needs 3.11 or newer (make PYTHON=python3.11 …).")
    once(_stamp(root, "venv"), VERSION, lambda: _create(root))


def install(root: Path, lock: str) -> None:
    """Install what a lock file names. `--require-hashes` refuses every file that the lock does not know."""
    once(
        _stamp(root, lock),
        digest([root / lock], VERSION),
        lambda: run([*_pip(root), "install", "--require-hashes", "-r", str(root / lock)], f"Installing {lock}"),
    )


def install_project(root: Path) -> None:
    """Put the `soundpath` command into the environment; the code itself stays in the tree. Needs setuptools, which the lock holds."""
    command = [*_pip(root), "install", "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(root)]
    once(_stamp(root, "project"), digest([root / "pyproject.toml"], VERSION, str(root)), lambda: run(command, "Installing soundpath"))


def _create(root: Path) -> None:
    if _works(root):
        return
    if importlib.util.find_spec("ensurepip") is None:  # Debian and Ubuntu package it apart
        debian.mend_venv()
    run([sys.executable, "-m", "venv", "--clear", str(root / ".venv")], f"Creating .venv with Python {VERSION}")


def _works(root: Path) -> bool:
    """Whether `.venv` is whole and of this version: one that was made by hand is kept."""
    python = root / ".venv" / "bin" / "python"
    ask = [str(python), "-c", "import pip, platform; print(platform.python_version())"]
    return python.exists() and subprocess.run(ask, capture_output=True, text=True).stdout.strip() == VERSION


def _stamp(root: Path, step: str) -> Path:
    return root / ".venv" / ".soundpath" / step


def _pip(root: Path) -> list[str]:
    return [str(root / ".venv" / "bin" / "python"), "-m", "pip", "-qq", "--no-input", "--disable-pip-version-check"]
