"""Where settings come from, and how a wrong one is told to the person who wrote it.

Knows files, variables and pydantic's problems, but no setting by name: the model is handed in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from syncbridge.errors import ConfigError
from syncbridge.rules.wording import did_you_mean

FILE_NAME = "syncbridge.toml"
PREFIX = "SYNCBRIDGE_"
CONFIG_VARIABLE = "SYNCBRIDGE_CONFIG"

Tree = dict[str, object]
"""Settings as written, by section and key."""

_SECRET = re.compile(r"secret|token|password")
_WHAT_IS_WRONG = (
    (r"int_.*", "is not a whole number"),
    (r"(float|decimal)_.*|finite_number", "is not a number"),
    (r"bool_.*", "is neither true nor false"),
    (r"string_too_short", "is empty"),
    (r"string_.*|path_.*", "is not text"),
    (r"literal_error", "must be {expected}"),
    (r"missing", "is missing"),
    (r"model_.*|dict_type", "is one value where a section is expected"),
    (r"greater_than", "must be more than {gt:g}"),
    (r"greater_than_equal", "must be at least {ge:g}"),
    (r"less_than", "must be less than {lt:g}"),
    (r"less_than_equal", "must be at most {le:g}"),
)


def find_file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read, None if there is none; one that was asked for by name must exist."""
    named = path or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    if named is None:
        home = environ.get("XDG_CONFIG_HOME") or environ.get("APPDATA") or Path.home() / ".config"
        return next((p for p in (Path(FILE_NAME), Path(home, "syncbridge", FILE_NAME)) if p.is_file()), None)
    if not named.is_file():
        by = "--config" if path else CONFIG_VARIABLE
        raise ConfigError(f"{named}: there is no such file; correct {by}, or leave it out to use the defaults")
    return named


def from_file(file: Path) -> Tree:
    """What a TOML file sets; its fractions are exact decimals."""
    text = _text(file)
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).partition(" (at ")
        line = re.match(r"line (\d+)", where)
        number = line[1] if line else max(1, len(text.splitlines()))
        raise ConfigError(f'{file}:{number}: {what}; every line reads key = value, with text in "quotes"') from None


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not UTF-8 text; save it as UTF-8 in the editor") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}); check its permissions") from None


def from_environment(environ: Mapping[str, str], model: type[BaseModel]) -> Tree:
    """What the variables ``SYNCBRIDGE_SECTION__KEY`` set, as text; an empty variable sets nothing.

    ``…_FILE`` names a file that holds the value, unless the key itself ends so.
    """
    tree: Tree = {}
    for name, value in sorted(environ.items()):
        if name.startswith(PREFIX) and name != CONFIG_VARIABLE and value:
            keys, text = _from_variable(name, value, model)
            _plant(tree, keys, text, name)
    return tree


def _from_variable(name: str, value: str, model: type[BaseModel]) -> tuple[list[str], str]:
    keys = name.removeprefix(PREFIX).lower().split("__")
    stem = [*keys[:-1], keys[-1].removesuffix("_file")]
    if stem == keys or _is_key(keys, model) or not (_is_key(stem, model) or _is_option(stem)):
        return keys, value
    try:
        return stem, Path(value).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{name}: {value} cannot be read ({reason}); name a readable file with the value") from None


def _is_key(keys: Sequence[str], model: type[BaseModel]) -> bool:
    section = _section_at(keys[:-1], model)
    return section is not None and keys[-1] in section.model_fields


def _is_option(keys: Sequence[str]) -> bool:
    """Which options an account takes is its adapter's matter."""
    return len(keys) == 3 and keys[0] == "accounts"


def _plant(tree: Tree, keys: Sequence[str], text: str, name: str) -> None:
    branch = tree
    for key in keys[:-1]:
        inner = branch.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{name}: {key} is set by a variable of its own; set either the section or its keys")
        branch = inner
    if keys[-1] in branch:
        raise ConfigError(f"{name}: {'.'.join(keys)} is set twice, once with _FILE; keep one of the two variables")
    branch[keys[-1]] = text


def origin(problem: ErrorDetails, outer: Tree, file: Path | None) -> str:
    """The variable or the file a wrong setting was written in."""
    node: object = outer
    keys = _keys(problem)
    for key in keys:
        if not isinstance(node, dict) or key not in node:
            return str(file) if file else "environment"
        node = node[key]
    name = PREFIX + "__".join(keys).upper()
    return f"{name}__…" if isinstance(node, dict) else name


def sentence(problem: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong with one setting and what to write instead; never the value itself."""
    keys = _keys(problem)
    dotted = ".".join(keys)
    section = _section_at(keys[:-1], model)
    known = section.model_fields if section else {}
    if problem["type"] == "extra_forbidden":
        return f"{dotted}: there is no such key{did_you_mean(keys[-1], known)}"
    if problem["type"] == "value_error" and not _SECRET.search(dotted):
        whole = str(problem["loc"][-1]) == "[key]" or _section_at(keys, model)
        return f"{dotted}{':' if whole else ''} {problem['ctx']['error']}"
    field = known.get(keys[-1])
    default = None if field is None or field.is_required() else field.default
    return f"{dotted} {_what_is_wrong(problem)}; {_remedy(keys, default, _section_at(keys, model))}"


def _keys(problem: ErrorDetails) -> list[str]:
    return [str(part) for part in problem["loc"] if part != "[key]"]


def _what_is_wrong(problem: ErrorDetails) -> str:
    words = next((words for kind, words in _WHAT_IS_WRONG if re.fullmatch(kind, problem["type"])), "cannot be used")
    return words.format(**problem.get("ctx", {}))


def _remedy(keys: Sequence[str], default: object, section: type[BaseModel] | None) -> str:
    if section is not None:
        return f"write its keys below a line [{'.'.join(keys)}]"
    if isinstance(default, bool):
        return f"write {keys[-1]} = {str(default).lower()}"
    if isinstance(default, int | float | Decimal):
        return f"write a number such as {keys[-1]} = {default}"
    return f'write {keys[-1]} = "{default or "…"}"'


def _section_at(keys: Sequence[str], model: type[BaseModel]) -> type[BaseModel] | None:
    """The section of settings these keys lead into, None if they lead to a value or nowhere."""
    node: object = model
    for key in keys:
        if get_origin(node) is dict:
            node = get_args(node)[1]
        elif isinstance(node, type) and issubclass(node, BaseModel) and key in node.model_fields:
            node = node.model_fields[key].annotation
        else:
            return None
    return node if isinstance(node, type) and issubclass(node, BaseModel) else None
