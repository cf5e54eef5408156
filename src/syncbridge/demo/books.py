"""Whether the vendors' own books balance: what was bought against what was ordered, asked of nobody's database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass

from syncbridge.demo.scenario import BY_HAND, MAIN, STORE, Scenario, Trouble
from syncbridge.demo.world import Books, listed, mark_in
from syncbridge.rules.routing import intent_key

MOST_SPLITS = 5
DONE = ("WAIT_BUYER_ACCEPT_GOODS", "FUND_PROCESSING", "FINISH")


@dataclass(frozen=True, slots=True)
class Balance:
    """What the books say."""

    placed: int
    doubled: int
    lost: int
    declared: int
    pushed: int
    differences: tuple[str, ...]
    """One sentence for each thing that does not fit."""


def balance(scenario: Scenario, supplier: Books, channel: Books, sent: Mapping[str, str], waiting: Set[str]) -> Balance:
    """Hold both vendors' books against the scenario.

    `sent` is what the forwarder sent (number by mark), `waiting` the subjects a person can see in the retry queue:
    an order that is neither declared nor visible there is lost.
    """
    owners = _owners(scenario)
    bought: dict[str, list[dict[str, object]]] = {}
    differences = []
    for order in supplier["orders"]:
        intent = _intent_of(order, owners)
        if intent is None:
            differences.append(f"vendor order {order['orderId']} belongs to no intent")
        else:
            bought.setdefault(intent, []).append(order)
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
        elif states[planned.order_id]["status"] in DONE:
            differences += _fulfilled(planned.order_id, Counter(_wanted(scenario, planned.order_id)), mine)
            differences += _declared(states[planned.order_id], mine, sent)
        elif planned.trouble is not Trouble.NONE and mine:
            differences.append(f"order {planned.order_id} ({planned.trouble}) was bought all the same")
    declarations = [d for order in channel["orders"] for d in listed(order["declarations"])]
    return Balance(
        placed=len(supplier["orders"]),
        doubled=doubled,
        lost=len(lost),
        declared=len(declarations),
        pushed=sum(bool(order["declarations"]) for order in channel["orders"]),
        differences=tuple(differences),
    )


def _owners(scenario: Scenario) -> dict[str, str]:
    """The channel order each possible intent belongs to; intents have derived names."""
    owners = {}
    for order in scenario.orders:
        for account in (MAIN, BY_HAND):
            for split in range(MOST_SPLITS):
                owners[intent_key(STORE, order.order_id, account, split).mark] = order.order_id
    return owners


def _intent_of(order: dict[str, object], owners: Mapping[str, str]) -> str | None:
    mark = mark_in(str(order["message"]))
    return mark if mark in owners else None


def _wanted(scenario: Scenario, order_id: str) -> dict[tuple[str, str], int]:
    (order,) = [order for order in scenario.orders if order.order_id == order_id]
    return {(want.offer_id, want.spec_id): want.quantity for want in order.wants}


def _fulfilled(order_id: str, wanted: Counter[tuple[str, str]], bought: list[dict[str, object]]) -> list[str]:
    got: Counter[tuple[str, str]] = Counter()
    for order in bought:
        for line in listed(order["lines"]):
            got[(str(line["offerId"]), str(line["specId"]))] += int(str(line["quantity"]))
    return [] if got == wanted else [f"order {order_id} wanted {dict(wanted)} and got {dict(got)}"]


def _declared(order: dict[str, object], bought: list[dict[str, object]], sent: Mapping[str, str]) -> list[str]:
    numbers = [str(declared["logistics_no"]) for declared in listed(order["declarations"])]
    right = [sent.get(mark_in(str(one["message"])), "none") for one in bought]
    return [] if sorted(numbers) == sorted(right) else [f"order {order['order_id']}: declared {numbers}, not {right}"]


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
