"""A request taken apart: texts of its query and body, and files, which are never signed (aliexpress.md §1.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request

from syncbridge.adapters.aliexpress.mock.world import Refused

_FORM, _PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
_NAME = re.compile(rb'name="([^"]*)"')
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')


@dataclass(frozen=True)
class Received:
    """Every parameter of one request."""

    texts: dict[str, str]
    files: dict[str, bytes]


async def received(request: Request) -> Received:
    """The parameters of query and body. One that comes twice must agree with itself; a blank one is refused."""
    query = request.scope["query_string"].decode("ascii", "replace")
    pairs = parse_qsl(query, keep_blank_values=True)
    body = await request.body()
    kind, _, details = request.headers.get("content-type", "").partition(";")
    files: dict[str, bytes] = {}
    if kind.strip() == _FORM:
        pairs += parse_qsl(_text(body), keep_blank_values=True)
    elif kind.strip() == _PARTS:
        more, files = _parts(body, details)
        pairs += more
    elif body:
        raise Refused("InvalidParameter", f"the body is neither {_FORM} nor {_PARTS}")
    texts = _once(pairs)
    if both := texts.keys() & files.keys():
        raise Refused("InvalidParameter", f"the parameter {min(both)} comes as text and as a file")
    return Received(texts, files)


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in pairs:
        if not value.strip():
            raise Refused("InvalidParameter", f"the parameter {name} is blank")
        if given.setdefault(name, value) != value:
            raise Refused("InvalidParameter", f"the parameter {name} comes twice")
    return given


def _parts(body: bytes, details: str) -> tuple[list[tuple[str, str]], dict[str, bytes]]:
    boundary = _BOUNDARY.search(details)
    if boundary is None:
        raise Refused("InvalidParameter", "the multipart body names no boundary")
    texts: list[tuple[str, str]] = []
    files: dict[str, bytes] = {}
    _, *parts = body.split(b"--" + boundary[1].encode())
    if not parts or not parts.pop().startswith(b"--"):
        raise Refused("InvalidParameter", "the multipart body does not end")
    for part in parts:
        head, _, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name is None or not content.endswith(b"\r\n"):
            raise Refused("InvalidParameter", "a part of the multipart body has no name or no end")
        if b"filename=" in head:
            files[_text(name[1])] = content[:-2]
        else:
            texts.append((_text(name[1]), _text(content[:-2])))
    return texts, files


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Refused("InvalidParameter", "the body is not UTF-8") from error
