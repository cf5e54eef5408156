"""Which calls the tests make by hand, and which abilities they ask for, read from their source.

A call counts where its name is what a sender is given: `stranger.call(NAME)`, `@case(NAME)`, `client.post(PATH)`. A
name in a list of faults or of rights drives nothing, and does not count.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from pathlib import Path

from tests.adapters.sent import GAP

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
_SENDERS = ("asked", "call", "case", "post", "rest", "sync", "upload")
_VENDORS = ("answering", "carrier", "channel", "consent", "rates", "supplier", "tracker", "tracks", "vendor")
"""What tests call our side of a vendor."""
Texts = Mapping[str, Collection[str]]


def made_in(file: Path, calls: re.Pattern[str]) -> set[str]:
    """The calls that code of this file makes."""
    made: set[str] = set()
    for nodes, texts in _functions(file):
        for node in nodes:
            if isinstance(node, ast.Call) and node.args and _is_a_sender(node.func):
                made |= {name for text in _texts(node.args[0], texts) for name in calls.findall(text)}
    return made


def asked_in(tree: ast.AST) -> set[str]:
    """The methods that are asked of a vendor, whatever they do."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and (_last(node.value) in _VENDORS or (isinstance(node.value, ast.Call) and _last(node.value)[:1] == "_"))
    }


def importers(helper: Path) -> set[Path]:
    """The test files beside it that import it, over other helpers or not."""
    direct = {file for file in helper.parent.glob("*.py") if _module(helper) in _imports(file)}
    tests = {file for file in direct if file.name.startswith("test_")}
    return tests.union(*(importers(other) for other in direct - tests if other.name != "conftest.py"))


@functools.cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def _functions(file: Path) -> Iterator[tuple[list[ast.AST], Texts]]:
    """The nodes of each function, with the texts its names stand for, of which one in a loop may be several."""
    constants = _constants(file)
    for function in _tops(tree_of(file)):
        nodes = [*ast.walk(function)]
        texts = defaultdict(set, {name: set(values) for name, values in constants.items()})
        for target, value in _bindings(nodes):
            _bind(target, value, texts)
        yield nodes, texts


def _tops(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _tops(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _bindings(nodes: list[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in nodes:
        match node:
            case ast.Assign(targets=[target], value=value):
                yield target, value
            case (
                ast.For(target=target, iter=ast.Tuple(elts=each) | ast.List(elts=each))
                | ast.comprehension(target=target, iter=ast.Tuple(elts=each) | ast.List(elts=each))
            ):
                yield from ((target, value) for value in each)
            case ast.Call(func=ast.Attribute(attr="parametrize"), args=[names, ast.List(elts=each), *_]):
                yield from ((_parameters(names), value) for value in each)


def _parameters(names: ast.expr) -> ast.expr:
    if isinstance(names, ast.Constant):
        return ast.Name(str(names.value))
    return ast.Tuple([_parameters(name) for name in getattr(names, "elts", [])])


def _bind(target: ast.expr, value: ast.expr, texts: dict[str, set[str]]) -> None:
    if isinstance(target, ast.Name):
        texts[target.id] |= _texts(value, texts)
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=False):
            _bind(one, its, texts)


@functools.cache
def _constants(file: Path) -> Texts:
    """The texts that stand at the top of a file, or are imported from where they do."""
    texts: dict[str, set[str]] = defaultdict(set)
    for node in tree_of(file).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                texts[name.asname or name.name] |= _imported(node.module, name.name)
        elif isinstance(node, ast.Assign):
            _bind(node.targets[0], node.value, texts)
    return texts


def _imported(module: str, name: str) -> set[str]:
    if module.startswith("tests."):
        file = ROOT / f"{module.replace('.', '/')}.py"
        return set(_constants(file).get(name, ())) if file.exists() else set()
    if module.startswith("syncbridge.adapters."):
        value = getattr(import_module(module), name, None)
        return {value} if isinstance(value, str) else set()
    return set()


def _texts(node: ast.expr, texts: Texts) -> set[str]:
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.Name(id=name):
            return set(texts.get(name, ()))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([left, right], texts)
        case ast.JoinedStr(values=parts):
            return _joined(
                [getattr(part, "value", part) if isinstance(part, ast.FormattedValue) else part for part in parts],
                texts,
            )
    return set()


def _joined(parts: list[ast.expr], texts: Texts) -> set[str]:
    return {"".join(choice) for choice in itertools.product(*(_texts(part, texts) or {GAP} for part in parts))}


def _is_a_sender(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute) and function.attr == "get":
        return _last(function.value) == "http"
    return _last(function) in _SENDERS


def _last(node: ast.expr) -> str:
    """The last name of what is written: of ``bench.supplier`` it is ``supplier``, of ``answering(…)`` ``answering``."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=function):
            return _last(function)
    return ""


@functools.cache
def _imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in tree_of(file).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)
