"""The retry queue as a person sees it: everything that is not going forward, with its cause and its deadline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows.bridge import order_subject
from syncbridge.model.purchasing import PurchaseState
from syncbridge.queue import dead_letters
from syncbridge.queue.dead_letters import StuckJob
from syncbridge.store import orders, purchases, timeline
from syncbridge.store.tables import JobState

NEXT_STEP: Mapping[str, str] = {
    "unrouted": "add a route or a binding for the SKU, restart the daemon, then: syncbridge queue retry ID",
    "unknown": "look for the order on the supplier's page; it is looked up again by: syncbridge queue retry ID",
    "margin": "raise the price or accept the loss on the page, then: syncbridge queue retry ID",
    "cap": "raise daily_spending_cap or wait until tomorrow, then: syncbridge queue retry ID",
    "no_cap": "set daily_spending_cap for the supplier account, then: syncbridge queue retry ID",
    "not_live": "set live = true for the store, then: syncbridge queue retry ID",
    "cancelling": "answer the buyer's request on the channel, then: syncbridge queue retry ID",
    "vendor_cancelled": "ask the supplier why; to buy the same again: syncbridge queue retry ID",
    "tracking_refused": "correct the number or the route's services, then: syncbridge queue retry ID",
    "by_hand": "buy it on the supplier's page with the mark in the note; the order is found by itself",
}
CARD = "hand-"
"""What the ids of purchases to be made by hand begin with."""
DEFAULT_STEP = "read the reason, repair its cause, then: syncbridge queue retry ID"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is not going forward."""

    id: str
    """A job's number, or ``hand-N`` for a purchase to be made by hand."""
    what: str
    subject: str
    state: str
    """``parked``, ``waiting`` or ``by_hand``."""
    code: str
    reason: str
    next_step: str
    attempts: int
    next_attempt: datetime | None
    ship_by: datetime | None


def entries(session: Session) -> list[Entry]:
    """Everything that is not going forward, by deadline."""
    found = [_entry(session, job) for job in dead_letters.stuck(session)]
    found += _cards(session)
    return sorted(found, key=lambda entry: (entry.ship_by is None, str(entry.ship_by), entry.id))


def history(session: Session, entry: Entry) -> list[tuple[datetime, str, dict[str, str]]]:
    """What happened to the subject of an entry so far."""
    return timeline.of(session, entry.subject)


def retry(session: Session, entry_id: str, *, now: datetime) -> None:
    """Try it now; raises SyncBridgeError if there is nothing to try."""
    job = _job(session, entry_id)
    if not dead_letters.retry(session, job.id, now=now):
        raise SyncBridgeError(f"{entry_id} is {job.state}; only parked and waiting entries can be retried")
    timeline.note(session, job.subject, "retried by a person", at=now, job=job.kind)


def drop(session: Session, entry_id: str, *, why: str, now: datetime) -> None:
    """Give it up, with the reason; raises SyncBridgeError where something may have been bought."""
    if entry_id.startswith(CARD):
        _drop_card(session, entry_id, why, now)
        return
    job = _job(session, entry_id)
    if "purchase" in job.args:
        _drop_purchase(session, int(job.args["purchase"]))
    if not dead_letters.drop(session, job.id, why=why, now=now):
        raise SyncBridgeError(f"{entry_id} is {job.state}; only parked and waiting entries can be dropped")
    timeline.note(session, job.subject, "dropped by a person", at=now, job=job.kind, why=why)


def _drop_card(session: Session, entry_id: str, why: str, now: datetime) -> None:
    """The person says it need not be bought by hand."""
    for card in purchases.to_buy_by_hand(session):
        if f"{CARD}{card.id}" == entry_id:
            purchases.move(session, card.id, PurchaseState.STOPPED, when=[PurchaseState.BY_HAND])
            timeline.note(session, card.subject, "dropped by a person", at=now, mark=card.mark, why=why)
            return
    raise _no_entry(entry_id)


def _no_entry(entry_id: str) -> SyncBridgeError:
    return SyncBridgeError(f"there is no entry {entry_id}; see: syncbridge queue list")


def _drop_purchase(session: Session, purchase_id: int) -> None:
    droppable = [PurchaseState.INTENDED, PurchaseState.REFUSED]
    if not purchases.move(session, purchase_id, PurchaseState.STOPPED, when=droppable):
        purchase = purchases.get(session, purchase_id)
        raise SyncBridgeError(
            f"purchase {purchase.mark} is {purchase.state}: it may have been bought; "
            "look on the supplier's page before you give it up"
        )


def _job(session: Session, entry_id: str) -> StuckJob:
    number = int(entry_id) if entry_id.isascii() and entry_id.isdigit() else 0
    job = dead_letters.get(session, number)
    if job is None:
        raise _no_entry(entry_id)
    return job


def _entry(session: Session, job: StuckJob) -> Entry:
    ship_by = orders.ship_by(session, job.args["store"], job.args["order"]) if "order" in job.args else None
    parked = job.state == JobState.PARKED
    return Entry(
        id=str(job.id),
        what=job.kind,
        subject=job.subject,
        state="parked" if parked else "waiting",
        code=job.reason_code,
        reason=job.reason,
        next_step=_step(job.reason_code, str(job.id)) if parked else "nothing: it is tried again by itself",
        attempts=job.attempt,
        next_attempt=None if parked else job.run_at,
        ship_by=ship_by,
    )


def _cards(session: Session) -> list[Entry]:
    return [
        Entry(
            id=f"{CARD}{card.id}",
            what="purchase.place",
            subject=order_subject(card.store, card.order_id),
            state="by_hand",
            code="by_hand",
            reason=f"the account may not order by API; buy it by hand with the mark {card.mark} in the note",
            next_step=_step("by_hand", str(card.id)),
            attempts=1,
            next_attempt=None,
            ship_by=orders.ship_by(session, card.store, card.order_id),
        )
        for card in purchases.to_buy_by_hand(session)
    ]


def _step(code: str, entry_id: str) -> str:
    return NEXT_STEP.get(code, DEFAULT_STEP).replace("ID", entry_id)
