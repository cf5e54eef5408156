"""Which route a SKU takes, what its code is, and how an order falls into purchases."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from syncbridge.model.orders import Order, OrderLine
from syncbridge.rules.routing import (
    MOST_LINES,
    BoundSpec,
    intent_key,
    route_for,
    routes_of_offer,
    sku_code,
    split,
)
from syncbridge.testing.builders import make_offer, make_order, make_order_line, make_spec
from syncbridge.testing.clock import START
from tests.rules.conftest import dollars, make_policy, make_route, make_rules

SPEC = f"{1:032x}"
RULES = make_rules()


def order_of(*lines: OrderLine) -> Order:
    return make_order("8172481060036440", START, *lines)


def bound(spec: str = SPEC, *, supplier: str = "main", offer: str = "1", shop: str = "shop-a") -> BoundSpec:
    return BoundSpec(supplier, offer, spec, shop)


def test_the_longest_prefix_wins_whatever_the_order_of_the_routes() -> None:
    short, long = make_route("TY"), make_route("TYX")

    for rules in (make_rules(short, long), make_rules(long, short)):
        assert route_for("TYX1", "toys", rules) is long
        assert route_for("TYA1", "toys", rules) is short


def test_a_longer_prefix_of_another_store_does_not_count() -> None:
    short, other = make_route("TY"), make_route("TYX", stores=("games",))

    assert route_for("TYX1", "toys", make_rules(short, other)) is short


def test_a_sku_no_prefix_fits_has_no_route() -> None:
    assert route_for("ZZ1", "toys", RULES) is None
    assert route_for("ty1", "toys", RULES) is None
    assert route_for("TY1", "games", RULES) is None


@given(st.text("0123456789", min_size=1, max_size=19), st.text("0123456789abcdef", min_size=32, max_size=32))
def test_a_sku_code_is_short_plain_stable_and_finds_its_route(offer_id: str, spec_id: str) -> None:
    (route,) = RULES.routes

    code = sku_code(route, "toys", offer_id, spec_id, RULES)

    assert code == sku_code(route, "toys", offer_id, spec_id, RULES)
    assert len(code) <= 20
    assert code.isascii()
    assert code.isalnum()
    assert route_for(code, "toys", RULES) is route


def test_a_sku_code_is_what_it_was_in_earlier_releases() -> None:
    (route,) = RULES.routes

    assert sku_code(route, "toys", "676651652931", SPEC, RULES) == "TY3O3AOJZRS7"


def test_specs_and_suppliers_have_codes_of_their_own() -> None:
    route, other = make_route(), make_route(supplier="second")
    codes = {sku_code(route, "toys", str(offer), spec, RULES) for offer in range(50) for spec in ("a", "b")}
    codes.add(sku_code(other, "toys", "1", "a", make_rules(other)))

    assert len(codes) == 101


@given(st.integers(0, 10**6))
def test_a_code_never_falls_to_a_longer_prefix(number: int) -> None:
    short = make_route("TY")
    rules = make_rules(short, *(make_route(f"TY{letter}") for letter in "ABCDEFGHIJKLMNOPQRSTUVWXY"))

    code = sku_code(short, "toys", str(number), SPEC, rules)

    assert route_for(code, "toys", rules) is short


def test_names_at_the_supplier_are_the_same_each_time_and_differ_by_split() -> None:
    key = intent_key("toys", "1", "main", 0)

    assert key == intent_key("toys", "1", "main", 0)
    names = {intent_key(*who, number).out_order_id for who in [("toys", "1", "main"), ("toys", "2", "main"),
             ("games", "1", "main"), ("toys", "1", "second")] for number in (0, 1)}  # fmt: skip
    assert len(names) == 8
    assert len(key.mark) == 8
    assert key.mark not in key.out_order_id


def test_an_offer_takes_the_route_of_its_longest_goods_code_in_each_store() -> None:
    every, own = make_route("TY", stores=("toys", "games")), make_route("NB", goods_code="NB-")
    other = make_route("XX", supplier="second")
    rules = make_rules(every, own, other)

    assert routes_of_offer(make_offer(goods_code="NB-1"), "main", rules) == {"toys": own, "games": every}
    assert routes_of_offer(make_offer(goods_code="ZZ"), "main", rules) == {"toys": every, "games": every}


def test_a_goods_code_of_a_spec_counts_too() -> None:
    own = make_route("NB", goods_code="NB-")

    assert routes_of_offer(make_offer("1", make_spec(1, code="NB-1")), "main", make_rules(own)) == {"toys": own}
    assert routes_of_offer(make_offer("1", make_spec(1)), "main", make_rules(own)) == {}


def test_lines_of_one_shop_are_one_purchase() -> None:
    lines = [make_order_line("TY1", 2, line_id="1"), make_order_line("TY2", 3, line_id="2")]

    routing = split(order_of(*lines), "toys", {"TY1": bound("a"), "TY2": bound("b")}, RULES)

    (part,) = routing.splits
    assert [(line.spec_id, line.quantity) for line in part.lines] == [("a", 2), ("b", 3)]
    assert part.number == 0


def test_lines_of_two_shops_are_two_purchases_with_numbers_of_their_own() -> None:
    lines = [make_order_line("TY1", line_id="1"), make_order_line("TY2", line_id="2")]
    bindings = {"TY1": bound(shop="shop-b"), "TY2": bound(shop="shop-a")}

    routing = split(order_of(*lines), "toys", bindings, RULES)

    assert [part.number for part in routing.splits] == [0, 1]


def test_numbers_count_for_each_supplier_account() -> None:
    rules = make_rules(make_route("TY"), make_route("XX", supplier="second"))
    lines = [make_order_line("TY1", line_id="1"), make_order_line("XX1", line_id="2")]
    bindings = {"TY1": bound(), "XX1": bound(supplier="second")}

    routing = split(order_of(*lines), "toys", bindings, rules)

    assert [(part.route.supplier, part.number) for part in routing.splits] == [("main", 0), ("second", 0)]


def test_two_skus_of_one_spec_are_one_line() -> None:
    lines = [make_order_line("TY1", 2, line_id="1"), make_order_line("TY2", 3, line_id="2")]

    routing = split(order_of(*lines), "toys", {"TY1": bound(), "TY2": bound()}, RULES)

    assert [line.quantity for line in routing.splits[0].lines] == [5]


def test_the_payout_is_what_the_channel_leaves_of_the_lines() -> None:
    routing = split(order_of(make_order_line("TY1", 2)), "toys", {"TY1": bound()}, RULES)

    assert routing.splits[0].payout == dollars("36.62")  # 2 × 19.90 less 8 %, 36.616


def test_the_payout_uses_the_commission_of_each_lines_own_route() -> None:
    rules = make_rules(make_route("TY"), make_route("TYX", price=make_policy(commission=0)))
    routing = split(order_of(make_order_line("TYX1", 1)), "toys", {"TYX1": bound()}, rules)

    assert routing.splits[0].payout == dollars("19.90")


def test_lines_somebody_else_sends_are_left_alone() -> None:
    line = replace(make_order_line("TY1"), ours_to_ship=False)

    routing = split(order_of(line), "toys", {}, RULES)

    assert (routing.splits, routing.unrouted) == ((), ())


def test_each_line_that_cannot_be_routed_is_a_sentence_with_its_place() -> None:
    lines = [make_order_line(code, line_id=code) for code in ("ZZ1", "TY1", "TY2", "TY3")]
    bindings = {"TY2": bound(supplier="second"), "TY3": bound()}

    routing = split(order_of(*lines), "toys", bindings, RULES)

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

    routing = split(order_of(*lines), "toys", bindings, RULES)

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
        return len(split(order_of(*lines), "toys", bindings, RULES).splits)

    assert (parts(MOST_LINES), parts(MOST_LINES + 1)) == (1, 2)
