"""When an account's tokens are renewed, and when only a person can go on."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from syncbridge.ports import Tokens

AHEAD = timedelta(hours=2)
"""So long before an access token ends it is renewed; AliExpress wants half an hour, 1688's lives ten hours."""
MARKS = (1, 3, 7)
"""Days before the end at which people are told of it, the last first."""


class Standing(StrEnum):
    """How an account is opened to us."""

    NOT_CONNECTED = "not_connected"
    IN_ORDER = "in_order"
    END_UNKNOWN = "end_unknown"
    """Nobody said when it ends, as with tokens pasted by hand; the vendor will say so itself."""
    ENDS_SOON = "ends_soon"
    OVER = "over"
    """A person must open it again."""


def due(tokens: Tokens, *, now: datetime) -> bool:
    """Whether the access token should be renewed now: it ends soon, and there is something to renew it with."""
    if not tokens.refresh or tokens.access_expires_at is None:
        return False
    spent = tokens.refresh_expires_at is not None and tokens.refresh_expires_at <= now
    return not spent and tokens.access_expires_at - now <= AHEAD


def ends_at(tokens: Tokens) -> datetime | None:
    """From when on only a person can open the account again; None if nobody said."""
    if not tokens.refresh:
        return tokens.access_expires_at
    if tokens.refresh_expires_at is None:
        return None
    return max(tokens.refresh_expires_at, tokens.access_expires_at or tokens.refresh_expires_at)


def mark(tokens: Tokens, *, now: datetime) -> int | None:
    """Of 7, 3 and 1 days, what is left at most; 0 if it is over, None if more is left or nobody knows."""
    end = ends_at(tokens)
    if end is None:
        return None
    return 0 if end <= now else next((days for days in MARKS if end - now <= timedelta(days=days)), None)


def standing(tokens: Tokens, *, refused: bool, now: datetime) -> Standing:
    """How it is; `refused`: the vendor lately took neither of the tokens."""
    left = mark(tokens, now=now)
    if not tokens.access and not tokens.refresh:
        return Standing.NOT_CONNECTED
    if refused or left == 0:
        return Standing.OVER
    if ends_at(tokens) is None:
        return Standing.END_UNKNOWN
    return Standing.IN_ORDER if left is None else Standing.ENDS_SOON
