"""What is kept for an account: its tokens in force, and its pause."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.ports import Tokens
from syncbridge.store.rows import known_row, row_of, rows_of
from syncbridge.store.tables.access import AccountState
from syncbridge.store.types import reader, to_json

_read_tokens = reader(Tokens)


def seed_tokens(session: Session, account: str, configured: Tokens) -> None:
    """Take the configured tokens unless these are the ones the stored tokens were refreshed from."""
    seed = hashlib.blake2b(to_json(configured).encode(), digest_size=16).hexdigest()
    row = row_of(session, AccountState, account)
    if row is not None and row.tokens is not None and row.seed == seed:
        return
    _store_tokens(session, account, configured, seed)


def tokens_of(session: Session, account: str) -> Tokens:
    """The tokens in force."""
    row = known_row(session, AccountState, account)
    value = _read_tokens(row.tokens or "")
    assert isinstance(value, Tokens)  # noqa: S101  decoded as such
    return value


def replace_tokens(session: Session, account: str, old: Tokens, new: Tokens) -> Tokens:
    """Store `new` if `old` is in force; answers what is in force then."""
    current = tokens_of(session, account)
    if current != old:
        return current
    _store_tokens(session, account, new, known_row(session, AccountState, account).seed)
    return new


def claim_renewal(session: Session, account: str, old: Tokens, *, now: datetime, lease: timedelta) -> bool | None:
    """Take the sole right to renew `old` for so long.

    False: another process has it; None: `old` is in force no more.
    """
    if tokens_of(session, account) != old:
        return None
    until = known_row(session, AccountState, account).renewing_until
    if until is not None and now < until <= now + lease:
        return False
    _set(session, account, renewing_until=now + lease)
    return True


def release_renewal(session: Session, account: str) -> None:
    """Let the next process renew the tokens."""
    _set(session, account, renewing_until=None)


def connect(session: Session, account: str, tokens: Tokens) -> None:
    """A person opened the account: these are in force, whatever was before, and it is not paused any more."""
    row = row_of(session, AccountState, account)
    _store_tokens(session, account, tokens, row.seed if row else "")


def tell_once(session: Session, account: str, what: str) -> bool:
    """Whether people were not told this of the account's tokens last; from now on they were."""
    last = update(AccountState).where(col(AccountState.account) == account, col(AccountState.told) != what)
    return session.connection().execute(last.values(told=what)).rowcount == 1


@dataclass(frozen=True, slots=True)
class Access:
    """An account's tokens in force, and what the vendor last said against them."""

    tokens: Tokens
    paused_until: datetime | None = None
    paused_why: str = ""


def access(session: Session, names: Collection[str]) -> dict[str, Access]:
    """How these accounts are opened; those without tokens too, if they were ever connected or paused."""
    rows = rows_of(session, select(AccountState).where(col(AccountState.account).in_(names)))
    return {
        row.account: Access(
            cast(Tokens, _read_tokens(row.tokens)) if row.tokens else Tokens(""), row.paused_until, row.paused_why
        )
        for row in rows
    }


def _set(session: Session, account: str, **values: object) -> None:
    change = update(AccountState).where(col(AccountState.account) == account).values(**values)
    session.connection().execute(change)


def _store_tokens(session: Session, account: str, tokens: Tokens, seed: str) -> None:
    opened = {"tokens": to_json(tokens), "seed": seed, "paused_until": None, "paused_why": "", "renewing_until": None}
    session.connection().execute(_OPENED, {"account": account, **opened})


def _kept(*names: str) -> Insert:
    """Write these of an account, whether it is known or not."""
    given = upsert(AccountState)
    return given.on_conflict_do_update(index_elements=["account"], set_={name: given.excluded[name] for name in names})


_OPENED = _kept("tokens", "seed", "paused_until", "paused_why", "renewing_until")
_PAUSED = _kept("paused_until", "paused_why")
_LEDGER_READ = _kept("reconciled_at")


def pause(session: Session, account: str, *, until: datetime, why: str) -> None:
    """Let the account's jobs wait."""
    session.connection().execute(_PAUSED, {"account": account, "seed": "", "paused_until": until, "paused_why": why})


def ledger_read(session: Session, account: str, *, at: datetime) -> None:
    """The supplier's own ledger was read to its end, beginning at that time."""
    read = {"account": account, "seed": "", "paused_why": "", "reconciled_at": at}
    session.connection().execute(_LEDGER_READ, read)


def forget_ledgers(session: Session) -> None:
    """No supplier's ledger has been read."""
    session.connection().execute(update(AccountState).values(reconciled_at=None))


def ledger_read_at(session: Session, account: str) -> datetime | None:
    """When the last reading of the supplier's ledger began that came to its end."""
    row = row_of(session, AccountState, account)
    return None if row is None else row.reconciled_at


def pauses(session: Session) -> dict[str, datetime]:
    """Until when accounts wait, by account; of those that ever waited."""
    query = select(col(AccountState.account), col(AccountState.paused_until))
    rows = session.connection().execute(query.where(col(AccountState.paused_until).is_not(None)))
    return {row.account: row.paused_until for row in rows}


def clear_pauses(session: Session) -> None:
    """Start afresh: somebody may have authorised the accounts again."""
    session.connection().execute(update(AccountState).values(paused_until=None, paused_why=""))
