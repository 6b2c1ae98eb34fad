"""The code as data, for the tests that guard the house: every module, what it imports, what it calls."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("app", "storage", "transforms")


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file. `name`: dotted, a package's own file under the package's name."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def shown(self) -> str:
        """The path as a reader of a failure wants it."""
        return str(self.path.relative_to(ROOT))


@dataclass(frozen=True, slots=True)
class Import:
    """`name` is the longest dotted name an import statement speaks of: `from aiohttp import web` speaks of `aiohttp.web`."""

    name: str
    line: int


def read(path: Path, root: Path = ROOT) -> Module:
    """Parse one file."""
    parts = path.relative_to(root).with_suffix("").parts
    text = path.read_text(encoding="utf-8")
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, path, text, ast.parse(text))


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every module under the folders."""
    files = (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    return tuple(read(file) for file in files if "node_modules" not in file.parts)


def imports(module: Module) -> Iterator[Import]:
    """Every import, wherever it stands: at the top, inside a function, under TYPE_CHECKING."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.shown}:{node.lineno}: imports are absolute"
            yield from (Import(f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def is_within(name: str, *places: str) -> bool:
    """Whether a dotted name is one of the places or lies inside one."""
    return any(name == place or name.startswith(f"{place}.") for place in places)


@cache
def import_graph() -> dict[str, frozenset[str]]:
    """Module → modules of ours that it imports. `from app.jobs import job` is an import of `app.jobs.job`, not of its package."""
    names = {module.name for module in modules(*PACKAGES)}
    return {module.name: frozenset(_own_targets(module, names)) - {module.name} for module in modules(*PACKAGES)}


def _own_targets(module: Module, names: set[str]) -> Iterator[str]:
    for imported in imports(module):
        for candidate in (imported.name, imported.name.rpartition(".")[0]):
            if candidate in names:
                yield candidate
                break
