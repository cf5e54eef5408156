"""Which way abroad each purchase of a scenario goes, and with which number, by the books of whoever gave it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncbridge.demo.scenario import BY_HAND, MAIN, STORE, Scenario, Want
from syncbridge.rules.codes import reference_code
from syncbridge.rules.mapping import Rules, ShippingWay
from syncbridge.rules.routing import intent_key, route_for

MOST_SPLITS = 5
MOST_ALTERNATIVES = 3
SPLITS_OF_AN_ALTERNATIVE = 100
DONE = ("WAIT_BUYER_ACCEPT_GOODS", "FUND_PROCESSING", "FINISH")
"""An order on the channel that was wholly shipped, or ended."""
Books = Mapping[str, list[dict[str, object]]]


def owners_of(scenario: Scenario) -> dict[str, str]:
    """The channel order each possible intent belongs to; intents have derived names."""
    return {mark: order_id for account in (MAIN, BY_HAND) for mark, order_id in _marks(scenario, account)}


def ways_of(scenario: Scenario, rules: Rules) -> dict[str, ShippingWay]:
    """The way abroad of each possible intent, by its mark."""
    countries = {order.order_id: order.country for order in scenario.orders}
    return {
        mark: way_of(account, countries[order_id], rules)
        for account in (MAIN, BY_HAND)
        for mark, order_id in _marks(scenario, account)
    }


def way_of(supplier: str, country: str, rules: Rules) -> ShippingWay:
    """How parcels of what is bought there get to a country."""
    prefix = next(route.prefix for route in rules.routes if route.supplier == supplier)
    route = route_for(prefix, STORE, rules, country)
    assert route is not None  # noqa: S101  the prefix is its own
    return route.ship


def numbers(order: Mapping[str, object], way: ShippingWay, channel: Books, sent: Mapping[str, str]) -> Sequence[str]:
    """The international numbers given to what a vendor order sent; more than one if it was booked twice.

    `sent` is what the forwarder sent, by mark. A parcel is booked under its waybill, or if its label came first, under
    a name made of its mark: the one whose number the supplier was told, since a buyer who moves makes the first vain.
    """
    note = str(order["message"])
    mark, booked = mark_in(note), [one for one in channel["warehouse_orders"] if one["status"] != "closed"]
    match way:
        case ShippingWay.FORWARDER:
            return [sent[mark]] if mark in sent else []
        case ShippingWay.OFFICIAL:
            names = {str(parcel["number"]) for parcel in listed(order["parcels"])}
        case ShippingWay.LABEL_FIRST:
            mine = [one for one in booked if str(one["domestic_no"]).partition("-")[0] == mark]
            names = {str(one["domestic_no"]) for one in mine if one["number"] and str(one["number"]) in note}
    return [str(one["number"]) for one in booked if one["domestic_no"] in names]


@dataclass(frozen=True, slots=True)
class Declarations:
    """What the channel's books say of the parcels we declared."""

    routes: Mapping[ShippingWay, int]
    """Orders that were wholly shipped with a parcel on each way."""
    twice: int
    domestic: int
    """Numbers of the supplier's courier that were declared as international ones."""
    wrong: int
    """Numbers that nobody gave to a parcel of the order."""
    differences: tuple[str, ...]


def declarations(
    owners: Mapping[str, str],
    ways: Mapping[str, ShippingWay],
    supplier: Books,
    channel: Books,
    sent: Mapping[str, str],
) -> Declarations:
    """Hold what was declared against the numbers that parcels were given; `sent` is the forwarder's, by mark."""
    given: dict[str, dict[str, ShippingWay]] = {}
    differences = []
    for bought in supplier["orders"]:
        mark = mark_in(str(bought["message"]))
        if mark not in owners:
            continue
        found = numbers(bought, ways[mark], channel, sent)
        if len(found) > 1:
            differences.append(f"the parcel of vendor order {bought['orderId']} was booked {len(found)} times")
        given.setdefault(owners[mark], {}).update(dict.fromkeys(found, ways[mark]))
    domestic = {str(parcel["number"]) for order in supplier["orders"] for parcel in listed(order["parcels"])}
    routes, times, wrong = Counter[ShippingWay](), Counter[str](), []
    for order in channel["orders"]:
        order_id, mine = str(order["order_id"]), given.get(str(order["order_id"]), {})
        declared = [str(parcel["logistics_no"]) for parcel in listed(order["declarations"])]
        times.update(declared)
        wrong += [f"order {order_id}: nobody gave {number} to a parcel of it" for number in {*declared} - mine.keys()]
        if order["status"] in DONE and not order["cancelled_at"]:
            routes.update({mine[number] for number in {*declared} & mine.keys()})
            left_out = mine.keys() - {*declared}
            differences += [f"order {order_id}: {number} was not declared" for number in sorted(left_out)]
    twice = {number: count for number, count in times.items() if count > 1}
    differences += [*wrong, *(f"{number} was declared {count} times" for number, count in twice.items())]
    differences += [f"{number} is domestic, and was declared" for number in sorted(domestic & times.keys())]
    return Declarations(routes, len(twice), len(domestic & times.keys()), len(wrong), tuple(differences))


def code_of(want: Want, rules: Rules) -> str:
    """The SKU code a spec is listed under: derived, so no database is asked."""
    route = next(route for route in rules.routes if route.supplier == want.supplier and not route.destinations)
    return reference_code(route, STORE, want.offer_id, want.spec_id, rules)


def mark_in(note: str) -> str:
    """The parcel mark a supplier finds in the buyer note; empty if there is none."""
    found = re.search(r"唛头 (\w+)", note)
    return found.group(1) if found else ""


def listed(value: object) -> list[dict[str, object]]:
    """A list of a mock's books."""
    assert isinstance(value, list)  # noqa: S101  the mock's own shape
    return value


def _marks(scenario: Scenario, account: str) -> list[tuple[str, str]]:
    """Every mark that an intent to buy from the account could have, with its order."""
    numbers = [
        alternative * SPLITS_OF_AN_ALTERNATIVE + split
        for alternative in range(MOST_ALTERNATIVES)
        for split in range(MOST_SPLITS)
    ]
    return [
        (intent_key(STORE, order.order_id, account, number).mark, order.order_id)
        for order in scenario.orders
        for number in numbers
    ]
