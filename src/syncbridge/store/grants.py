"""Calls that a vendor does not let an account make, as it said when they were made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.store.rows import rows_of, value
from syncbridge.store.tables.access import NotGrantedRow


@dataclass(frozen=True, slots=True)
class Refused:
    """One such call."""

    account: str
    api: str
    vendor: str
    code: str
    why: str
    since: datetime
    ask_at: datetime
    """From then on it is made once more, to see."""


def refuse(session: Session, refused: Refused) -> None:
    """Keep that it is not granted; since when, if that is known already."""
    values = {name: getattr(refused, name) for name in Refused.__slots__}
    change = {name: values[name] for name in ("vendor", "code", "why", "ask_at")}
    statement = upsert(NotGrantedRow).values(values)
    session.connection().execute(statement.on_conflict_do_update(index_elements=["account", "api"], set_=change))


def grant(session: Session, account: str, api: str) -> None:
    """It is granted after all."""
    session.connection().execute(
        delete(NotGrantedRow).where(col(NotGrantedRow.account) == account, col(NotGrantedRow.api) == api)
    )


def refused(session: Session, accounts: Collection[str]) -> list[Refused]:
    """What these accounts may not call."""
    query = select(NotGrantedRow).where(col(NotGrantedRow.account).in_(accounts))
    rows = rows_of(session, query.order_by(col(NotGrantedRow.account), col(NotGrantedRow.api)))
    return [value(Refused, row) for row in rows]


def ask_again(session: Session, *, now: datetime, account: str | None = None) -> None:
    """Make each once more when it is needed, of one account or of all: somebody may have had them granted."""
    change = update(NotGrantedRow).where(col(NotGrantedRow.ask_at) > now)
    if account is not None:
        change = change.where(col(NotGrantedRow.account) == account)
    session.connection().execute(change.values(ask_at=now))
