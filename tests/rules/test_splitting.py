"""How an order falls into purchases: by account, shop and way; in parts, from backups, and from own stock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.model.money import Money
from syncbridge.model.orders import OrderLine
from syncbridge.model.purchasing import IntentKey, PurchaseLine
from syncbridge.rules.mapping import (
    BuyMode,
    LineChoice,
    Part,
    Place,
    Preferred,
    Route,
    Rules,
    ShippingWay,
    SkuRule,
    Way,
)
from syncbridge.rules.routing import (
    MOST_LINES,
    MOST_SPLITS,
    BoundSpec,
    Routing,
    alternatives,
    backup_keys,
    intent_key,
    split,
    ways,
)
from syncbridge.testing.builders import make_offer, make_order_line, make_spec
from tests.rules.conftest import PARCELS, dollars, make_policy, make_route, make_rules, order_of
from tests.rules.test_ledger import purchase

SPEC = f"{1:032x}"
OTHER = f"{2:032x}"
RULES = make_rules()
SHOPS = {
    (account, shop): make_offer(shop, make_spec(1, cost="10.00"), make_spec(2, cost="30.00"), supplier_id=shop)
    for account in ("main", "second")
    for shop in ("shop-a", "shop-b", "shop-c", "a", "b", "c")
}
"""Every shop sells one offer, which is named as the shop is."""


def bound(spec: str = SPEC, *, supplier: str = "main", shop: str = "shop-a") -> BoundSpec:
    return BoundSpec(supplier, shop, spec)


def routed(lines: Sequence[OrderLine], bindings: Mapping[str, BoundSpec], rules: Rules = RULES) -> Routing:
    return split(order_of(*lines), "toys", bindings, SHOPS, rules)


def test_lines_of_one_shop_are_one_purchase() -> None:
    lines = [make_order_line("TY1", 2, line_id="1"), make_order_line("TY2", 3, line_id="2")]

    routing = routed(lines, {"TY1": bound("a"), "TY2": bound("b")})

    (part,) = routing.splits
    assert [(line.spec_id, line.quantity) for line in part.lines] == [("a", 2), ("b", 3)]
    assert part.number == 0


def test_lines_of_two_shops_are_two_purchases_with_numbers_of_their_own() -> None:
    lines = [make_order_line("TY1", line_id="1"), make_order_line("TY2", line_id="2")]
    bindings = {"TY1": bound(shop="shop-b"), "TY2": bound(shop="shop-a")}

    routing = routed(lines, bindings)

    assert [part.number for part in routing.splits] == [0, 1]


def test_lines_whose_parcels_go_abroad_in_different_ways_are_two_purchases() -> None:
    lines = [make_order_line("TY1", line_id="1"), make_order_line("XX1", line_id="2")]
    bindings = {"TY1": bound("a"), "XX1": bound("b")}
    booked = make_route(ship=ShippingWay.OFFICIAL, parcels=PARCELS)
    other = replace(PARCELS, name_en="pen")
    faster = replace(other, choice=LineChoice(prefer=Preferred.FASTEST))

    def purchases(**other: Any) -> int:  # the fields differ in type
        return len(routed(lines, bindings, make_rules(booked, make_route("XX", **other))).splits)

    assert purchases() == 2
    assert purchases(ship=ShippingWay.LABEL_FIRST, parcels=PARCELS) == 2
    assert purchases(ship=ShippingWay.OFFICIAL, parcels=faster) == 2
    assert purchases(ship=ShippingWay.OFFICIAL, parcels=replace(other, countries={"ES": LineChoice(("A",))})) == 2
    assert purchases(ship=ShippingWay.OFFICIAL, parcels=other) == 1


def test_numbers_count_for_each_supplier_account() -> None:
    rules = make_rules(make_route("TY"), make_route("XX", supplier="second"))
    lines = [make_order_line("TY1", line_id="1"), make_order_line("XX1", line_id="2")]
    bindings = {"TY1": bound(), "XX1": bound(supplier="second")}

    routing = routed(lines, bindings, rules)

    assert [(part.route.supplier, part.number) for part in routing.splits] == [("main", 0), ("second", 0)]


def test_two_skus_of_one_spec_are_one_line() -> None:
    lines = [make_order_line("TY1", 2, line_id="1"), make_order_line("TY2", 3, line_id="2")]

    routing = routed(lines, {"TY1": bound(), "TY2": bound()})

    assert [line.quantity for line in routing.splits[0].lines] == [5]


def test_the_payout_is_what_the_channel_leaves_of_the_lines() -> None:
    routing = routed([make_order_line("TY1", 2)], {"TY1": bound()})

    assert routing.splits[0].payout == dollars("36.62")  # 2 × 19.90 less 8 %, 36.616


def test_the_payout_uses_the_commission_of_each_lines_own_route() -> None:
    rules = make_rules(make_route("TY"), make_route("TYX", price=make_policy(commission=0)))
    routing = routed([make_order_line("TYX1", 1)], {"TYX1": bound()}, rules)

    assert routing.splits[0].payout == dollars("19.90")


def test_lines_somebody_else_sends_are_left_alone() -> None:
    line = replace(make_order_line("TY1"), ours_to_ship=False)

    routing = routed([line], {})

    assert (routing.splits, routing.unrouted) == ((), ())


def test_each_line_that_cannot_be_routed_is_a_sentence_with_its_place() -> None:
    lines = [make_order_line(code, line_id=code) for code in ("ZZ1", "TY1", "TY2", "TY3")]
    bindings = {"TY2": bound(supplier="second"), "TY3": bound()}

    routing = routed(lines, bindings)

    assert routing.unrouted == (
        "no route's prefix fits SKU ZZ1 of store toys",
        "SKU TY1 is bound to no offer (route route-TY, shop.yaml:12:1)",
        "SKU TY2 is bound to an offer of second, but route route-TY (shop.yaml:12:1) buys from main",
    )
    assert len(routing.splits) == 1


quantities = st.lists(
    st.tuples(st.integers(1, 130), st.integers(1, 9), st.sampled_from("abc")), min_size=1, max_size=130
)


@given(quantities)
def test_splitting_loses_nothing_adds_nothing_and_keeps_the_bounds(wanted: list[tuple[int, int, str]]) -> None:
    lines = [make_order_line(f"TY{n}", quantity, line_id=str(n)) for n, (_, quantity, _) in enumerate(wanted)]
    bindings = {f"TY{n}": bound(f"spec-{spec}-{shop}", shop=shop) for n, (spec, _, shop) in enumerate(wanted)}

    routing = routed(lines, bindings)

    asked: Counter[str] = Counter()
    for n, (_, quantity, _) in enumerate(wanted):
        asked[bindings[f"TY{n}"].spec_id] += quantity
    bought: Counter[str] = Counter()
    for part in routing.splits:
        assert len(part.lines) <= MOST_LINES
        assert len({line.spec_id.rsplit("-", 1)[1] for line in part.lines}) == 1
        for line in part.lines:
            bought[line.spec_id] += line.quantity
    assert bought == asked
    assert [part.number for part in routing.splits] == list(range(len(routing.splits)))


def test_fifty_lines_are_one_purchase_and_one_more_is_two() -> None:
    def parts(count: int) -> int:
        lines = [make_order_line(f"TY{n}", line_id=str(n)) for n in range(count)]
        bindings = {f"TY{n}": bound(str(n)) for n in range(count)}
        return len(routed(lines, bindings).splits)

    assert (parts(MOST_LINES), parts(MOST_LINES + 1)) == (1, 2)


def part(spec: str = SPEC, quantity: int = 1, *, shop: str = "shop-a") -> Part:
    return Part(shop, spec, quantity)


def sku_rule(code: str = "TY1", *parts: Part, backups: Sequence[Way] = (), stores: tuple[str, ...] = ()) -> SkuRule:
    return SkuRule(code, stores, parts, tuple(backups), Place("shop.yaml", 90))


def rules_with(*skus: SkuRule, route: Route | None = None) -> Rules:
    return replace(make_rules(*([route] if route else [])), skus=skus)


def pieces(routing: Routing) -> list[list[PurchaseLine]]:
    return [list(part.lines) for part in routing.splits]


def test_a_set_is_bought_as_so_many_of_one_spec() -> None:
    routing = routed([make_order_line("TY1", 2)], {}, rules_with(sku_rule("TY1", part(quantity=3))))

    assert pieces(routing) == [[PurchaseLine("shop-a", SPEC, 6)]]


def test_a_set_is_bought_as_several_specs_in_one_purchase_that_feeds_its_line_once() -> None:
    rules = rules_with(sku_rule("TY1", part(quantity=2), part(OTHER)))

    routing = routed([make_order_line("TY1", 2, line_id="7")], {}, rules)

    assert pieces(routing) == [[PurchaseLine("shop-a", SPEC, 4), PurchaseLine("shop-a", OTHER, 2)]]
    assert routing.splits[0].line_ids == ("7",)


def test_a_set_from_two_shops_is_two_purchases_that_both_feed_its_line() -> None:
    rules = rules_with(sku_rule("TY1", part(), part(shop="shop-b")))

    routing = routed([make_order_line("TY1", line_id="7")], {}, rules)

    assert [(split.number, split.line_ids) for split in routing.splits] == [(0, ("7",)), (1, ("7",))]


def test_parts_are_bought_although_the_sku_is_bound_to_a_spec() -> None:
    routing = routed([make_order_line("TY1", 1)], {"TY1": bound()}, rules_with(sku_rule("TY1", part(OTHER))))

    assert pieces(routing) == [[PurchaseLine("shop-a", OTHER, 1)]]


def test_a_part_and_a_line_of_the_same_spec_are_one_line_of_the_purchase() -> None:
    lines = [make_order_line("TY1", 1, line_id="1"), make_order_line("TY2", 5, line_id="2")]

    routing = routed(lines, {"TY2": bound()}, rules_with(sku_rule("TY1", part(quantity=3))))

    assert pieces(routing) == [[PurchaseLine("shop-a", SPEC, 8)]]
    assert routing.splits[0].line_ids == ("1", "2")


def test_a_rule_for_one_store_counts_there() -> None:
    rules = rules_with(sku_rule("TY1", part(quantity=3), stores=("toys",)))

    assert pieces(routed([make_order_line("TY1", 1)], {"TY1": bound()}, rules)) == [[PurchaseLine("shop-a", SPEC, 3)]]


def test_a_rule_for_one_store_says_nothing_in_another() -> None:
    rules = rules_with(sku_rule("TY1", part(quantity=3), stores=("games",)))

    routing = routed([make_order_line("TY1", 1)], {"TY1": bound()}, rules)

    assert pieces(routing) == [[PurchaseLine("shop-a", SPEC, 1)]]


def test_a_payout_is_shared_over_the_parts_by_what_they_cost() -> None:
    rules = rules_with(sku_rule("TY1", part(quantity=1), part(OTHER, shop="shop-b")))

    routing = routed([make_order_line("TY1", 2)], {}, rules)

    assert [split.payout for split in routing.splits] == [dollars("9.15"), dollars("27.46")]  # 10 : 30 of 36.616


def test_a_payout_is_shared_by_what_all_pieces_of_a_part_cost() -> None:
    rules = rules_with(sku_rule("TY1", part(quantity=9), part(OTHER, shop="shop-b")))

    routing = routed([make_order_line("TY1", 2)], {}, rules)

    assert [split.payout for split in routing.splits] == [dollars("27.46"), dollars("9.15")]  # 90 : 30 of 36.616


@pytest.mark.parametrize("cost", [None, "0"])
def test_a_payout_is_shared_by_pieces_where_a_cost_is_not_known(cost: str | None) -> None:
    offers = {**SHOPS, ("main", "shop-b"): make_offer("shop-b", make_spec(2, cost=cost), supplier_id="shop-b")}
    rules = rules_with(sku_rule("TY1", part(quantity=3), part(OTHER, shop="shop-b")))

    routing = split(order_of(make_order_line("TY1", 2)), "toys", {}, offers, rules)

    assert [split.payout for split in routing.splits] == [dollars("27.46"), dollars("9.15")]  # 3 : 1 of 36.616


def test_an_offer_that_was_never_read_leaves_its_line_unrouted_with_what_to_do() -> None:
    routing = routed([make_order_line("TY1")], {}, rules_with(sku_rule("TY1", part(), part(shop="nowhere"))))

    assert routing.splits == ()
    assert routing.unrouted == (
        "offer nowhere of SKU TY1 was never read from account main; "
        "add it to the pool of that account and wait for the next import",
    )


def test_more_than_fifty_specs_are_two_purchases_and_no_set_is_torn() -> None:
    sets = [sku_rule(f"TY{n}", *(part(f"{n}-{k}") for k in range(20))) for n in range(3)]
    lines = [make_order_line(f"TY{n}", line_id=str(n)) for n in range(3)]

    routing = routed(lines, {}, rules_with(*sets))

    assert [(len(split.lines), split.line_ids) for split in routing.splits] == [(40, ("0", "1")), (20, ("2",))]


def test_many_lines_of_few_specs_are_one_purchase() -> None:
    lines = [make_order_line(f"TY{n}", line_id=str(n)) for n in range(MOST_LINES + 1)]

    routing = routed(lines, {f"TY{n}": bound() for n in range(MOST_LINES + 1)})

    assert [len(split.lines) for split in routing.splits] == [1]


def test_more_purchases_than_there_are_numbers_are_left_to_a_person() -> None:
    shops = [str(n) for n in range(MOST_SPLITS + 1)]
    offers = {("main", shop): make_offer(shop, supplier_id=shop) for shop in shops}
    lines = [make_order_line(f"TY{shop}", line_id=shop) for shop in shops]

    def purchases(count: int) -> Routing:
        bindings = {f"TY{shop}": bound(shop=shop) for shop in shops}
        return split(order_of(*lines[:count]), "toys", bindings, offers, RULES)

    assert len(purchases(MOST_SPLITS).splits) == MOST_SPLITS
    assert purchases(MOST_SPLITS + 1).splits == ()
    assert "101 purchases" in purchases(MOST_SPLITS + 1).unrouted[0]


def test_own_stock_and_what_somebody_else_sends_are_left_alone_and_the_rest_is_bought() -> None:
    rules = make_rules(make_route("TY"), make_route("TYX", buy=BuyMode.OWN_STOCK))
    sent_elsewhere = replace(make_order_line("TY2", line_id="1"), ours_to_ship=False)
    lines = [sent_elsewhere, make_order_line("TYX1", line_id="2"), make_order_line("TY1", line_id="3")]

    routing = routed(lines, {"TY1": bound(), "TY2": bound(), "TYX1": bound()}, rules)

    assert [split.line_ids for split in routing.splits] == [("3",)]
    assert (routing.unrouted, routing.own_stock) == ((), ("TYX1",))


BACKUPS = (Way("second", (part(shop="shop-b"),)), Way("main", (part(OTHER, 2, shop="shop-c"),)))


def test_the_ways_to_buy_a_sku_are_its_binding_and_then_its_backups_in_turn() -> None:
    rules = rules_with(sku_rule("TY1", backups=BACKUPS))

    assert ways("TY1", "toys", {"TY1": bound()}, rules) == (Way("main", (part(),)), *BACKUPS)
    assert ways("TY1", "toys", {}, rules) == (Way("main", ()), *BACKUPS)
    assert ways("ZZ1", "toys", {"ZZ1": bound()}, rules) == ()


def test_a_backup_is_bought_from_its_own_account_on_the_terms_of_the_route() -> None:
    rules = rules_with(sku_rule("TY1", backups=BACKUPS))

    routing = split(order_of(make_order_line("TY1", 2)), "toys", {}, SHOPS, rules, alternative=1)

    (only,) = routing.splits
    assert (only.route.supplier, only.route.name, only.alternative, only.number) == ("second", "route-TY", 1, 100)
    assert only.lines == (PurchaseLine("shop-b", SPEC, 2),)
    assert only.payout == dollars("36.62")


def test_the_number_of_a_backup_leaves_room_for_the_parts_of_the_lines_before_and_no_more() -> None:
    two = [Way("second", (part(), part(OTHER))), Way("main", (part(OTHER),))]
    rules = rules_with(sku_rule("TY1", backups=two), sku_rule("TY2", backups=two))
    lines = [make_order_line("TY2", line_id="2"), make_order_line("TY1", line_id="1")]

    def numbers(alternative: int) -> list[int]:
        routing = split(order_of(*lines), "toys", {}, SHOPS, rules, line_ids=["2"], alternative=alternative)
        return [part.number for part in routing.splits]

    assert (numbers(1), numbers(2)) == ([102], [201])


def test_a_sku_without_that_many_backups_is_said() -> None:
    routing = split(order_of(make_order_line("TY1")), "toys", {"TY1": bound()}, SHOPS, RULES, alternative=1)

    assert routing.unrouted == ("SKU TY1 has no backup 1 (route route-TY, shop.yaml:12:1)",)


def test_lines_that_are_not_asked_for_are_not_bought() -> None:
    lines = [make_order_line("TY1", line_id="1"), make_order_line("TY2", line_id="2")]

    routing = split(order_of(*lines), "toys", {"TY1": bound(), "TY2": bound()}, SHOPS, RULES, line_ids=["2"])

    assert [split.line_ids for split in routing.splits] == [("2",)]


def test_lines_together_have_as_many_ways_as_the_one_with_the_fewest() -> None:
    rules = rules_with(sku_rule("TY1", backups=BACKUPS), sku_rule("TY2", backups=BACKUPS[:1]))
    lines = [make_order_line(code, line_id=code) for code in ("TY1", "TY2", "TY3")]

    assert [alternatives(lines[:n], "toys", rules) for n in range(4)] == [0, 3, 2, 1]


shapes = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), min_size=1, max_size=6)


@given(shapes, st.data())
def test_lines_that_go_to_their_backups_one_by_one_never_share_a_name(
    shapes: list[list[str]], data: st.DataObject
) -> None:
    rules = rules_with(
        *(
            sku_rule(f"TY{n}", backups=[Way("second", tuple(part(str(k), shop=shop) for k, shop in enumerate(shops)))])
            for n, shops in enumerate(shapes)
        )
    )
    lines = [make_order_line(f"TY{n}", line_id=str(n)) for n in range(len(shapes))]
    groups = data.draw(st.lists(st.integers(0, 2), min_size=len(lines), max_size=len(lines)))

    keys = [
        intent_key("toys", "1", split_.route.supplier, split_.number)
        for group in set(groups)
        for split_ in split(
            order_of(*data.draw(st.permutations(lines))),
            "toys",
            {},
            SHOPS,
            rules,
            line_ids=[line.line_id for line, at in zip(lines, groups, strict=True) if at == group],
            alternative=1,
        ).splits
    ]

    assert len(set(keys)) == len(keys)


@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.sampled_from("abc"), st.sampled_from([SPEC, OTHER])), min_size=1, max_size=7
    )
)
def test_a_payout_falls_wholly_to_the_parts(parts: list[tuple[int, str, str]]) -> None:
    rules = rules_with(sku_rule("TY1", *(part(spec, quantity, shop=shop) for quantity, shop, spec in parts)))

    routing = routed([make_order_line("TY1", 2)], {}, rules)

    total = sum((split.payout for split in routing.splits), Money.zero("USD"))
    assert abs(total.amount - Decimal("36.616")) <= Decimal("0.005") * len(routing.splits)


def test_the_names_of_later_backups_are_those_their_purchases_would_bear() -> None:
    rules = rules_with(sku_rule("TY1", backups=BACKUPS), sku_rule("TY2", backups=BACKUPS))
    lines = [make_order_line(code, line_id=code) for code in ("TY1", "TY2")]
    bought = purchase(order_id="8", line_ids=("TY2",))

    def names(supplier: str, number: int) -> list[IntentKey]:
        return [intent_key("toys", "8", supplier, number)]

    assert backup_keys(bought, order_of(*lines), rules) == {"second": names("second", 101), "main": names("main", 201)}
    assert backup_keys(replace(bought, alternative=1), order_of(*lines), rules) == {"main": names("main", 201)}
    assert backup_keys(replace(bought, alternative=2), order_of(*lines), rules) == {}
    assert backup_keys(bought, order_of(*lines), RULES) == {}


@given(shapes, st.sets(st.integers(0, 5), min_size=1))
def test_no_purchase_of_a_later_backup_bears_a_name_that_is_not_among_them(
    shapes: list[list[str]], chosen: set[int]
) -> None:
    rules = rules_with(
        *(
            sku_rule(f"TY{n}", backups=[Way("second", tuple(part(str(k), shop=shop) for k, shop in enumerate(shops)))])
            for n, shops in enumerate(shapes)
        )
    )
    lines = [make_order_line(f"TY{n}", line_id=str(n)) for n in range(len(shapes))]
    ids = tuple(str(n) for n in chosen if n < len(shapes))

    keys = backup_keys(purchase(order_id="8", line_ids=ids), order_of(*lines), rules)

    made = split(order_of(*lines), "toys", {}, SHOPS, rules, line_ids=ids, alternative=1).splits
    assert {intent_key("toys", "8", "second", each.number) for each in made} <= set(keys.get("second", []))


prices = st.decimals("0.01", "999.99", places=2)


@given(
    st.lists(st.tuples(prices, st.integers(1, 9), st.integers(1, 4)), min_size=1, max_size=6),
    st.decimals("0", "0.3", places=2),
)
def test_one_purchase_earns_its_lines_payout_to_the_cent_however_many_parts_they_are_bought_in(
    sold: list[tuple[Decimal, int, int]], commission: Decimal
) -> None:
    route = make_route(price=make_policy(commission=commission))
    rules = rules_with(
        *(sku_rule(f"TY{n}", *(part(str(k), k + 1) for k in range(parts))) for n, (_, _, parts) in enumerate(sold)),
        route=route,
    )
    lines = [
        replace(make_order_line(f"TY{n}", quantity, line_id=str(n)), price=Money(price, "USD"))
        for n, (price, quantity, _) in enumerate(sold)
    ]

    (only,) = routed(lines, {}, rules).splits

    whole = sum((price * quantity * (1 - commission) for price, quantity, _ in sold), Decimal(0))
    assert only.payout == Money(whole, "USD").rounded()


@given(
    st.lists(
        st.tuples(
            st.integers(1, 9), st.lists(st.tuples(st.integers(1, 5), st.sampled_from("abc")), min_size=1, max_size=4)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_each_line_gets_its_pieces_of_each_part_once(sold: list[tuple[int, list[tuple[int, str]]]]) -> None:
    rules = rules_with(
        *(
            sku_rule(f"TY{n}", *(part(f"{n}", each, shop=shop) for each, shop in parts))
            for n, (_, parts) in enumerate(sold)
        )
    )
    lines = [make_order_line(f"TY{n}", quantity, line_id=str(n)) for n, (quantity, _) in enumerate(sold)]

    routing = routed(lines, {}, rules)

    asked = Counter[tuple[str, str]]()
    for n, (quantity, parts) in enumerate(sold):
        for each, shop in parts:
            asked[shop, str(n)] += each * quantity
    bought = Counter[tuple[str, str]]()
    for made in routing.splits:
        assert len({(line.offer_id, line.spec_id) for line in made.lines}) == len(made.lines)
        for line in made.lines:
            bought[line.offer_id, line.spec_id] += line.quantity
    assert bought == asked
