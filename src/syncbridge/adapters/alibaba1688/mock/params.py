"""What parameters an API takes, and of which type; anything else is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeAlias

import msgspec

from syncbridge.adapters.alibaba1688.mock.refusals import GatewayRefusal, bad_parameter

Json: TypeAlias = dict[str, Any]
"""JSON the mock was sent or answers; its shape is checked where it comes in, or is the vendor's."""

_DATE = re.compile(r"^(\d{14})(\d{3})([+-]\d{4})$")


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter or member: a type's name, or the fields of an object, or of the objects of a list."""

    type: str | Mapping[str, Field]
    required: bool = False
    many: bool = False


Fields: TypeAlias = Mapping[str, Field]


def from_form(fields: Fields, form: Mapping[str, str], files: Mapping[str, bytes] = MappingProxyType({})) -> Json:
    """The parameters as values; scalars come as text, objects and lists as JSON, bytes as files (1688.md §1.2)."""
    _check_names(fields, {**form, **files}, "")
    for name in files:
        if fields[name].type != "Bytes":
            raise bad_parameter(f"{name} is no file")
    return {name: _from_text(name, fields[name], text) for name, text in form.items()} | dict(files)


def id_in(text: str) -> int:
    """An id that came as text; 0, which is nobody's, if it is none."""
    return int(text) if re.fullmatch(r"[0-9]{1,19}", text) else 0


def _from_text(name: str, field: Field, text: str) -> object:
    if isinstance(field.type, str) and not field.many:
        return _scalar_from_text(name, field.type, text)
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise bad_parameter(f"{name} is no JSON") from error
    return _checked(name, field, value)


def _scalar_from_text(name: str, type_name: str, text: str) -> object:
    try:
        return _FROM_TEXT[type_name](text)
    except (ValueError, KeyError) as error:
        raise bad_parameter(f"{name} is no {type_name}") from error


def _checked(name: str, field: Field, value: object) -> object:
    if field.many:
        if not isinstance(value, list):
            raise bad_parameter(f"{name} is no list")
        return [_checked(name, Field(field.type), each) for each in value]
    if isinstance(field.type, str):
        if not _IS[field.type](value):
            raise bad_parameter(f"{name} is no {field.type}")
        return value
    if not isinstance(value, dict):
        raise bad_parameter(f"{name} is no object")
    members: Json = value
    _check_names(field.type, members, f"{name}.")
    return {each: _checked(f"{name}.{each}", field.type[each], member) for each, member in members.items()}


def _check_names(fields: Fields, given: Mapping[str, object], prefix: str) -> None:
    for name in given:
        if name not in fields:
            raise bad_parameter(f"unknown argument {prefix}{name}")
    for name, field in fields.items():
        if field.required and name not in given:
            raise GatewayRefusal("gw.ParamMissing", f"Required argument {prefix}{name}")


def _date(text: str) -> datetime:
    match = _DATE.match(text)
    if not match:
        raise ValueError(text)
    seconds, millis, offset = match.groups()
    return datetime.strptime(seconds + offset, "%Y%m%d%H%M%S%z") + timedelta(milliseconds=int(millis))


def _number(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,19}", text):
        raise ValueError(text)
    return int(text)


_FROM_TEXT: Mapping[str, Callable[[str], object]] = {
    "String": str,
    "Long": _number,
    "Integer": _number,
    "Boolean": {"true": True, "false": False}.__getitem__,
    "Date": _date,
    "Bytes": str,
}

_IS: Mapping[str, Callable[[object], bool]] = {
    "String": lambda value: isinstance(value, str),
    "Long": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Double": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Boolean": lambda value: isinstance(value, bool),
}
