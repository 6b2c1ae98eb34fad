"""README and the pages about access name every setting, command, parameter, permission and right of the code, as it is."""

import argparse
import re
from collections.abc import Iterator

import pytest

from app.__main__ import parser
from app.access.grants import Right
from app.accounts.permissions import Permission
from app.settings import ENV_PREFIX, Settings
from app.web.delivery import PARAMETERS as DELIVERY_PARAMETERS
from tests.source_code import ROOT
from transforms.params import PARAMETERS

README = (ROOT / "README.md").read_text()
ACCESS = (ROOT / "docs" / "access.md").read_text()
NO_DEFAULT = "–"


def section(heading: str) -> str:
    """The text from a heading to the next one."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"README has no section '{heading}'"
    return found[1]


def shown_default(name: str) -> str:
    """As somebody would write it into the environment."""
    if name == "workers":
        return "number of cores"
    default = Settings.model_fields[name].default
    text = (
        ",".join(map(str, default)) if isinstance(default, tuple) else str(default).lower() if isinstance(default, bool) else str(default)
    )
    return NO_DEFAULT if default in (None, ()) else f"`{text}`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_is_told_as_the_code_has_it(name: str) -> None:
    row = f"| `{ENV_PREFIX}{name.upper()}` | {shown_default(name)} | {Settings.model_fields[name].description} |"
    assert row in section("Settings").splitlines()


def commands(of: argparse.ArgumentParser, *before: str) -> Iterator[str]:
    """`serve`, `keys create` …: what can be typed."""
    inner = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield " ".join(before)
    for action in inner:
        for name, chosen in action.choices.items():
            yield from commands(chosen, *before, name)


@pytest.mark.parametrize("command", [*commands(parser())])
def test_each_command_is_told(command: str) -> None:
    assert re.search(rf"`{re.escape(command)}[ `]", section("Command line"))


def test_no_command_is_told_that_does_not_exist() -> None:
    told = {" ".join(words) for words in re.findall(r"`([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", section("Command line").partition("|---|")[2])}
    known = {*commands(parser()), "make run"}
    assert not [each for each in map(str.strip, told) if each not in known and each.partition(" ")[0] not in known]


@pytest.mark.parametrize("name", [*PARAMETERS, *DELIVERY_PARAMETERS])
def test_each_parameter_is_told(name: str) -> None:
    """By the shorter of two names: `a` is `artifact`."""
    first_cells = [line.split("|")[1] for line in section("Parameters").splitlines() if line.startswith("| ")]
    assert re.search(rf"`{'a' if name == 'artifact' else name}[`=]", " ".join(first_cells))


@pytest.mark.parametrize("permission", Permission)
def test_each_permission_is_told(permission: Permission) -> None:
    assert re.search(rf"^\|[^|]*`{permission}`[^|]*\|", ACCESS, re.MULTILINE)


@pytest.mark.parametrize("right", Right)
def test_each_right_of_a_session_is_told(right: Right) -> None:
    *_, name = right.value
    assert re.search(rf"`([a-z.]*\.)?{name}`", ACCESS)
