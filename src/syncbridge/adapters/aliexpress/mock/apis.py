"""What an imitated API is: an act, and the parameters it takes; unknown, missing and mistyped ones are refused."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from syncbridge.adapters.aliexpress.mock.received import Received
from syncbridge.adapters.aliexpress.mock.world import Account, Refused, World

P = TypeVar("P")
Payload = dict[str, object]
_FILES = ("image_bytes",)
_NO_FILES: Mapping[str, bytes] = {}


@dataclass(frozen=True, slots=True)
class Api:
    """One business API."""

    act: Callable[[World, Account, Received], Payload]
    writes: bool
    """Whether the vendor keeps anything of it; counting looks is nothing."""


def api(shape: type[P], act: Callable[[World, Account, P], Payload], *json_names: str, writes: bool = False) -> Api:
    """One business API: what it does, which of its parameters are JSON texts, and whether it writes."""

    def run(world: World, account: Account, given: Received) -> Payload:
        return act(world, account, understood(shape, given.texts, json_names, given.files))

    return Api(run, writes)


def understood(
    shape: type[P], given: Mapping[str, str], json_names: Collection[str] = (), files: Mapping[str, bytes] = _NO_FILES
) -> P:
    """The parameters as the API takes them; raises Refused for unknown, missing and mistyped ones."""
    values: dict[str, object] = dict(files)
    for name, text in given.items():
        if name in _FILES:
            raise Refused("InvalidParameter", f"{name} is a file, which is no text")
        try:
            values[name] = msgspec.json.decode(text) if name in json_names else text
        except msgspec.DecodeError as error:
            raise Refused("InvalidParameter", f"{name} is not JSON: {error}") from error
    try:
        return msgspec.convert(values, shape)
    except msgspec.ValidationError as error:
        code = "MissingParameter" if "missing required" in str(error) else "InvalidParameter"
        raise Refused(code, str(error)) from error
