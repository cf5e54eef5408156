"""The retry queue as a person sees it: everything that is not going forward, with its cause and its deadline.

An entry is a job that is parked or waits after a failure (``12``), a purchase to be made by hand (``hand-3``), or
something a guard stopped that no job speaks for (``hold-7``). Guards of the catalogue have a list of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows import abroad, stock
from syncbridge.model.money import Money
from syncbridge.model.purchasing import Purchase, PurchaseState
from syncbridge.queue import dead_letters
from syncbridge.queue.dead_letters import StuckJob
from syncbridge.rules.candidates import Candidate, candidates
from syncbridge.rules.deadlines import Forecast, late
from syncbridge.store import accounts, bookings, grants, holds, orders, placed_orders, purchases, timeline
from syncbridge.store.holds import OpenHold
from syncbridge.store.tables.work import JobState

CARD = "hand-"
"""What the ids of purchases to be made by hand begin with."""
HOLD = "hold-"
"""What the ids of holds begin with."""
GOING_ON = "late-"
"""What the ids of purchases begin with that go forward, but not fast enough."""
CATALOGUE = ("offer ", "sku ", "listing ")
"""Subjects of holds that stop no purchase."""
BUYING = ("purchase.place", "purchase.pay")
"""Jobs that are not given up without their purchase."""
CLOCK_SLACK = timedelta(minutes=5)
"""A vendor order may carry a time so much before we sent it: two clocks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is not going forward."""

    id: str
    what: str
    """The job's kind; ``hold`` where there is none."""
    subject: str
    state: str
    """``parked``, ``waiting``, ``by_hand`` or ``held``; or ``going_on``, which only `deadlines` lists."""
    code: str
    """Names its cause; `syncbridge.texts` has the words."""
    reason: str
    """What happened, as the flow or the vendor said it."""
    attempts: int
    next_attempt: datetime | None
    ship_by: datetime | None
    at_stake: Money | None
    """What the supplier would charge, or else what the channel would pay out."""
    purchase: int | None = None
    mark: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)
    forecast: Forecast | None = None
    """When its order will be declared, if it goes forward when it is tried next; None: nobody looked, or it is none."""
    act_by: datetime | None = None
    """Ship-by time less what has to pass still; None as above."""

    def late(self, now: datetime) -> timedelta | None:
        """The time left to act before it will be late, negative if it is; None if nothing threatens."""
        return late(self.act_by, self.next_attempt, now=now)


def entries(session: Session) -> list[Entry]:
    """Everything that is not going forward, the nearest ship-by time first; `deadlines` has it with its forecasts."""
    open_holds = {(hold.kind, hold.subject): hold for hold in holds.all_open(session) if not _is_catalogue(hold)}
    jobs, cards, spoken_for = (
        dead_letters.stuck(session),
        purchases.to_buy_by_hand(session),
        dead_letters.causes(session),
    )
    unspoken = [hold for cause, hold in open_holds.items() if cause not in spoken_for]
    held = _purchases_held(session, unspoken)
    around = _Around(
        purchases.numbered(session, {int(job.args["purchase"]) for job in jobs if "purchase" in job.args}),
        orders.glances(
            session,
            {order for job in jobs if (order := _order_of(job))}
            | {(one.store, one.order_id) for one in (*cards, *held.values())}
            | {order_in(hold.subject) for hold in unspoken},
        ),
        accounts.pauses(session),
    )
    found = [_of_job(job, around, open_holds.get((job.reason_code, job.subject))) for job in jobs]
    numbers = bookings.numbers(session, [card.id for card in cards])
    found += [_of_card(card, around, numbers.get(card.id, "")) for card in cards]
    found += [_of_hold(hold, held.get(hold.id), around) for hold in unspoken]
    return sorted(found, key=lambda entry: (entry.ship_by is None, str(entry.ship_by), entry.id))


def entry(session: Session, entry_id: str) -> Entry:
    """One entry; raises SyncBridgeError if there is none of this id."""
    for one in entries(session):
        if one.id == entry_id:
            return one
    raise _no_entry(entry_id)


def history(session: Session, entry: Entry) -> list[tuple[datetime, str, dict[str, str]]]:
    """What happened to the subject of an entry so far."""
    return timeline.of(session, entry.subject)


def lookalikes(session: Session, entry: Entry) -> tuple[Purchase, list[Candidate]] | None:
    """For a purchase whose vendor order is not known: it, and what it may have become, the likeliest first."""
    purchase = purchases.known(session, entry.purchase) if entry.purchase else None
    if purchase is None or purchase.state not in (PurchaseState.UNKNOWN, PurchaseState.BY_HAND):
        return None
    return purchase, candidates(purchase, placed_orders.unowned(session, purchase, slack=CLOCK_SLACK))


def retry(session: Session, entry_id: str, *, now: datetime) -> None:
    """Try it now; raises SyncBridgeError if there is nothing to try."""
    if entry_id.startswith((CARD, HOLD)):
        open_entry = entry(session, entry_id)
        raise SyncBridgeError(
            f"{open_entry.id} waits for a person, there is nothing to try; see: queue show {entry_id}"
        )
    job = job_of(session, entry_id)
    if not dead_letters.retry(session, job.id, now=now):
        raise SyncBridgeError(f"{entry_id} is {job.state}; only parked and waiting entries can be retried")
    grants.ask_again(session, now=now)  # somebody may have had granted what was refused
    timeline.note(session, job.subject, "retried by a person", at=now, job=job.kind)


def drop(session: Session, entry_id: str, *, why: str, now: datetime) -> None:
    """Give it up, with the reason; raises SyncBridgeError where something may have been bought."""
    if entry_id.startswith(CARD):
        _drop_card(session, entry_id, why, now)
    elif entry_id.startswith(HOLD):
        _close_hold(session, entry_id, why, now)
    else:
        _drop_job(session, entry_id, why, now)


def card_of(session: Session, entry_id: str) -> Purchase:
    """The purchase a ``hand-`` entry is about; raises SyncBridgeError if it is not to be made by hand."""
    card = purchases.known(session, _number(entry_id.removeprefix(CARD)))
    if card is None or card.state is not PurchaseState.BY_HAND:
        raise _no_entry(entry_id)
    return card


def job_of(session: Session, entry_id: str) -> StuckJob:
    """The job an entry is about; raises SyncBridgeError if there is none."""
    if entry_id.startswith(GOING_ON):
        raise SyncBridgeError(f"{entry_id} goes forward by itself; what can be done: syncbridge queue show {entry_id}")
    job = dead_letters.get(session, _number(entry_id))
    if job is None:
        raise _no_entry(entry_id)
    return job


def hold_of(session: Session, entry_id: str) -> OpenHold:
    """The hold a ``hold-`` entry is about; raises SyncBridgeError if none is open."""
    for hold in holds.all_open(session):
        if f"{HOLD}{hold.id}" == entry_id and not _is_catalogue(hold):
            return hold
    raise _no_entry(entry_id)


def _drop_card(session: Session, entry_id: str, why: str, now: datetime) -> None:
    """The person says it need not be bought by hand."""
    card = card_of(session, entry_id)
    purchases.move(session, card.id, PurchaseState.STOPPED, when=[PurchaseState.BY_HAND])
    stock.reserve(session, card, "dropped", now=now)
    abroad.give_up(session, card, now=now)
    orders.settle(session, card.store, card.order_id)
    timeline.note(session, card.subject, "dropped by a person", at=now, mark=card.mark, why=why)


def _close_hold(session: Session, entry_id: str, why: str, now: datetime) -> None:
    """The person has seen to it."""
    hold = hold_of(session, entry_id)
    holds.close(session, hold.id, now=now)
    timeline.note(session, hold.subject, "dropped by a person", at=now, hold=hold.kind, why=why)


def _drop_job(session: Session, entry_id: str, why: str, now: datetime) -> None:
    job = job_of(session, entry_id)
    if job.kind in BUYING:
        _drop_purchase(session, int(job.args["purchase"]), now)
    if not dead_letters.drop(session, job.id, why=why, now=now):
        raise SyncBridgeError(f"{entry_id} is {job.state}; only parked and waiting entries can be dropped")
    holds.close_holds(session, job.reason_code, [job.subject], now=now)
    timeline.note(session, job.subject, "dropped by a person", at=now, job=job.kind, why=why)


def _drop_purchase(session: Session, purchase_id: int, now: datetime) -> None:
    droppable = [PurchaseState.INTENDED, PurchaseState.REFUSED]
    purchase = purchases.get(session, purchase_id)
    if not purchases.move(session, purchase_id, PurchaseState.STOPPED, when=droppable):
        raise SyncBridgeError(
            f"purchase {purchase.mark} is {purchase.state}: it may have been bought; "
            "look on the supplier's page before you give it up"
        )
    stock.reserve(session, purchase, "dropped", now=now)
    abroad.give_up(session, purchase, now=now)
    orders.settle(session, purchase.store, purchase.order_id)


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known about entries: purchases of jobs, orders, and until when accounts wait."""

    purchases: Mapping[int, Purchase]
    orders: Mapping[tuple[str, str], tuple[datetime | None, Money]]
    pauses: Mapping[str, datetime]


def _of_job(job: StuckJob, around: _Around, hold: OpenHold | None) -> Entry:
    parked = job.state == JobState.PARKED
    purchase = around.purchases.get(int(job.args.get("purchase", 0)))
    ship_by, total = around.orders.get(_order_of(job) or ("", ""), (None, None))
    return Entry(
        id=str(job.id),
        what=job.kind,
        subject=job.subject,
        state="parked" if parked else "waiting",
        code=job.reason_code,
        reason=job.reason,
        attempts=job.attempt,
        next_attempt=None if parked else max(job.run_at, around.pauses.get(job.account, job.run_at)),
        ship_by=ship_by,
        at_stake=at_stake(purchase) or total,
        purchase=purchase.id if purchase else None,
        mark=purchase.mark if purchase else "",
        figures=_shown(hold, purchase) if hold else {},
    )


def _order_of(job: StuckJob) -> tuple[str, str] | None:
    return (job.args["store"], job.args["order"]) if "order" in job.args else None


def _of_card(card: Purchase, around: _Around, number: str) -> Entry:
    with_number = f" and the label's number {number}" if number else ""
    return Entry(
        id=f"{CARD}{card.id}",
        what="purchase.place",
        subject=card.subject,
        state="by_hand",
        code="by_hand",
        reason=f"the account may not order by API; buy it by hand with the mark {card.mark}{with_number} in the note",
        attempts=1,
        next_attempt=None,
        ship_by=around.orders.get((card.store, card.order_id), (None, None))[0],
        at_stake=at_stake(card),
        purchase=card.id,
        mark=card.mark,
    )


def _of_hold(hold: OpenHold, purchase: Purchase | None, around: _Around) -> Entry:
    """An entry of its own, with the deadline of the order it is about, as far as its subject says."""
    order = (purchase.store, purchase.order_id) if purchase else order_in(hold.subject)
    ship_by, total = around.orders.get(order, (None, None))
    return Entry(
        id=f"{HOLD}{hold.id}",
        what="hold",
        subject=hold.subject,
        state="held",
        code=hold.kind,
        reason=hold.figures.get("why") or _in_words(hold.figures.items()),
        attempts=0,
        next_attempt=None,
        ship_by=ship_by,
        at_stake=at_stake(purchase) or total,
        purchase=purchase.id if purchase else None,
        mark=purchase.mark if purchase else "",
        figures=_shown(hold, purchase),
    )


def _purchases_held(session: Session, held: Sequence[OpenHold]) -> dict[int, Purchase]:
    """By the holds' ids, the purchases they name by their marks, or whose vendor orders they are about."""
    by_mark = purchases.by_marks(session, {mark for hold in held if (mark := hold.figures.get("purchase"))})
    named = {hold.id: _vendor_order_in(hold.subject) for hold in held if "purchase" not in hold.figures}
    by_order = placed_orders.purchases_of(session, set(named.values()))
    found = {hold.id: by_mark.get(hold.figures.get("purchase", "")) for hold in held}
    found |= {hold: by_order.get(order) for hold, order in named.items()}
    return {hold: purchase for hold, purchase in found.items() if purchase}


def _vendor_order_in(subject: str) -> tuple[str, str]:
    account, _, number = subject.removeprefix("vendor order ").partition("/")
    return account, number


def order_in(subject: str) -> tuple[str, str]:
    """(store, order id) of a subject such as ``order toys/8172481060036440``, which more words may follow."""
    store, _, rest = subject.removeprefix("order ").partition("/")
    return store, rest.partition(" ")[0]


def _is_catalogue(hold: OpenHold) -> bool:
    return hold.subject.startswith(CATALOGUE) and not hold.kind.startswith("alarm_")


def _shown(hold: OpenHold, purchase: Purchase | None) -> Mapping[str, str]:
    """The figures that tell a person something the entry does not say elsewhere.

    Of an address there are none, and none of another purchase of the order that stopped for the same cause.
    """
    of_another = purchase is not None and hold.figures.get("purchase", purchase.mark) != purchase.mark
    if of_another or hold.kind == "address_changed":
        return {}
    told = ("", hold.figures.get("why"))
    return {name: value for name, value in hold.figures.items() if name != "purchase" and value not in told}


def at_stake(purchase: Purchase | None) -> Money | None:
    """What the supplier would charge for a purchase; before that is known, what the channel would pay out."""
    if purchase is None:
        return None
    return purchase.quote.total if purchase.quote else purchase.payout


def _in_words(figures: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in figures)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _no_entry(entry_id: str) -> SyncBridgeError:
    return SyncBridgeError(f"there is no entry {entry_id}; see: syncbridge queue list")
