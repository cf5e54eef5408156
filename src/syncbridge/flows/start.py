"""After a start each supplier's own ledger is read before anything is bought: the database may be a restored backup."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.flows.bridge import Bridge
from syncbridge.flows.schedule import run_job
from syncbridge.model.paging import Cursor
from syncbridge.queue.job import enqueue
from syncbridge.store import accounts, cursors

BEAT_SECONDS = 30.0
"""How often a running daemon notes that it is alive."""
_ALIVE = "alive"


def beat(session: Session, *, now: datetime) -> None:
    """Note that we are alive, so that the next start knows how long nothing was noted."""
    cursors.put(session, _ALIVE, Cursor(now.isoformat()))


def ledger_from(session: Session, *, quarantine: timedelta, now: datetime) -> datetime:
    """From when on a reading of a supplier's ledger shows all that was bought before this start.

    At once after a short stop. After a long one, from a restored backup, or if the clock was set back, purchases of
    the last moments may not be listed yet: only a reading begun after the quarantine counts.
    """
    last = cursors.get(session, _ALIVE)
    short = last is None or timedelta(0) <= now - datetime.fromisoformat(last) <= quarantine
    return now if short else now + quarantine


def begin(session: Session, bridge: Bridge) -> None:
    """Ask for the first reading of every supplier's ledger; those of earlier starts count no more."""
    now = bridge.clock.now()
    beat(session, now=now)
    accounts.forget_ledgers(session)
    jobs = [
        run_job("purchase.poll", account, f"start {bridge.ledger_from.isoformat()}", bridge.ledger_from)
        for account in bridge.suppliers
    ]
    enqueue(session, jobs, now=now)
