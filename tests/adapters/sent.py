"""Which of a vendor's calls a method of an adapter can send, read from its source.

Read, not recorded: what tests did on one day leaves out the branch nobody took, and takes minutes to learn; the source
holds every call in both branches and is read in a second. Values are followed only as far as they are written down
(constants, f-strings, arguments, attributes set in ``__init__``, either side of a choice). A call that nobody can name
raises, and what is not found at all does not stay hidden: `conftest.py` holds each call that a test here sends against
what was read.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, get_type_hints

from syncbridge.adapters.http import Call

Values = frozenset[Any]
"""What an expression may be; nothing at all if that is not written down."""
NOTHING: Values = frozenset()
GAP = "\0"
"""What stands in a text for a part that is not written down."""


@dataclass(frozen=True)
class Sent:
    """One call as it is sent."""

    name: str
    writes: bool
    group: str
    """The quota it counts against; empty for an address that is made and not called, as a page's."""


@dataclass(frozen=True)
class Instance:
    """An object of the adapter's."""

    kind: type


@dataclass(frozen=True)
class Method:
    """A function of the adapter's, and whose it is."""

    function: FunctionType
    kind: type | None = None


@dataclass
class Scope:
    """Where names are looked up."""

    local: dict[str, Values]
    names: Mapping[str, Any]

    def value(self, name: str) -> Values:
        return self.local[name] if name in self.local else _known(self.names.get(name))


def pattern_of(names: Collection[str]) -> re.Pattern[str]:
    """Finds these calls in addresses and, being whole, alone."""
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?:^|(?<=[/=])|(?=/))({'|'.join(map(re.escape, longest_first))})(?![\w.])")


class Reader:
    """Reads the methods of one adapter's classes."""

    def __init__(self, package: str, names: Collection[str]) -> None:
        self._package = package
        self._pattern = pattern_of(names)
        self._sent: set[Sent] = set()
        self._seen: set[object] = set()

    def sent(self, kind: type, method: str) -> Collection[Sent]:
        """What it can send, but for the renewal of tokens, which its signer sends of its own accord."""
        self._sent, self._seen = set(), set()
        self._enter(Method(inspect.getattr_static(kind, method), kind), {})
        counted = {one.name for one in self._sent if one.group}
        return {one for one in self._sent if one.group or one.name not in counted}

    def _enter(self, method: Method, given: Mapping[str, Values]) -> None:
        scope = _scope_of(method, given, self._is_ours)
        key = (method, frozenset(scope.local.items()))
        if key not in self._seen:
            self._seen.add(key)
            self._read(_body(method.function), scope)

    def _read(self, tree: ast.AST, scope: Scope) -> None:
        nodes = _in_order(tree)
        for node in nodes:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                scope.local[name] = scope.local.get(name, NOTHING) | self._values(node.value, scope)
        called = {node.func for node in nodes if isinstance(node, ast.Call)}
        for node in nodes:
            if isinstance(node, ast.Call):
                self._called(node, scope)
            elif isinstance(node, ast.Name | ast.Attribute) and node not in called:
                for value in self._values(node, scope):
                    if isinstance(value, Method):
                        self._enter(value, {})  # handed on, and called by whoever got it
            elif isinstance(node, ast.JoinedStr):
                self._sent |= {Sent(name, False, "") for name in self._named(self._values(node, scope))}

    def _called(self, node: ast.Call, scope: Scope) -> None:
        targets = self._values(node.func, scope)
        arguments = [self._values(argument, scope) for argument in node.args]
        keywords = {one.arg: self._values(one.value, scope) for one in node.keywords if one.arg}
        for target in targets:
            if target is Call:
                self._sends(_bound(_signature(Call), arguments, keywords))
            elif isinstance(target, Method):
                signature = _signature(target.function)
                itself = [frozenset({Instance(target.kind)})] if target.kind else []
                self._enter(target, _bound(signature, itself + arguments, keywords))

    def _sends(self, call: Mapping[str, Values]) -> None:
        names = self._named(call["url"]) or {name for name in call["api"] if isinstance(name, str)}
        if not (names and call["write"] and call["group"]):
            raise ValueError(f"{self._package}: nobody can tell which call this is: {call}")
        for name, write, group in itertools.product(names, call["write"], call["group"]):
            self._sent.add(Sent(name, write, group))

    def _named(self, texts: Values) -> set[str]:
        return {name for text in texts if isinstance(text, str) for name in self._pattern.findall(text)}

    def _values(self, node: ast.AST, scope: Scope) -> Values:
        match node:
            case ast.Constant():
                return frozenset({node.value})
            case ast.Name():
                return self._ours(scope.value(node.id))
            case ast.Attribute():
                owners = self._values(node.value, scope)
                return frozenset(value for owner in owners for value in self._member(owner, node.attr))
            case ast.Call():
                targets = self._values(node.func, scope)
                return frozenset(Instance(kind) for kind in targets if isinstance(kind, type) and self._is_ours(kind))
            case ast.IfExp():
                return self._values(node.body, scope) | self._values(node.orelse, scope)
            case ast.BinOp(op=ast.Add()):
                return self._joined([node.left, node.right], scope)
            case ast.JoinedStr():
                return self._joined([getattr(part, "value", part) for part in node.values], scope)
        return NOTHING

    def _joined(self, parts: list[Any], scope: Scope) -> Values:
        texts = [{part} if isinstance(part, str) else self._values(part, scope) or {GAP} for part in parts]
        whole = {"".join(map(str, choice)) for choice in itertools.product(*texts)}
        return frozenset(text for text in whole if text.strip(GAP))

    def _ours(self, values: Values) -> Values:
        return frozenset(
            Method(value) if isinstance(value, FunctionType) and self._is_ours(value) else value for value in values
        )

    def _member(self, owner: object, name: str) -> Values:
        if isinstance(owner, Instance):
            member = inspect.getattr_static(owner.kind, name, None)
            if isinstance(member, FunctionType):
                return frozenset({Method(member, owner.kind)})
            return self._attribute(owner.kind, name)
        if isinstance(owner, ModuleType | type) or is_dataclass(owner):
            return self._ours(_known(getattr(owner, name, None)))
        return NOTHING

    def _attribute(self, kind: type, name: str) -> Values:
        """What ``__init__`` makes of it. Whoever uses it may call what it was given."""
        found = self._attributes(kind)
        if name not in found:
            return NOTHING
        value, scope = found[name]
        if (kind, name) not in self._seen:
            self._seen.add((kind, name))
            self._read(value, scope)
        return self._values(value, scope)

    @functools.cache  # noqa: B019  a reader lives as long as the page is made
    def _attributes(self, kind: type) -> Mapping[str, tuple[ast.expr, Scope]]:
        found: dict[str, tuple[ast.expr, Scope]] = {}
        for base in reversed(inspect.getmro(kind)):
            made = vars(base).get("__init__")
            if isinstance(made, FunctionType) and self._is_ours(base) and not is_dataclass(base):
                scope = _scope_of(Method(made, kind), {}, self._is_ours)
                for node in _in_order(_body(made)):
                    match node:
                        case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value):
                            found[name] = value, scope
        return found

    def _is_ours(self, value: object) -> bool:
        return str(getattr(value, "__module__", "")).startswith(self._package)


def _body(function: FunctionType) -> ast.Module:
    return _bodies(function.__code__.co_filename)[function.__code__.co_firstlineno]


@functools.cache
def _bodies(file: str) -> Mapping[int, ast.Module]:
    """What the functions of a file consist of, by the line they begin at: `inspect.getsource` is ten times as slow."""
    written = [
        node
        for node in ast.walk(ast.parse(Path(file).read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return {min(part.lineno for part in (node, *node.decorator_list)): ast.Module(node.body, []) for node in written}


@functools.cache
def _in_order(tree: ast.AST) -> list[ast.AST]:
    return sorted(ast.walk(tree), key=lambda node: getattr(node, "lineno", 0))


_hints = functools.cache(get_type_hints)
_signature = functools.cache(inspect.signature)


def _scope_of(method: Method, given: Mapping[str, Values], is_ours: Any) -> Scope:
    """The parameters: as given, as their defaults, or any object of the kind they are annotated with."""
    hints = _hints(method.function)
    local: dict[str, Values] = {}
    for name, parameter in _signature(method.function).parameters.items():
        local[name] = given.get(name) or NOTHING
        if not local[name] and is_ours(hints.get(name)):
            local[name] = frozenset({Instance(hints[name])})
        if not local[name] and parameter.default is not parameter.empty:
            local[name] = _known(parameter.default)
    if method.kind is not None:
        local["self"] = frozenset({Instance(method.kind)})
    return Scope(local, method.function.__globals__)


def _bound(signature: inspect.Signature, arguments: list[Values], keywords: Mapping[str, Values]) -> dict[str, Values]:
    defaults = {name: _known(one.default) for name, one in signature.parameters.items() if one.default is not one.empty}
    positional: Iterator[tuple[str, Values]] = zip(signature.parameters, arguments, strict=False)
    return defaults | dict(positional) | dict(keywords)


def _known(value: object) -> Values:
    try:
        return NOTHING if value is None else frozenset({value})
    except TypeError:  # a mapping or a list
        return NOTHING
