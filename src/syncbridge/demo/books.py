"""Whether the vendors' own books balance: what was bought against what was ordered, asked of nobody's database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from syncbridge.demo.abroad import DONE, Books, Declarations, code_of, declarations, listed, mark_in, owners_of, ways_of
from syncbridge.demo.scenario import STORE, Change, Scenario, Want
from syncbridge.flows.retry_queue import Entry
from syncbridge.model.money import Money
from syncbridge.rules.mapping import Rules
from syncbridge.rules.planning import Brakes
from syncbridge.rules.pricing import Goods, Priced, price

ONE_TOO_MANY = "vendor_order_extra"
"""The code of the queue's entries about vendor orders that nobody wants."""
UNDONE = ("cancel", "terminated")
"""Vendor orders that no longer count: nothing of them is left to pay or to ship (1688.md §5.6)."""


@dataclass(frozen=True, slots=True)
class Day:
    """What happened beyond the scenario."""

    hearing: timedelta = timedelta(seconds=4)
    """How long a purchase may be under way that was decided on before; two total deadlines."""
    repriced: Sequence[Change] = ()
    """Prices suppliers asked for beside those of the scenario."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What the books say."""

    placed: int
    doubled: int
    lost: int
    declared: int
    pushed: int
    bought_after_cancel: int
    """Vendor orders made or paid by us when the channel order had long said that it was cancelled."""
    outside_band: int
    """Prices shown outside floor and ceiling, or one step past the brake from the price before."""
    declarations: Declarations
    differences: tuple[str, ...]
    """One sentence for each thing that does not fit."""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the books are held against."""

    scenario: Scenario
    rules: Rules
    sent: Mapping[str, str]
    """What the forwarder sent: number by mark."""
    waiting: Set[str]
    """Subjects a person can see in the retry queue; an order neither declared nor visible there is lost."""
    too_many: Set[str] = frozenset()
    """Vendor orders the person is told to cancel."""
    day: Day = field(default_factory=Day)


def balance(story: Story, supplier: Books, channel: Books) -> Balance:
    """Hold both vendors' books against what happened."""
    scenario, waiting = story.scenario, story.waiting
    owners = owners_of(scenario)
    cancelled = _cancelled(channel)
    bought: dict[str, list[dict[str, object]]] = {}
    differences = []
    for order in supplier["orders"]:
        intent = _intent_of(order, owners)
        if intent is None:
            differences.append(f"vendor order {order['orderId']} belongs to no intent")
        elif order["status"] not in UNDONE:
            bought.setdefault(intent, []).append(order)
    late = list(_bought_after_cancel(cancelled, story.day.hearing, supplier, owners))
    outside = list(_outside_band(story, channel))
    abroad = declarations(owners, ways_of(scenario, story.rules), supplier, channel, story.sent)
    differences += [*late, *outside, *abroad.differences, *_listed_twice(channel)]
    doubled = sum(len(orders) - 1 for orders in bought.values())
    states = {str(order["order_id"]): order for order in channel["orders"]}
    lost = [o for o in states if states[o]["status"] not in DONE and f"order {STORE}/{o}" not in waiting]
    differences += [f"intent {intent} was bought {len(o)} times" for intent, o in bought.items() if len(o) > 1]
    differences += [f"order {order_id} is neither declared nor in the retry queue" for order_id in lost]
    differences += _money(supplier)
    for planned in scenario.orders:
        mine = [order for intent, orders in bought.items() if owners[intent] == planned.order_id for order in orders]
        if planned.order_id not in states:
            differences.append(f"order {planned.order_id} is not in the channel's books")
        elif planned.order_id in cancelled:
            differences += _taken_back(planned.order_id, mine, story)
        elif states[planned.order_id]["status"] in DONE:
            differences += _fulfilled(planned.order_id, Counter(wanted(scenario, planned.order_id)), mine)
        elif not planned.trouble.is_bought and mine:
            differences.append(f"order {planned.order_id} ({planned.trouble}) was bought all the same")
    return Balance(
        placed=len(supplier["orders"]),
        doubled=doubled,
        lost=len(lost),
        declared=sum(len(listed(order["declarations"])) for order in channel["orders"]),
        pushed=sum(bool(order["declarations"]) for order in channel["orders"]),
        bought_after_cancel=len(late),
        outside_band=len(outside),
        declarations=abroad,
        differences=tuple(differences),
    )


def _intent_of(order: dict[str, object], owners: Mapping[str, str]) -> str | None:
    mark = mark_in(str(order["message"]))
    return mark if mark in owners else None


def wanted(scenario: Scenario, order_id: str) -> dict[tuple[str, str], int]:
    """How many of each (offer, spec) an order asks for."""
    (order,) = [order for order in scenario.orders if order.order_id == order_id]
    return {(want.offer_id, want.spec_id): want.quantity for want in order.wants}


def _fulfilled(order_id: str, wanted: Counter[tuple[str, str]], bought: list[dict[str, object]]) -> list[str]:
    got: Counter[tuple[str, str]] = Counter()
    for order in bought:
        for line in listed(order["lines"]):
            got[(str(line["offerId"]), str(line["specId"]))] += int(str(line["quantity"]))
    return [] if got == wanted else [f"order {order_id} wanted {dict(wanted)} and got {dict(got)}"]


def _money(supplier: Books) -> list[str]:
    """Each vendor order is paid once and whole, if it is paid."""
    paid = Counter(str(move["orderId"]) for move in supplier["money"])
    totals = {str(order["orderId"]): str(order["total"]) for order in supplier["orders"]}
    wrong = [f"vendor order {order_id} was paid {times} times" for order_id, times in paid.items() if times > 1]
    return wrong + [
        f"vendor order {move['orderId']}: {move['amount']} was paid, not {totals.get(str(move['orderId']))}"
        for move in supplier["money"]
        if str(move["amount"]) != totals.get(str(move["orderId"]))
    ]


def _cancelled(channel: Books) -> dict[str, datetime]:
    """Orders that were cancelled, and since when whoever read one saw that the buyer wanted it."""
    return {
        str(order["order_id"]): datetime.fromisoformat(str(order["cancel_asked_at"] or order["cancelled_at"]))
        for order in channel["orders"]
        if order["cancelled_at"]
    }


def _taken_back(order_id: str, bought: Sequence[dict[str, object]], story: Story) -> list[str]:
    """Of a cancelled order nothing is left that nobody knows of."""
    if f"order {STORE}/{order_id}" in story.waiting:
        return []
    untold = [one for one in bought if str(one["orderId"]) not in story.too_many]
    return [f"order {order_id} was cancelled, but vendor order {one['orderId']} is {one['status']}" for one in untold]


def too_many(queue: Iterable[Entry]) -> set[str]:
    """Vendor orders of which the retry queue says that nobody wants them."""
    return {entry.subject.rpartition("/")[2] for entry in queue if entry.code == ONE_TOO_MANY}


def _bought_after_cancel(
    cancelled: Mapping[str, datetime], hearing: timedelta, supplier: Books, owners: Mapping[str, str]
) -> Iterator[str]:
    """What we made or paid too late; what a person buys on the supplier's page carries no outer order id."""
    for order in supplier["orders"]:
        owner = owners.get(mark_in(str(order["message"])), "")
        if owner not in cancelled or not order["outOrderId"]:
            continue
        heard = cancelled[owner] + hearing
        for what in ("createTime", "payTime"):
            if order[what] and datetime.fromisoformat(str(order[what])) > heard:
                yield f"order {owner} was cancelled by {heard}, vendor order {order['orderId']}: {what} {order[what]}"


def _listed_twice(channel: Books) -> list[str]:
    codes = Counter(str(sku["sku_code"]) for product in channel["products"] for sku in listed(product["skus"]))
    return [f"SKU {code} is listed {times} times" for code, times in codes.items() if times > 1]


def _outside_band(story: Story, channel: Books) -> Iterator[str]:
    """Each price shown lies between the floor of the least and the price of the greatest cost ever asked for."""
    bands = _bands(story)
    for product in channel["products"]:
        for sku in listed(product["skus"]):
            code, former = str(sku["sku_code"]), sku["former_prices"]
            assert isinstance(former, list)  # noqa: S101  the mock's own shape
            shown = [Money.of(amount, "USD") for amount in (*former, str(sku["price"]))]
            if code in bands and not all(bands[code][0] <= one <= bands[code][1] for one in shown):
                yield f"SKU {code} was shown at {shown}, not between {bands[code]}"
            for before, after in pairwise(shown):
                if abs(after.amount - before.amount) > before.amount * Brakes().price_step:
                    yield f"SKU {code} went from {before} to {after} in one step"


def _bands(story: Story) -> dict[str, tuple[Money, Money]]:
    """Least floor and greatest price of each SKU, in the channel's currency."""
    scenario, rules = story.scenario, story.rules
    told = (scenario.price_change, scenario.price_jump, *story.day.repriced)
    bands = {}
    for supplier, offers in scenario.offers.items():
        policy = next(route.price for route in rules.routes if route.supplier == supplier)
        for offer in offers:
            for spec in listed(offer["productSkuInfos"]):
                offer_id, spec_id = str(offer["offerId"]), str(spec["specId"])
                asked = [change.value for change in told if (change.offer_id, change.spec_id) == (offer_id, spec_id)]
                priced: list[Priced] = [
                    price(Goods(Money.of(cost, "CNY")), policy, rules.rates) for cost in (str(spec["price"]), *asked)
                ]
                code = code_of(Want(supplier, offer_id, spec_id, 1), rules)
                bands[code] = (min(one.floor for one in priced), max(one.price for one in priced))
    return bands
