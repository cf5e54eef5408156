"""What the vendors' books say of a day that is over: bought, paid, declared and listed once, or taken back whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncbridge.demo.abroad import listed, numbers
from syncbridge.demo.scenario import MAIN
from syncbridge.model.money import Money
from syncbridge.rules.pricing import Goods, price
from tests.crash.day import DEARER, DONE, Day, Ending
from tests.crash.settings import cost_of

UNDER_WAY = timedelta(seconds=4)
"""What was decided on before a cancel may reach the supplier so much later: two total deadlines."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What does not balance; all zero and empty if everything does."""

    doubled: int
    lost: int
    bought_after_cancel: int
    outside_band: int
    unbalanced: tuple[str, ...]


def judge(day: Day) -> Verdict:
    """Hold the vendors' books against the day, and our tables against SQLite's own check."""
    delivered = day.ending is Ending.DELIVERED
    late = list(_bought_after_cancel(day))
    outside = list(_outside_band(day))
    lost = list(_not_delivered(day) if delivered else _not_taken_back(day))
    doubled = len(day.supplier_books["orders"]) - 1
    findings = [*day.complaints, *late, *outside, *lost, *_money(day), *_listed(day), *_ours(day)]
    if doubled > 0:
        findings.append(f"{doubled + 1} orders at the supplier")
    return Verdict(max(0, doubled), bool(lost), len(late), len(outside), tuple(findings))


def _not_delivered(day: Day) -> Iterator[str]:
    orders, bought = day.channel_books["orders"], day.supplier_books["orders"]
    if not orders or orders[0]["status"] not in DONE or not bought:
        yield "the order is not delivered"
        return
    declared = [parcel["logistics_no"] for parcel in listed(orders[0]["declarations"])]
    sent = numbers(bought[0], day.way, day.channel_books, day.forwarder.sent)
    if declared != sent or len(sent) != 1:
        yield f"declared were {declared}, sent or booked was {sent}"


def _not_taken_back(day: Day) -> Iterator[str]:
    supplier = day.supplier_books
    back = [*supplier["cancels"], *supplier["refunds"]]
    if [entry["orderId"] for entry in back] != [order["orderId"] for order in supplier["orders"]]:
        yield f"bought were {supplier['orders']}, taken back {back}"
    if any(refund["status"] != "refundsuccess" for refund in supplier["refunds"]):
        yield f"the money is not back: {supplier['refunds']}"
    if any(listed(order["declarations"]) for order in day.channel_books["orders"]):
        yield "a cancelled order was declared"


def _bought_after_cancel(day: Day) -> Iterator[str]:
    for sold in day.channel_books["orders"]:
        if sold["cancel_asked_at"] is None:
            continue
        heard = datetime.fromisoformat(str(sold["cancel_asked_at"])) + UNDER_WAY
        for order in day.supplier_books["orders"]:
            for what in ("createTime", "payTime"):
                if order[what] and datetime.fromisoformat(str(order[what])) > heard:
                    yield f"{what} of {order['orderId']} is {order[what]}, long after the cancel"


def _money(day: Day) -> Iterator[str]:
    """Each order is paid once and whole, or, where it was cancelled unpaid, not at all."""
    paid = [(move["orderId"], move["amount"]) for move in day.supplier_books["money"]]
    due = [(order["orderId"], order["total"]) for order in day.supplier_books["orders"] if order["payTime"]]
    if paid != due:
        yield f"paid was {paid}, due {due}"


def _listed(day: Day) -> Iterator[str]:
    products = [product["status"] for product in day.channel_books["products"]]
    if products != ["onSelling"]:
        yield f"listed were {products}"


def _outside_band(day: Day) -> Iterator[str]:
    """Only the price of the old cost and that of the new one may ever be shown."""
    route = next(route for route in day.rules.routes if route.supplier == MAIN)
    cost = cost_of(day.number, 1)
    allowed = {
        str(price(Goods(Money(amount, "CNY")), route.price, day.rules.rates).price.amount)
        for amount in (cost, cost + DEARER)
    }
    yield from (f"the price {shown} was shown, not one of {allowed}" for shown in day.prices - allowed)


def _ours(day: Day) -> Iterator[str]:
    checks: Sequence[tuple[str, list[tuple[object, ...]]]] = (
        ("PRAGMA integrity_check", [("ok",)]),
        ("SELECT count(*) FROM timeline WHERE event = 'placed'", [(1,)]),
        ("SELECT key, reason FROM job WHERE state = 'parked'", []),
        ("SELECT count(*) FROM vendor_order WHERE purchase IS NULL", [(0,)]),
    )
    for query, expected in checks:
        if (found := day.rows(query)) != expected:
            yield f"{query}: {found}"
