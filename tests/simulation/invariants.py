"""What must hold after every step (reliability.md A2), seen by the database's triggers and in the vendors' books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime

from syncbridge.demo.abroad import Books, declarations, listed, mark_in
from syncbridge.demo.books import UNDONE, wanted
from syncbridge.demo.scenario import STORE, Scenario
from syncbridge.flows.bridge import order_subject
from syncbridge.rules.mapping import ShippingWay
from tests.simulation import database

VENDOR_WRITES = (
    "supplier.place",
    "supplier.pay",
    "supplier.cancel",
    "supplier.refund",
    "channel.book",
    "channel.declare",
)


class Broken(AssertionError):
    """An invariant does not hold."""


def is_step(point: str) -> bool:
    """Whether our tables may have changed: a job was closed."""
    return point.endswith(":closed")


def is_write(point: str) -> bool:
    """Whether a vendor's books may have changed."""
    name, _, moment = point.rpartition(":")
    return moment == "answered" and name in VENDOR_WRITES


def check_tables(began: datetime) -> None:
    """I1, I2, I7, I8, I9 as the triggers saw them, and I6: every running job is held by the life that began then."""
    found = [str(what) for (what,) in database.rows("SELECT what FROM violation")]
    held = "SELECT key FROM job WHERE state = 'running' AND claimed_at < ?"
    found += [f"I6: {key} is held by nobody alive" for (key,) in database.rows(held, f"{began:%Y-%m-%d %H:%M:%S.%f}")]
    _raise(found)


def check_inbox(account: str, keys: Sequence[str]) -> None:
    """I2: what was acknowledged is in the inbox, once."""
    count = "SELECT count(*) FROM inbox WHERE account = ? AND key = ?"
    times = {key: database.rows(count, account, key)[0][0] for key in keys}
    _raise([f"I2: the inbox of {account} has {key} {count} times" for key, count in times.items() if count != 1])


def check_quota(called: int, per_second: float) -> None:
    """I10: an account's calls keep to its pace, but for the few whose turn comes at the edge of a second."""
    _raise([f"I10: {called} calls within a second, {per_second} are granted"] if called > per_second * 1.2 else [])


def check_books(
    scenario: Scenario,
    owners: Mapping[str, str],
    ways: Mapping[str, ShippingWay],
    supplier: Books,
    channel: Books,
    sent: Mapping[str, str],
) -> None:
    """I1 and I4 by what the vendors have: nothing bought beyond the wish; no parcel booked or declared twice, declared
    for another order or by its domestic number, or left out of an order that is told to be wholly shipped."""
    wrong = declarations(owners, ways, supplier, channel, sent).differences
    _raise([*_bought_too_much(scenario, owners, supplier), *(f"I4: {difference}" for difference in wrong)])


def written(supplier: Books, channel: Books) -> Iterator[tuple[str, str, str]]:
    """What we wrote at the vendors: what it is called on the timeline, its name, and the parcel mark if it has one."""
    for order in supplier["orders"]:
        yield "placed", str(order["orderId"]), mark_in(str(order["message"]))
    for booked in channel["warehouse_orders"]:
        yield "parcel booked", str(booked["warehouse_order_id"]), ""
    for order in channel["orders"]:
        for parcel in listed(order["declarations"]):
            yield "declared", str(parcel["logistics_no"]), ""
    for product in channel["products"]:
        yield "posted", str(product["product_id"]), ""


def unexplained(written: Iterable[tuple[str, str, str]], owners: Mapping[str, str], waiting: Set[str]) -> list[str]:
    """I9: every write of ours is on the timeline, or its order waits for a person; what is not."""
    notes = [f"{event} {details}" for event, details in database.rows("SELECT event, details FROM timeline")]
    return [
        f"I9: nothing explains that {name} was {event}"
        for event, name, mark in written
        if order_subject(STORE, owners.get(mark, "")) not in waiting
        and not any(note.startswith(event) and name in note for note in notes)
    ]


def _bought_too_much(scenario: Scenario, owners: Mapping[str, str], supplier: Books) -> Iterator[str]:
    got: dict[str, Counter[tuple[str, str]]] = {}
    for order in supplier["orders"]:
        owner = owners.get(mark_in(str(order["message"])))
        if owner is None or order["status"] in UNDONE:
            continue
        for line in listed(order["lines"]):
            got.setdefault(owner, Counter())[(str(line["offerId"]), str(line["specId"]))] += int(str(line["quantity"]))
    for owner, bought in got.items():
        extra = bought - Counter(wanted(scenario, owner))
        if extra:
            yield f"I1: {dict(extra)} too much was bought for order {owner}"


def _raise(found: list[str]) -> None:
    if found:
        raise Broken("; ".join(found))
