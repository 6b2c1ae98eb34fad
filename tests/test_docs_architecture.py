"""The map names places that exist."""

import ast
import re

import pytest

from tests.source_code import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
PLACES = sorted(set(re.findall(r"`((?:app|storage|transforms|tests|player)/[\w/.]+\.(?:py|js))(?::([\w.]+))?`", PAGE)))


def test_the_page_names_places() -> None:
    assert len(PLACES) > 40


@pytest.mark.parametrize(("file", "name"), PLACES)
def test_every_place_exists(file: str, name: str) -> None:
    """`file.py:function` or `file.py:Class.method`."""
    assert (ROOT / file).is_file()
    tree: ast.AST = ast.parse((ROOT / file).read_text()) if name else ast.Module([], [])
    for part in name.split(".") if name else ():
        found = [
            node
            for node in ast.iter_child_nodes(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name == part
        ]
        assert found, f"{file} has no {name}"
        tree = found[0]
