"""The same thing done to several entries: one that cannot be done never stops the others, and each gets its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from syncbridge.cli.database import in_database
from syncbridge.cli.output import ExitCode, say, show_json
from syncbridge.errors import SyncBridgeError

if TYPE_CHECKING:
    from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one entry."""

    id: str
    why: str = ""
    """Why it was refused; empty if it was done."""


def one_by_one(ctx: typer.Context, ids: Sequence[str], act: Callable[[Session, str], None]) -> list[Result]:
    """Do it to each, in the order given."""
    return in_database(ctx, lambda session: [tried(session, one, act) for one in dict.fromkeys(ids)])


def tried(session: Session, one: str, act: Callable[[Session, str], None]) -> Result:
    """Do it to one; what was refused has changed nothing."""
    try:
        with session.begin_nested():
            act(session, one)
    except SyncBridgeError as error:
        return Result(one, str(error))
    finally:
        session.expire_all()  # rows read for one are read anew for the next
    return Result(one)


def tell(results: Sequence[Result], done: str, *, json: bool) -> None:
    """Say what became of each, and end with an exit code other than 0 if one was refused."""
    refused = [result for result in results if result.why]
    if json:
        show_json({"results": [{"id": one.id, "done": not one.why, "why": one.why} for one in results]})
    for one in [] if json else results:
        say(_line(one, done, alone=len(results) == 1))
    if refused:
        raise typer.Exit(ExitCode.FAILURE if len(refused) == len(results) else ExitCode.PARTIAL)


def _line(result: Result, done: str, *, alone: bool) -> str:
    if not result.why:
        return f"{result.id} {done}"
    return result.why if alone else f"{result.id}: {result.why}"
