"""The floors of docs/architecture.md, executed: what may import what, what is pure, and which door each library has.

The tables below are the architecture. Change them together with a decision record in docs/decisions.
"""

import ast
import sys
import tomllib
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.source_code import PACKAGES, ROOT, Module, import_graph, imports, is_within, modules

MAY_IMPORT = {"transforms": {"transforms"}, "storage": {"storage"}, "app": {"app", "storage", "transforms", "player"}}
"""`transforms` knows audio, `storage` knows bytes, `app` holds both."""

FLOORS = {
    4: {"app.__main__", "app.wiring", "app.backends", "app.serve", "app.commands"},
    3: {"app.web", "app.worker"},
    2: {"app"},
    1: {"transforms.probe", "transforms.engine", "storage"},
    0: {"transforms", "transforms.engine.messages", "storage.store", "storage.errors"},
}
"""The longest name that a module lies within decides. What is new in `app` begins on floor 2, in `transforms` on floor 0."""

WEB_FLOORS = {
    3: {"app.web.server", "app.web.errors", "app.web.variant", "app.web.operations"},
    2: {"app.web.api", "app.web.page"},
    1: {"app.web"},
    0: {"app.web.http"},
}
"""The same within the web door: what joins everything; its two rooms, which know nothing of each other; what both speak; HTTP alone."""

PURE_STANDARD_LIBRARY = {
    *("abc", "base64", "bisect", "collections", "contextlib", "dataclasses", "decimal", "enum", "fractions", "functools", "hashlib"),
    *("itertools", "json", "math", "operator", "re", "string", "struct", "types", "typing", "unicodedata", "urllib.parse"),
    *("pathlib.Path", "pathlib.PurePosixPath"),  # as types: `PURE_FORBIDDEN_CALLS` keeps files closed
}
PURE_FORBIDDEN_CALLS = {"open", "print", "input", "exec", "eval", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "stat"}

DOORS = {
    "aiohttp.web": {"app.web"},
    "aiohttp": {"app.web", "storage.fetch"},
    "aiosqlite": {"storage.steady"},
    "alembic": {"storage.upgrade", "storage.migrations"},
    "asyncpg": {"storage.postgres", "storage.channel"},
    "av": {"transforms.engine", "transforms.probe"},
    "boto3": {"storage.s3", "storage.s3_errors", "storage.s3_origin"},
    "botocore": {"storage.s3", "storage.s3_errors", "storage.s3_origin"},
    "diskcache": {"storage.cached"},
    "ffmpeg": {"transforms.engine"},
    "imageio_ffmpeg": {"transforms.engine"},
    "jinja2": {"app.web"},
    "m3u8": {"app.files.playlist"},
    "pgqueuer": {"app.jobs.tickets", "storage.migrations"},
    "pydantic_settings": {"app.settings"},
    "sqlite3": {"storage.db", "storage.steady", "storage.cached"},  # what diskcache fails with
    "subprocess": {"transforms.engine", "transforms.probe"},
    "app.settings.Settings": {"app.settings", *FLOORS[4]},  # floors below get plain arguments
}
"""Library → the only places that import it."""

CALL_DOORS = {
    "create_subprocess_exec": {"transforms.engine", "app.processes"},  # the parts of `serve --processes` are ourselves
    "create_subprocess_shell": set[str](),
    "fork": set[str](),
    "system": set[str](),
    "popen": set[str](),
    "environ": {"app.settings", "transforms.engine.sandbox"},  # the sandbox hands its children an explicit environment
    "getenv": {"app.settings"},
    "putenv": set[str](),
}
"""Attribute of `os` or `asyncio` → the only places that use it."""

MODULES = modules(*PACKAGES)


def floor(name: str, floors: Mapping[int, set[str]] = FLOORS) -> int:
    found = [(len(place), number) for number, places in floors.items() for place in places if is_within(name, place)]
    assert found, f"{name} stands on no floor"
    return max(found)[1]


def each_module() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


def test_the_house_is_there() -> None:
    assert {module.name for module in MODULES} >= {"app.errors", "transforms.plan", "storage.store"}


@each_module()
def test_packages_know_only_what_they_may(module: Module) -> None:
    package = module.name.partition(".")[0]
    others = {"app", "storage", "transforms", "player", "tests", "deploy", "bench"} - MAY_IMPORT[package]
    wrong = [f"{module.shown}:{each.line} imports {each.name}" for each in imports(module) if is_within(each.name, *others)]
    assert not wrong


@each_module()
def test_imports_point_down(module: Module) -> None:
    here = floor(module.name)
    wrong = [f"{module.name} (floor {here}) → {name} (floor {floor(name)})" for name in import_graph()[module.name] if floor(name) > here]
    assert not wrong


@pytest.mark.parametrize("module", [module for module in MODULES if is_within(module.name, "app.web")], ids=lambda module: module.name)
def test_the_web_door_has_stairs_of_its_own(module: Module) -> None:
    here = floor(module.name, WEB_FLOORS)
    inside = [name for name in import_graph()[module.name] if is_within(name, "app.web")]
    assert not [f"{module.name} (floor {here}) → {name}" for name in inside if floor(name, WEB_FLOORS) > here]
    rooms = WEB_FLOORS[2]
    own = {room for room in rooms if is_within(module.name, room)}
    assert not own or not [f"{module.name} → {name}" for name in inside if is_within(name, *(rooms - own))]


def test_no_module_imports_itself_in_a_circle() -> None:
    try:
        TopologicalSorter(import_graph()).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@pytest.mark.parametrize("module", [module for module in MODULES if floor(module.name) == 0], ids=lambda module: module.name)
def test_floor_0_is_pure(module: Module) -> None:
    own = {"transforms", "storage"}
    wrong = [
        f"{module.shown}:{each.line} imports {each.name}"
        for each in imports(module)
        if not is_within(each.name, *PURE_STANDARD_LIBRARY, *own)
    ]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if called in PURE_FORBIDDEN_CALLS:
                wrong.append(f"{module.shown}:{node.lineno} calls {called}()")
    assert not wrong


@each_module()
def test_every_library_has_one_door(module: Module) -> None:
    wrong = [
        f"{module.shown}:{each.line} imports {each.name}: that is for {', '.join(sorted(places))}"
        for each in imports(module)
        for library, places in DOORS.items()
        if is_within(each.name, library) and not is_within(module.name, *places)
    ]
    assert not wrong


@each_module()
def test_environment_and_processes_have_one_door(module: Module) -> None:
    used = {(node.attr, node.lineno) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute) and _is_system(node.value)}
    used |= {(each.name.rpartition(".")[2], each.line) for each in imports(module) if each.name.partition(".")[0] in {"os", "asyncio"}}
    wrong = [
        f"{module.shown}:{line} uses {name}" for name, line in used if name in CALL_DOORS and not is_within(module.name, *CALL_DOORS[name])
    ]
    assert not wrong


def _is_system(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"os", "asyncio"}


@each_module()
def test_no_module_keeps_state_behind_your_back(module: Module) -> None:
    wrong = [f"{module.shown}:{node.lineno}" for node in ast.walk(module.tree) if isinstance(node, ast.Global)]
    assert not wrong, "no module-level mutable state: pass the object"


def test_every_library_we_import_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [each for name, listed in project["optional-dependencies"].items() if name != "dev" for each in listed]
    declared = {_import_name(requirement) for requirement in (*project["dependencies"], *extras)}
    imported = {each.name.partition(".")[0] for module in MODULES for each in imports(module)}
    parts = {"multidict", "yarl", "botocore"}  # of aiohttp and boto3
    foreign = imported - set(sys.stdlib_module_names) - {*PACKAGES, "player"} - parts
    assert foreign <= declared, "declare it in pyproject.toml and run make lock"


def _import_name(requirement: str) -> str:
    """What `import` calls a distribution."""
    name = requirement.partition("[")[0].partition(">")[0].partition("=")[0].strip()
    return {"ffmpeg-python": "ffmpeg", "python-ulid": "ulid", "pyjwt": "jwt", "opentelemetry-sdk": "opentelemetry"}.get(
        name, name.replace("-", "_")
    )
