"""YAML read into values that know their place; every problem is noted, none stops the reading of the rest.

Scalars stay the text they were written as, so that 0.1 is exact and a code keeps its zeros.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from syncbridge.errors import MappingError
from syncbridge.rules.mapping import Place, Unused
from syncbridge.rules.wording import did_you_mean

T = TypeVar("T")
D = TypeVar("D")

EXTENDS = "extends"
"""The key that names what a named thing is like; the keys it writes itself come first."""

RIVALS = {"multiplier": "margin", "margin": "multiplier"}
"""Of the two one is meant: what writes one does not inherit the other."""
_NOTHING = ("", "~", "null", "Null", "NULL")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+(\.[0-9]*)?")
_TAB = re.compile(r"^ *\t", re.MULTILINE)
_TAB_REMEDY = "a tab stands before the text; indent with spaces, two for each level"
_HINTS = (
    (
        "mapping values are not allowed",
        "this colon is one too many; line the row up with the one above, or put the text in quotes",
    ),
    ("could not find expected ':'", 'this line lacks its colon; write "key: value"'),
    ("cannot start any token", "a text may not start with this sign; put it in quotes"),
    ("found undefined alias", "a text may not start with *; put it in quotes"),
    ("expected <block end>", "this line does not line up with the one above; indent lines that belong together alike"),
    ("but found another document", "a line --- starts a second document; use a second file"),
    ("expected ',' or", "a bracket is not closed"),
    ("unexpected end of stream", "a quote is not closed"),
)


class Unusable(Exception):
    """A value that cannot be used; the reader that meets it goes on with the next one."""

    def __init__(self, place: Place, what: str) -> None:
        super().__init__(what)
        self.place = place


class Notes:
    """Every problem found so far."""

    def __init__(self) -> None:
        self._problems: list[tuple[Place, str]] = []

    def __len__(self) -> int:
        return len(self._problems)

    def add(self, place: Place, what: str) -> None:
        """Note a problem; it quotes files, so whatever would break its line is left out."""
        self._problems.append((place, "".join(sign if sign.isprintable() else " " for sign in what)))

    def settle(self) -> None:
        """Raise MappingError with a line for each problem, in the order of files and lines, if there is one."""
        ordered = sorted(self._problems, key=lambda p: (p[0].file, p[0].line, p[0].column))
        if ordered:  # what is inherited is read with each heir, and told once
            raise MappingError("\n".join(dict.fromkeys(f"{place}: {what}" for place, what in ordered)))


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """Something written in a file."""

    node: Node
    place: Place
    notes: Notes
    inherited: Mapping[str, tuple[Value, Value]] | None = None
    """The keys it need not write itself; None: it may extend nothing."""
    name: str = ""
    """What it is defined as, if it is a named thing."""

    @classmethod
    def at_its_mark(cls, node: Node, file: str, notes: Notes) -> Value:
        """A value that stands where YAML says it does."""
        return cls(node, Place(file, node.start_mark.line + 1, node.start_mark.column + 1), notes)

    def unusable(self, what: str) -> Unusable:
        """The problem of this value, to raise."""
        return Unusable(self.place, what)

    @property
    def is_text(self) -> bool:
        """Whether it is one value, neither list nor section."""
        return isinstance(self.node, ScalarNode)

    def text(self) -> str:
        """A single, non-empty text as written."""
        if not isinstance(self.node, ScalarNode):
            raise self.unusable("a list or section stands where one value is expected")
        text = str(self.node.value).strip()
        plain = self.node.style is None
        if not text or (plain and text in _NOTHING):
            raise self.unusable("the value is empty; write one, or leave the whole line out")
        if plain and _LEADING_ZERO.fullmatch(text):
            raise self.unusable(f'{text} starts with a zero, which gets lost; put it in quotes: "{text}"')
        return text

    def items(self) -> list[Value]:
        """The members of a non-empty list."""
        if not isinstance(self.node, SequenceNode) or not self.node.value:
            raise self.unusable('a list is expected; start each of its lines with "- "')
        return [self._inner(node) for node in self.node.value]

    def pairs(self) -> dict[str, tuple[Value, Value]]:
        """The keys of a non-empty section, each with itself and what it stands for."""
        if not isinstance(self.node, MappingNode) or not self.node.value:
            raise self.unusable('a section is expected; write its lines as "key: value", indented by two spaces')
        pairs: dict[str, tuple[Value, Value]] = {}
        for key_node, node in self.node.value:
            key = self._inner(key_node)
            name = key.text()
            if name in pairs:
                self.notes.add(key.place, f'"{name}" is written twice here, first in line {pairs[name][0].place.line}')
            # YAML places an empty value at the next line; people look for it at its key.
            value = self._inner(node) if node.value else Value(node, key.place, self.notes)
            pairs.setdefault(name, (key, value))
        inherited = {name: pair for name, pair in (self.inherited or {}).items() if RIVALS.get(name) not in pairs}
        return {**inherited, **pairs}

    def read(self, reader: Callable[[Value], T]) -> T:
        """What `reader` makes of it; a problem is noted, and what is answered then is never handed out."""
        try:
            return reader(self)
        except Unusable as problem:
            self.notes.add(problem.place, str(problem))
            return cast(T, None)  # Notes.settle raises before anybody could see it

    def _inner(self, node: Node) -> Value:
        return Value.at_its_mark(node, self.place.file, self.notes)


class Section:
    """A section whose keys are known; leaving it notes the keys nobody asked for."""

    def __init__(self, value: Value) -> None:
        self._value = value
        self._pairs: Mapping[str, tuple[Value, Value]] = value.pairs()
        self._known: list[str] = [] if value.inherited is None else [EXTENDS]
        self._noted_before = len(value.notes)

    def __enter__(self) -> Section:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        for name in self._pairs.keys() - set(self._known):
            key = self._pairs[name][0]
            key.notes.add(key.place, f'there is no key "{name}" here{did_you_mean(name, self._known)}')

    def must(self, key: str, reader: Callable[[Value], T], example: str) -> T:
        """A key that has to be there."""

        def missing(section: Value) -> T:
            raise section.unusable(f'"{key}" is missing; add the line {key}: {example}')

        self._known.append(key)
        return self._pairs[key][1].read(reader) if key in self._pairs else self._value.read(missing)

    def may(self, key: str, reader: Callable[[Value], T], default: D) -> T | D:
        """A key that may be left out."""
        self._known.append(key)
        return self._pairs[key][1].read(reader) if key in self._pairs else default

    @property
    def sound(self) -> bool:
        """Whether everything read since this section was entered could be used."""
        return len(self._value.notes) == self._noted_before


class Named(Generic[T]):
    """Things defined by name in one section of any file, such as ``relays``; each may extend another of them."""

    def __init__(self, section: str) -> None:
        self._section = section
        self._written: dict[str, tuple[Value, Value]] = {}
        self._defined: dict[str, T] = {}
        self._used: set[str] = set()

    def define(self, section: Value) -> None:
        """Take in a section of named things, unread; a name is good for one thing in all files."""
        for name, (key, value) in section.pairs().items():
            self._add(name, key, value)

    def define_list(self, section: Value) -> None:
        """The same for a list whose members say their names themselves."""
        for item in section.items():
            item.read(self._define_member)

    def read(self, reader: Callable[[Value], T]) -> tuple[T, ...]:
        """Read them all, once every file was taken in."""
        for name, (_, written) in self._written.items():
            named = replace(written, name=name)
            self._defined[name] = named.read(lambda value: reader(self._whole(value)))
        return tuple(self._defined.values())

    def has(self, value: Value) -> bool:
        """Whether a text names one of them."""
        return value.text() in self._written

    def find(self, value: Value) -> T:
        """The thing a text names."""
        name = self._known(value)
        self._used.add(name)
        return self._defined[name]

    def unused(self) -> list[Unused]:
        """What nothing asked for by its name, nor extends."""
        written = self._written.items()
        return [Unused(self._section, name, key.place) for name, (key, _) in written if name not in self._used]

    def _define_member(self, value: Value) -> None:
        key, text = value.pairs().get("name", (value, None))
        self._add(text.text() if text else str(value.place), text or key, value)

    def _add(self, name: str, key: Value, value: Value) -> None:
        if name in self._written:
            key.notes.add(key.place, f'"{name}" is already defined at {self._written[name][0].place}; rename one')
        else:
            self._written[name] = (key, value)

    def _known(self, value: Value) -> str:
        name = value.text()
        if name not in self._written:
            raise value.unusable(f'"{name}" is not defined under "{self._section}:"{did_you_mean(name, self._written)}')
        return name

    def _whole(self, value: Value) -> Value:
        """A thing with all it inherits, the nearest first."""
        lineage = [value.pairs()]
        way: list[str] = []
        while EXTENDS in lineage[-1]:
            extends = lineage[-1][EXTENDS][1]
            name = self._known(extends)
            if name in way:
                circle = " extends ".join([*way[way.index(name) :], name])
                raise extends.unusable(f"this goes round in a circle: {circle}; leave {EXTENDS} out in one of them")
            self._used.add(name)
            way.append(name)
            lineage.append(self._written[name][1].pairs())
        inherited: dict[str, tuple[Value, Value]] = {}
        for pairs in reversed(lineage[1:]):
            inherited |= pairs
        return replace(value, inherited=inherited)


def open_files(files: Mapping[str, str], notes: Notes) -> list[Value]:
    """The files as YAML, without the empty ones; raises MappingError if one is no YAML at all."""
    opened = [_open(file, text, notes) for file, text in files.items()]
    notes.settle()
    return [value for value in opened if value is not None]


def _open(file: str, text: str, notes: Notes) -> Value | None:
    tab = _TAB.search(text)
    if tab:
        notes.add(Place(file, text.count("\n", 0, tab.end()) + 1, tab.end() - tab.start()), _TAB_REMEDY)
        return None
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        notes.add(Place(file, mark.line + 1, mark.column + 1), _plainly(str(error.problem)))
    except (YAMLError, RecursionError) as error:
        notes.add(Place(file, 1), f"this cannot be read as YAML ({type(error).__name__}); save it as plain text")
    else:
        return Value.at_its_mark(node, file, notes) if node is not None else None
    return None


def _plainly(problem: str) -> str:
    return next((hint for sign, hint in _HINTS if sign in problem), f"this cannot be read as YAML: {problem}")
