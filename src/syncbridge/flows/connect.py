"""A person opens an account to us on the vendor's page: the question goes out with a state, and only it is answered."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows.tokens import ALARMS
from syncbridge.model.paging import Cursor
from syncbridge.ports import Tokens
from syncbridge.store import accounts, cursors, grants, holds

STATE_LIFE = timedelta(minutes=15)
"""How long a person may take on the vendor's page."""


def ask(session: Session, account: str, *, now: datetime) -> str:
    """A new state for a question about this account; the one before is answered no more."""
    state = secrets.token_urlsafe(24)
    cursors.put(session, _question(account), Cursor(f"{(now + STATE_LIFE).isoformat()} {state}"))
    return state


def is_ours(session: Session, account: str, state: str, *, now: datetime) -> bool:
    """Whether an answer with this state is one to our last question; compared in constant time."""
    ends, _, asked = (cursors.get(session, _question(account)) or "").partition(" ")
    right = hmac.compare_digest(asked.encode(), state.encode())
    return right and bool(asked) and now < datetime.fromisoformat(ends) <= now + STATE_LIFE


def connected(session: Session, account: str, tokens: Tokens, *, now: datetime) -> None:
    """These tokens are in force: the account's jobs go on, and what was not granted is asked for again.

    Raises SyncBridgeError if they open another account at the vendor than before.
    """
    before = accounts.access(session, [account]).get(account)
    if before is not None and before.tokens.owner and tokens.owner not in ("", before.tokens.owner):
        raise SyncBridgeError(
            f"{account} is {before.tokens.owner} at the vendor, and {tokens.owner} was logged in: nothing is changed. "
            f"Log out there and log in as {before.tokens.owner}, or give the other one an [accounts.NAME] of its own"
        )
    accounts.connect(session, account, tokens)
    cursors.put(session, _question(account), Cursor(""))
    grants.ask_again(session, now=now, account=account)
    for code in ALARMS:
        holds.close_holds(session, f"alarm_{code}", [f"account {account}"], now=now)


def _question(account: str) -> str:
    return f"connect {account}"
