"""The one way to the database: plain functions over a Session, run in a transaction of their own.

SQLite: one writer thread that commits waiting units together, a savepoint each; readers beside it (WAL).
Simulation: inline, so that a seed replays exactly.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from syncbridge.errors import ConfigError
from syncbridge.store.types import use_keys

P = ParamSpec("P")
T = TypeVar("T")
GROUP = 64
"""At most so many units share a commit."""
READERS = 2
BUSY_MS = 10_000
"""How long a statement waits for another program's lock before it gives up."""
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}


class Database(Protocol):
    """Where everything is kept."""

    @property
    def commits(self) -> int:
        """Write transactions made durable so far; a group counts once."""

    @property
    def units(self) -> int:
        """Pieces of work that wrote, or could have."""

    async def run(self, fn: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function in a write transaction: all of it is kept, or nothing, and it is durable on return."""

    async def read(self, fn: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that only reads."""

    async def close(self) -> None:
        """Finish what waits, and let go of the file."""


class InlineDatabase:
    """Everything at once on the caller's thread: for simulation, migration and short commands."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection = engine.connect()
        self.commits = 0
        self.units = 0

    async def run(self, fn: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run and commit."""
        self.units += 1
        self.commits += 1
        with writing(self._connection):
            return _unit(self._connection, lambda session: fn(session, *args, **kwargs))

    async def read(self, fn: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run and roll back."""
        with _reading(self._connection):
            return _unit(self._connection, lambda session: fn(session, *args, **kwargs))

    async def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


@dataclass(slots=True)
class _Unit:
    work: Callable[[Session], object]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[object]
    result: object = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


@dataclass(slots=True)
class SqliteDatabase:
    """One writer thread with group commit, and a few readers."""

    engine: Engine
    commits: int = 0
    units: int = 0
    _waiting: queue.SimpleQueue[_Unit | None] = field(default_factory=queue.SimpleQueue)
    _readers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(READERS, "reader"))
    _local: threading.local = field(default_factory=threading.local)
    _writer: threading.Thread | None = None

    def __post_init__(self) -> None:
        connection = self.engine.connect()  # here, so that a file that cannot be opened is the opener's error
        self._writer = threading.Thread(target=self._write, args=[connection], name="writer", daemon=True)
        self._writer.start()

    async def run(self, fn: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run in the writer thread; returns after the commit."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._waiting.put(_Unit(lambda session: fn(session, *args, **kwargs), loop, future))
        return await future  # type: ignore[return-value]  # the unit's result is fn's

    async def read(self, fn: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run in a reader thread on the last committed state."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._read, lambda session: fn(session, *args, **kwargs))

    async def close(self) -> None:
        """Finish what waits, and let go of the file."""
        self._waiting.put(None)
        if self._writer is not None:
            await asyncio.to_thread(self._writer.join)
        self._readers.shutdown()
        self.engine.dispose()

    def _read(self, work: Callable[[Session], T]) -> T:
        if not hasattr(self._local, "connection"):
            self._local.connection = self.engine.connect()
        connection: Connection = self._local.connection
        with _reading(connection):
            return _unit(connection, work)

    def _write(self, connection: Connection) -> None:
        with connection:
            while (first := self._waiting.get()) is not None:
                group = [first]
                stop = False
                while len(group) < GROUP and not stop and not self._waiting.empty():
                    unit = self._waiting.get()
                    if unit is None:
                        stop = True
                    else:
                        group.append(unit)
                self._commit(connection, group)
                if stop:
                    return

    def _commit(self, connection: Connection, group: list[_Unit]) -> None:
        try:
            with writing(connection):
                for unit in group:
                    _attempt(connection, unit)
            self.commits += 1
            self.units += len(group)
        except Exception as error:  # noqa: BLE001  whatever the disk says, each waiting caller is told
            for unit in group:
                unit.error = unit.error or error
        for loop in {unit.loop for unit in group}:
            loop.call_soon_threadsafe(_settle, [unit for unit in group if unit.loop is loop])


def _settle(group: list[_Unit]) -> None:
    for unit in group:
        unit.settle()


def _attempt(connection: Connection, unit: _Unit) -> None:
    savepoint = connection.begin_nested()
    try:
        unit.result = _unit(connection, unit.work)
    except Exception as error:  # noqa: BLE001  it is the caller's; the other units of the group go on
        unit.error = RuntimeError("a unit stopped an iteration") if isinstance(error, StopIteration) else error
        try:
            savepoint.rollback()
        except SQLAlchemyError:  # a full or failing disk ends the whole transaction: the first error says why
            raise unit.error from unit.error.__cause__
    else:
        savepoint.commit()


def _unit(connection: Connection, work: Callable[[Session], T]) -> T:
    session = Session(bind=connection, join_transaction_mode="rollback_only", autoflush=False, expire_on_commit=False)
    try:
        result = work(session)
        session.flush()
        return result
    finally:
        session.close()


@contextlib.contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """A transaction that takes the write lock at once, so that no other writer's comes in between.

    Begun by a statement, since an event of the engine would cost something at every statement.
    """
    with connection.begin():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield


@contextlib.contextmanager
def _reading(connection: Connection) -> Iterator[None]:
    """A transaction that sees one state and changes nothing."""
    with connection.begin() as transaction:
        connection.exec_driver_sql("BEGIN")
        yield
        transaction.rollback()


def open_engine(url: str, keys: MultiFernet, *, durable: bool = True) -> Engine:
    """An engine set up for one writer and several readers; `durable=False` only where a crash may lose commits.

    Outside of `writing` each statement is kept by itself, also where the engine says it has begun.
    """
    engine = create_engine(url, poolclass=NullPool, connect_args={"check_same_thread": False, "isolation_level": None})
    use_keys(engine.dialect, keys)

    @event.listens_for(engine, "connect")
    def _set_up(dbapi_connection: object, _record: object) -> None:
        cursor = dbapi_connection.cursor()  # type: ignore[attr-defined]  # sqlite3.Connection
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return engine


def may_pass(error: Exception) -> bool:
    """Whether a lock or the disk stood in the way, so that the same work may succeed later unchanged."""
    return getattr(getattr(error, "orig", error), "sqlite_errorcode", 0) & 0xFF in _PASSING


def load_keys(path: Path) -> MultiFernet:
    """The keys of a key file, newest first, one a line; a missing file is made. Raises ConfigError."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(Fernet.generate_key().decode() + "\n")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} can be read by others; run: chmod 600 {path}")
    lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    try:
        return MultiFernet([Fernet(line) for line in lines])
    except ValueError as error:
        raise ConfigError(f"{path} holds no valid key; put back the key file that belongs to this database") from error
