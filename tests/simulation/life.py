"""One life of the daemon in process, from its start to its kill."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Concatenate, NoReturn, ParamSpec, TypeVar

import httpx
from sqlmodel import Session

from syncbridge.bootstrap import App
from syncbridge.store.db import InlineDatabase

P = ParamSpec("P")
T = TypeVar("T")


class MortalDatabase(InlineDatabase):
    """A database whose process can be killed: nothing is written any more."""

    alive = True

    async def run(self, fn: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if not self.alive:
            raise asyncio.CancelledError
        return await super().run(fn, *args, **kwargs)


class MortalTransport(httpx.AsyncBaseTransport):
    """The wire as one account of one life uses it: dead, it calls nobody; alive, it counts its calls."""

    def __init__(
        self, wire: httpx.AsyncBaseTransport, db: MortalDatabase, called: Callable[[Sequence[float]], None]
    ) -> None:
        self._wire = wire
        self._db = db
        self._called = called
        self._last_second: deque[float] = deque()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._db.alive:
            raise asyncio.CancelledError
        now = asyncio.get_running_loop().time()
        self._last_second.append(now)
        while self._last_second[0] <= now - 1:
            self._last_second.popleft()
        self._called(self._last_second)
        return await self._wire.handle_async_request(request)


@dataclass(slots=True)
class Life:
    """What runs, and when it began by its own clock."""

    db: MortalDatabase
    app: App
    began: datetime
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def end(self) -> None:
        """No more writes, no more calls, nothing tidied up; what is on the wire goes on without it."""
        self.db.alive = False
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.db.close()


@dataclass(slots=True)
class Traps:
    """Named points at which the daemon is to die, one after the other, each the n-th time a life passes it."""

    set: list[tuple[str, int]]
    died_at: list[str] = field(default_factory=list)
    sprung: asyncio.Event = field(default_factory=asyncio.Event)

    def reach(self, point: str, db: MortalDatabase) -> None:
        """Pass a point, or die there."""
        if self.set and self.set[0][0] == point:
            times = self.set[0][1] - 1
            self.set[0] = (point, times)
            if times <= 0:
                self.set.pop(0)
                self.died_at.append(point)
                self._die(db)

    def _die(self, db: MortalDatabase) -> NoReturn:
        db.alive = False
        self.sprung.set()
        raise asyncio.CancelledError
