"""``syncbridge export``: the catalogue as tables to look at, to edit, and to import again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from syncbridge.cli.database import from_database, settings_of
from syncbridge.cli.entries import Lang, words_of
from syncbridge.cli.output import say
from syncbridge.errors import SyncBridgeError

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.sheets.writing import Write

STDOUT = Path("-")


def export(
    ctx: typer.Context,
    table: Annotated[Literal["bindings", "prices", "listings", "offers"], typer.Argument(help="Which table.")],
    store: Annotated[str | None, typer.Option(metavar="NAME", help="Only what concerns this store.")] = None,
    form: Annotated[
        Literal["csv", "xlsx"] | None, typer.Option("--format", help="Default: as the file is called, else csv.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to; - is stdout.")] = STDOUT,
    lang: Lang = None,
) -> None:
    """Write a table; bindings, prices and listings can be edited and imported again."""
    from syncbridge.cli.edited_file import heads
    from syncbridge.flows.exporting import IDS, TABLES
    from syncbridge.sheets.writing import csv_table, xlsx_table

    there = settings_of(ctx).accounts
    if store is not None and store not in there:
        raise SyncBridgeError(f"there is no store {store} ({', '.join(sorted(there))})")
    chosen, head = TABLES[table], heads(TABLES[table], words_of(ctx, lang))

    def write_all(session: Session, write: Write) -> int:
        written = 0
        for row in chosen.rows(session, store):
            write(row)
            written += 1
        return written

    def as_csv(to: BinaryIO) -> int:
        with csv_table(to, head, IDS) as write:
            return from_database(ctx, lambda session: write_all(session, write))

    def as_xlsx() -> int:
        with xlsx_table(out, head) as write:
            return from_database(ctx, lambda session: write_all(session, write))

    if (form or out.suffix.lower().removeprefix(".")) == "xlsx":
        if out == STDOUT:
            raise typer.BadParameter("name a file for an XLSX: --out FILE")
        number = _new(out, as_xlsx)
    elif out == STDOUT:
        number = as_csv(sys.stdout.buffer)
    else:
        number = _new(out, lambda: _opened(out, as_csv))
    say(f"{number} rows" if out == STDOUT else f"{number} rows are written to {out}")


def _opened(file: Path, act: Callable[[BinaryIO], int]) -> int:
    with file.open("wb") as to:
        return act(to)


def _new(file: Path, write: Callable[[], int]) -> int:
    """Write a file that is not there yet: one that is may hold edits. What cannot be finished is taken away."""
    try:
        file.open("xb").close()
    except FileExistsError as error:
        raise typer.BadParameter(f"{file} exists and may hold edits; import it first, or name another") from error
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written ({error.strerror})") from error
    try:
        return write()
    except BaseException:
        file.unlink(missing_ok=True)
        raise
