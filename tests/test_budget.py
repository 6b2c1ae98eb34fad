"""Sizes that rooms keep: files, functions, arguments, nesting. An exception has its reason in a comment on the same line.

For a function that is a line of its signature; for a file the first line, or the last of its docstring.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache

import pytest

from tests.source_code import PACKAGES, Module, modules

MAX_FILE_LINES = 250
MAX_FUNCTION_LINES = 40
MAX_ARGUMENTS = 5
MAX_NESTING = 3

SOURCES = modules(*PACKAGES, "player", "deploy")
EVERYTHING = (*SOURCES, *modules("tests", "bench"))

Function = ast.FunctionDef | ast.AsyncFunctionDef
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
SILENCERS = re.compile(r"# (noqa|type: ignore|pragma|pylint|fmt: off|ruff: noqa)")


def each(sources: tuple[Module, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("module", sources, ids=lambda module: module.shown)


@cache
def comments(module: Module) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(module.text).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def has_reason(module: Module, first: int, last: int) -> bool:
    """Whether one of the lines has a comment with something to say."""
    return any(len(SILENCERS.sub("", comments(module).get(line, "#")).split()) > 2 for line in range(first, last + 1))


def functions(module: Module) -> Iterator[Function]:
    return (node for node in ast.walk(module.tree) if isinstance(node, Function))


def excused(module: Module, function: Function) -> bool:
    return has_reason(module, function.lineno, max(function.lineno, function.body[0].lineno - 1))


@each(SOURCES)
def test_files_are_short(module: Module) -> None:
    docstring_end = module.tree.body[0].end_lineno or 1 if module.tree.body else 1
    lines = module.text.count("\n")
    assert lines <= MAX_FILE_LINES or has_reason(module, 1, 1) or has_reason(module, docstring_end, docstring_end), f"{lines} lines"


@each(SOURCES)
def test_functions_are_short(module: Module) -> None:
    sizes = [(f"{module.shown}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1, node) for node in functions(module)]
    assert not [f"{where}: {lines} lines" for where, lines, node in sizes if lines > MAX_FUNCTION_LINES and not excused(module, node)]


@each(SOURCES)
def test_functions_take_few_arguments(module: Module) -> None:
    counted = [(node, len(_arguments(node))) for node in functions(module)]
    wrong = [f"{node.name}: {count} arguments" for node, count in counted if count > MAX_ARGUMENTS and not excused(module, node)]
    assert not wrong


def _arguments(function: Function) -> list[str]:
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


@each(SOURCES)
def test_blocks_are_not_deep(module: Module) -> None:
    wrong = [
        f"{node.name}: {depth} deep" for node in functions(module) if (depth := _depth(node)) > MAX_NESTING and not excused(module, node)
    ]
    assert not wrong


def _depth(node: ast.AST) -> int:
    """Blocks within blocks. `elif` is no deeper than its `if`; a function inside starts anew."""
    inner = [_depth(child) for child in ast.iter_child_nodes(node) if not isinstance(child, Function | ast.Lambda | ast.ClassDef)]
    is_elif = isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
    if is_elif:
        assert isinstance(node, ast.If)
        inner = [*(_depth(child) for child in node.body), _depth(node.orelse[0]) - 1]
    return (1 if isinstance(node, BLOCKS) else 0) + max(inner, default=0)


@each(EVERYTHING)
def test_nothing_is_left_for_later(module: Module) -> None:
    assert not [f"{module.shown}:{line} {text}" for line, text in comments(module).items() if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text)]


@each(SOURCES)
def test_every_module_says_what_it_is_for(module: Module) -> None:
    assert ast.get_docstring(module.tree)


FORBIDDEN_WORDS = {"manager", "helper", "helpers", "util", "utils", "common", "base", "data", "info", "obj", "tmp"}


@each(SOURCES)
def test_files_are_named_after_their_subject(module: Module) -> None:
    assert not FORBIDDEN_WORDS & set(re.split(r"[._]", module.name.lower()))
