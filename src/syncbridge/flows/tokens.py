"""Tokens: renewed before they end, and people told in time when only they can open an account again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import AccessExpired
from syncbridge.flows.alarms import end_alarm, raise_alarm
from syncbridge.flows.bridge import Bridge
from syncbridge.ports import Alarm, Tokens
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim
from syncbridge.rules import tokens as rules
from syncbridge.rules.tokens import Standing
from syncbridge.store import accounts
from syncbridge.store.accounts import Access

TRIED_AGAIN = timedelta(minutes=30)
"""Within this after a pause its jobs met the vendor again; unless it is paused anew, the account works."""
ALARMS = ("access_ends", "access_over")


async def renew(bridge: Bridge, job: Claim) -> Outcome:
    """Renew an account's tokens shortly before they end, so that no call meets an expired one."""
    account, now = job.account, bridge.clock.now()
    tokens = await bridge.db.read(accounts.tokens_of, account)
    if not rules.due(tokens, now=now):
        return Done()
    try:
        await bridge.renewals[account]()
    except AccessExpired:  # no reason yet to pause the account: its access token works to its end
        spent = replace(tokens, refresh_expires_at=now)
        return Done(lambda session: _spent(session, account, tokens, spent))
    return Done()


async def calendar(bridge: Bridge, job: Claim) -> Outcome:
    """Tell 7, 3 and 1 days before an account must be opened again, and when it must; each once."""

    def write(session: Session) -> None:
        for account, access in accounts.access(session, list(bridge.terms.accounts)).items():
            _tell(session, bridge, account, access)

    return Done(write)


def refused(access: Access, *, now: datetime) -> bool:
    """Whether the vendor lately took neither token."""
    return access.paused_until is not None and bool(access.paused_why) and now < access.paused_until + TRIED_AGAIN


def _spent(session: Session, account: str, old: Tokens, spent: Tokens) -> None:
    accounts.replace_tokens(session, account, old, spent)


def _tell(session: Session, bridge: Bridge, account: str, access: Access) -> None:
    alarm = _alarm(account, access, now=bridge.clock.now())
    if not accounts.tell_once(
        session, account, "" if alarm is None else f"{alarm.code} {alarm.figures.get('when', '')}"
    ):
        return
    for code in ALARMS:
        end_alarm(session, bridge, code, f"account {account}")
    if alarm is not None:
        raise_alarm(session, bridge, alarm)


def _alarm(account: str, access: Access, *, now: datetime) -> Alarm | None:
    """What people should know of an account now; `when` tells one warning from the next."""
    command = f"syncbridge accounts connect {account}"
    standing = rules.standing(access.tokens, refused=refused(access, now=now), now=now)
    if standing is Standing.OVER:
        said = f" ({access.paused_why})" if access.paused_why else ""
        return Alarm(
            "access_over", f"account {account}", {"why": f"access is over{said}; its jobs wait for: {command}"}
        )
    if standing is not Standing.ENDS_SOON:
        return None
    end = f"{rules.ends_at(access.tokens):%Y-%m-%d %H:%M} UTC"
    when = f"{rules.mark(access.tokens, now=now)} d before {end}"
    return Alarm(
        "access_ends", f"account {account}", {"why": f"access ends on {end}; before that: {command}", "when": when}
    )
