"""Which route a SKU takes, and what its code is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncbridge.model.purchasing import IntentKey
from syncbridge.rules.codes import reference_code
from syncbridge.rules.mapping import BuyMode
from syncbridge.rules.routing import intent_key, route_for, routes_of_offer
from syncbridge.testing.builders import make_offer, make_spec
from tests.rules.conftest import make_route, make_rules

SPEC = f"{1:032x}"
RULES = make_rules()


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

    code = reference_code(route, "toys", offer_id, spec_id, RULES)

    assert code == reference_code(route, "toys", offer_id, spec_id, RULES)
    assert len(code) <= 20
    assert code.isascii()
    assert code.isalnum()
    assert route_for(code, "toys", RULES) is route


def test_a_sku_code_is_what_it_was_in_earlier_releases() -> None:
    (route,) = RULES.routes

    assert reference_code(route, "toys", "676651652931", SPEC, RULES) == "TY3O3AOJZRS7"


def test_specs_and_suppliers_have_codes_of_their_own() -> None:
    route, other = make_route(), make_route(supplier="second")
    codes = {reference_code(route, "toys", str(offer), spec, RULES) for offer in range(50) for spec in ("a", "b")}
    codes.add(reference_code(other, "toys", "1", "a", make_rules(other)))

    assert len(codes) == 101


@given(st.integers(0, 10**6))
def test_a_code_never_falls_to_a_longer_prefix(number: int) -> None:
    short = make_route("TY")
    rules = make_rules(short, *(make_route(f"TY{letter}") for letter in "ABCDEFGHIJKLMNOPQRSTUVWXY"))

    code = reference_code(short, "toys", str(number), SPEC, rules)

    assert route_for(code, "toys", rules) is short


def test_names_at_the_supplier_are_the_same_each_time_and_differ_by_split() -> None:
    key = intent_key("toys", "1", "main", 0)

    assert key == intent_key("toys", "1", "main", 0)
    names = {intent_key(*who, number).out_order_id for who in [("toys", "1", "main"), ("toys", "2", "main"),
             ("games", "1", "main"), ("toys", "1", "second")] for number in (0, 1)}  # fmt: skip
    assert len(names) == 8
    assert len(key.mark) == 8
    assert key.mark not in key.out_order_id


def test_names_at_the_supplier_are_what_they_were_in_earlier_releases() -> None:
    assert intent_key("toys", "8172481060036440", "main", 0) == IntentKey("SBQ7KHJLEUGX4VOOWL", "ZT5CIZ5I")
    assert intent_key("toys", "8172481060036440", "main", 101) == IntentKey("SBEDKO7M5HSZGVFPYI", "LOKCW6MK")


accounts = st.sampled_from(["toys", "toys-2", "toys_2", "games", "main", "second"])
intents = st.tuples(accounts, st.text("0123456789", min_size=1, max_size=19), accounts, st.integers(0, 500))


@given(intents, intents)
def test_two_intents_never_share_a_name(one: tuple[str, str, str, int], other: tuple[str, str, str, int]) -> None:
    first, second = intent_key(*one), intent_key(*other)

    assert (first.out_order_id == second.out_order_id) is (one == other)
    assert (first.mark == second.mark) is (one == other)


def test_the_splits_of_many_orders_have_names_of_their_own() -> None:
    keys = [intent_key("toys", str(order), "main", split) for order in range(200) for split in range(50)]

    assert len({key.out_order_id for key in keys}) == len({key.mark for key in keys}) == len(keys)


def test_an_offer_takes_the_route_of_its_longest_goods_code_in_each_store() -> None:
    every, own = make_route("TY", stores=("toys", "games")), make_route("NB", goods_code="NB-")
    other = make_route("XX", supplier="second")

    for rules in (make_rules(every, own, other), make_rules(other, own, every)):
        assert routes_of_offer(make_offer(goods_code="NB-1"), "main", rules) == {"toys": own, "games": every}
        assert routes_of_offer(make_offer(goods_code="ZZ"), "main", rules) == {"toys": every, "games": every}


def test_of_two_routes_with_the_same_goods_code_the_first_in_the_files_is_taken() -> None:
    first, second = make_route("TY", goods_code="NB-"), make_route("NB", goods_code="NB-")

    assert routes_of_offer(make_offer(goods_code="NB-1"), "main", make_rules(first, second)) == {"toys": first}


def test_a_route_whose_goods_code_an_offer_lacks_does_not_end_the_search() -> None:
    other, own = make_route("XX", goods_code="XX-"), make_route("NB", goods_code="NB-")

    assert routes_of_offer(make_offer(goods_code="NB-1"), "main", make_rules(other, own)) == {"toys": own}


def test_a_goods_code_of_a_spec_counts_too() -> None:
    own = make_route("NB", goods_code="NB-")

    assert routes_of_offer(make_offer("1", make_spec(1, code="NB-1")), "main", make_rules(own)) == {"toys": own}
    assert routes_of_offer(make_offer("1", make_spec(1)), "main", make_rules(own)) == {}


def test_a_route_of_own_stock_lists_no_offer() -> None:
    own = make_route("TY", buy=BuyMode.OWN_STOCK)

    assert routes_of_offer(make_offer(), "main", make_rules(own)) == {}
    assert route_for("TY1", "toys", make_rules(own)) is own
