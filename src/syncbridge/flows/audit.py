"""The ledger: both vendors' books are read and held against ours, by a person's command and every night.

The vendors are read first and our tables after them, so that what happens meanwhile is known to us when it is
compared. Nothing is written at a vendor.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlmodel import Session

from syncbridge.errors import NotFound, VendorError
from syncbridge.flows.alarms import end_alarm, raise_alarm
from syncbridge.flows.bridge import Bridge
from syncbridge.flows.orders import take_job
from syncbridge.model.ledger import Audit, Books, Kind, Shown
from syncbridge.model.orders import OrderRef
from syncbridge.model.paging import Page, cursor_at, read_to_end
from syncbridge.model.purchasing import PlacedOrder
from syncbridge.ports import Alarm
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules.ledger import balance, to_ask
from syncbridge.store import ledger, timeline

T = TypeVar("T")
WINDOW = timedelta(days=7)
"""How far the nightly audit looks back; a difference it found stays open until an audit finds none."""
SUBJECT = "ledger"
MOST_TOLD = 50
"""Differences the timeline keeps of one audit; their number is whole."""


async def nightly(bridge: Bridge, job: Claim) -> Outcome:
    """Audit the last week, note the outcome, raise or end the alarm, and take the orders that were lost."""
    found = await audit(bridge, since=bridge.clock.now() - WINDOW)

    def write(session: Session) -> None:
        _note(session, found)
        if found.differences:
            why = f"our books and the vendors' differ in {len(found.differences)}; see: syncbridge audit"
            raise_alarm(session, bridge, Alarm("ledger", SUBJECT, {"why": why} | found.figures))
        else:
            end_alarm(session, bridge, "ledger", SUBJECT)
        enqueue(session, list(_lost_jobs(found, job.key)), now=found.at)

    return Done(write)


async def audit(bridge: Bridge, *, since: datetime, store: str | None = None, offline: bool = False) -> Audit:
    """Balance what changed since, and everything open; offline, only what our tables hold."""
    shown = None if offline else await _read_vendors(bridge, since, store)
    stores = [store] if store else list(bridge.channels)
    polls = dict.fromkeys(stores, "orders.poll") | dict.fromkeys(bridge.suppliers, "purchase.poll")
    books = await bridge.db.read(ledger.books, since, polls, shown or Shown())
    if shown is not None:
        shown = await _ask_again(bridge, books, shown)
    return balance(books, shown, since=since, at=bridge.clock.now(), store=store)


async def _read_vendors(bridge: Bridge, since: datetime, store: str | None) -> Shown:
    """An account that cannot be read is said so, and stops no other."""
    orders: dict[str, Sequence[OrderRef]] = {}
    vendor_orders: dict[str, Sequence[PlacedOrder]] = {}
    unreadable: list[tuple[str, str]] = []
    cursor = cursor_at(since)
    for name, channel in bridge.channels.items():
        if store in (None, name):
            await _list(channel.orders(since=cursor), name, "order", orders, unreadable)
    for name, supplier in bridge.suppliers.items():
        await _list(supplier.orders(since=cursor), name, "vendor order", vendor_orders, unreadable)
    return Shown(orders, vendor_orders, unreadable=tuple(unreadable))


async def _list(
    pages: AsyncIterator[Page[T]],
    account: str,
    noun: str,
    listed: dict[str, Sequence[T]],
    unreadable: list[tuple[str, str]],
) -> None:
    try:
        page = await read_to_end(pages, None)
    except VendorError as error:
        unreadable.append((f"account {account}", str(error)))
    else:
        listed[account] = page.items
        unreadable += [(f"{noun} {account}/{number}", why) for number, why in page.failures]


async def _ask_again(bridge: Bridge, books: Books, shown: Shown) -> Shown:
    """Read one by one what we count on and the lists did not show."""
    vendor_orders = {account: list(orders) for account, orders in shown.vendor_orders.items()}
    gone: set[tuple[str, str]] = set()
    unreadable = list(shown.unreadable)
    for account, vendor_order_id in to_ask(books, shown):
        try:
            vendor_orders[account].append(await bridge.suppliers[account].order(vendor_order_id))
        except NotFound:
            gone.add((account, vendor_order_id))
        except VendorError as error:
            unreadable.append((f"vendor order {account}/{vendor_order_id}", str(error)))
    return replace(shown, vendor_orders=vendor_orders, gone=frozenset(gone), unreadable=tuple(unreadable))


def _note(session: Session, found: Audit) -> None:
    told = "\n".join(f"{one.kind} {one.subject}: {one.why}" for one in found.differences[:MOST_TOLD])
    outcome = "audit: differences" if found.differences else "audit: balanced"
    timeline.note(session, SUBJECT, outcome, at=found.at, since=found.since, **found.figures, told=told)


def _lost_jobs(found: Audit, occasion: str) -> Iterator[NewJob]:
    for one in found.differences:
        if one.kind is Kind.LOST:
            order_id = one.subject.partition("/")[2]
            yield take_job(one.store, order_id, occasion, found.at)
