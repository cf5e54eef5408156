"""Named points of a run, where a test may let the process die: around each call of a port and each transaction.

The flows know nothing of it: what they are given is wrapped. A port's call passes ``supplier.place:before`` and
``supplier.place:answered``; a store function in a transaction of its own ``purchases.sent:begun`` and
``purchases.sent:committed``; a job ``purchase.place:claimed``, ``:closing`` and ``:closed``.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from sqlmodel import Session

from syncbridge.bootstrap import App
from syncbridge.queue.job import Claim
from syncbridge.store.db import Database

P = ParamSpec("P")
T = TypeVar("T")
Port = TypeVar("Port")
Reach = Callable[[str], Awaitable[None]]
"""Told the name of each point as it is passed; what it raises ends the run there."""


class WatchedDatabase:
    """A database whose transactions pass points before they begin and after they are durable."""

    def __init__(self, inner: Database, reach: Reach) -> None:
        self._inner = inner
        self._reach = reach

    @property
    def commits(self) -> int:
        """Of the database behind."""
        return self._inner.commits

    @property
    def units(self) -> int:
        """Of the database behind."""
        return self._inner.units

    async def run(self, fn: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run between two points."""
        before, after = _names(fn, args)
        await self._reach(before)
        result = await self._inner.run(fn, *args, **kwargs)
        await self._reach(f"{result.kind}:claimed" if isinstance(result, Claim) else after)
        return result

    async def read(self, fn: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run; reading is no point."""
        return await self._inner.read(fn, *args, **kwargs)

    async def close(self) -> None:
        """Close the database behind."""
        await self._inner.close()


def watch(app: App, reach: Reach) -> None:
    """Let every port of an app pass points; its database is wrapped before, when it is given to `assemble`."""
    app.bridge = replace(
        app.bridge,
        suppliers={name: _port("supplier", port, reach) for name, port in app.bridge.suppliers.items()},
        channels={name: _port("channel", port, reach) for name, port in app.bridge.channels.items()},
        carriers={name: _port("carrier", port, reach) for name, port in app.bridge.carriers.items()},
    )


def _names(fn: Callable[..., object], args: tuple[object, ...]) -> tuple[str, str]:
    if fn.__name__ == "_close" and isinstance(args[0], Claim):
        return f"{args[0].kind}:closing", f"{args[0].kind}:closed"
    name = f"{fn.__module__.rpartition('.')[2]}.{fn.__name__}"
    return f"{name}:begun", f"{name}:committed"


def _port(what: str, inner: Port, reach: Reach) -> Port:
    """An object with the same methods, on a class of its own, since abilities are probed by what a class has."""
    methods = {
        name: _watched(f"{what}.{name}", method, reach)
        for name, method in inspect.getmembers(inner, inspect.isroutine)
        if not name.startswith("_")
    }
    return cast(Port, type(f"Watched{type(inner).__name__}", (), methods)())


def _watched(name: str, method: Callable[..., Any], reach: Reach) -> Callable[..., Any]:
    async def call(_self: object, *args: object, **kwargs: object) -> object:
        await reach(f"{name}:before")
        result = await method(*args, **kwargs)
        await reach(f"{name}:answered")
        return result

    async def pages(_self: object, *args: object, **kwargs: object) -> AsyncIterator[object]:
        await reach(f"{name}:before")
        async with aclosing(method(*args, **kwargs)) as read:
            async for page in read:
                await reach(f"{name}:answered")
                yield page

    return pages if inspect.isasyncgenfunction(method) else call
