"""How far each vendor's changes were read."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.model.paging import Cursor
from syncbridge.store.rows import row_of
from syncbridge.store.tables.work import CursorRow


def get(session: Session, name: str) -> Cursor | None:
    """Where reading goes on; None at the very first time."""
    row = row_of(session, CursorRow, name)
    return None if row is None else Cursor(row.value)


def put(session: Session, name: str, cursor: Cursor) -> None:
    """Go on from here next time; in the transaction that keeps what was read."""
    session.connection().execute(_PUT, {"name": name, "value": cursor})


_GIVEN = upsert(CursorRow)
_PUT = _GIVEN.on_conflict_do_update(index_elements=["name"], set_={"value": _GIVEN.excluded.value})


def forget(session: Session, name: str) -> None:
    """Read from the start again."""
    session.connection().execute(delete(CursorRow).where(col(CursorRow.name) == name))
