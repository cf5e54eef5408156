"""What should change because an offer changed, and which changes a brake stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.model.catalog import Dropship, GivenText, Lock, Offer
from syncbridge.rules import planning, stock
from syncbridge.rules.mapping import Aim, CostBasis, CountryPrice, FreightRow, FreightTable, Place, StockPolicy
from syncbridge.rules.planning import MOST_IMAGES, MOST_TITLE, SMALL_RUN, Brakes, Recent, Shown, Step
from syncbridge.testing.builders import cny, make_offer, make_spec
from tests.rules.conftest import dollars, make_policy, make_route, make_rules

ROUTE = make_route()
RULES = make_rules(ROUTE)
BRAKES = Brakes()
POLICY = StockPolicy(buffer=2, cap=200)
AT_COST = make_policy(
    currency="CNY",
    multiplier=Decimal(1),
    commission=Decimal(0),
    packing=cny("0"),
    freight=cny("0"),
    minimum_margin=Decimal(0),
)


def wanted(offer: Offer, *shown: Shown) -> tuple[planning.Wanted, ...]:
    """The offer's SKUs as the rules want them: those that are shown, or new ones if none is."""
    return planning.wanted(offer, "toys", shown, RULES) if shown else planning.fresh(offer, "toys", ROUTE, RULES)


def shown_as_wanted(offer: Offer) -> list[Shown]:
    """The offer's SKUs, shown exactly as wanted."""
    return [Shown(w.sku_code, w.spec.spec_id, w.priced.price if w.priced else None, w.stock) for w in wanted(offer)]


def steps(offer: Offer, shown: list[Shown]) -> tuple[Step, ...]:
    return planning.steps(offer, wanted(offer, *shown), shown, BRAKES)


@pytest.mark.parametrize(("supplier", "expected"), [(100, 98), (202, 200), (5000, 200), (3, 1), (2, 0), (1, 0), (0, 0)])
def test_stock_is_what_is_left_above_the_buffer_and_below_the_cap(supplier: int, expected: int) -> None:
    assert stock.shown(supplier, POLICY, last=77) == expected


def test_an_unknown_stock_is_not_zero() -> None:
    assert stock.shown(None, POLICY, last=77) == 77


@given(st.none() | st.integers(0, 10**9), st.integers(0, 50), st.integers(0, 500), st.integers(0, 500))
def test_stock_shown_is_never_negative_nor_more_than_there_is(
    supplier: int | None, buffer: int, cap: int, last: int
) -> None:
    amount = stock.shown(supplier, StockPolicy(buffer, cap), min(last, cap))

    assert 0 <= amount <= cap
    assert supplier is None or amount <= supplier


def test_nothing_changes_where_everything_is_as_wanted() -> None:
    assert steps(make_offer(), shown_as_wanted(make_offer())) == ()


def test_a_sku_keeps_its_code_once_it_has_one() -> None:
    own = Shown("TYMINE", f"{1:032x}", dollars("7.37"), 98)

    assert wanted(make_offer("1", make_spec(1)), own)[0].sku_code == "TYMINE"


def test_a_changed_cost_and_stock_are_two_steps_with_their_reasons() -> None:
    before = shown_as_wanted(make_offer("1", make_spec(1)))

    price, amount = steps(make_offer("1", make_spec(1, cost="14.90", stock=12)), before)

    assert (price.field, price.before, price.after, price.reason) == ("price", "7.37 USD", "7.65 USD", "cost 14.90 CNY")
    assert (amount.field, amount.before, amount.after) == ("stock", "98", "10")
    assert amount.reason == "supplier stock 12"


def test_an_offer_that_cannot_be_bought_shows_no_stock_and_keeps_its_price() -> None:
    before = shown_as_wanted(make_offer("1", make_spec(1)))

    (step,) = steps(make_offer("1", make_spec(1), buyable=False), before)

    assert (step.field, step.after) == ("stock", "0")


def test_a_spec_without_a_price_shows_no_stock_and_keeps_its_last_price() -> None:
    before = shown_as_wanted(make_offer("1", make_spec(1)))

    (step,) = steps(make_offer("1", make_spec(1, cost=None)), before)

    assert (step.field, step.after) == ("stock", "0")


def test_a_spec_that_is_not_listed_yet_is_no_step_and_hides_none_of_the_others() -> None:
    before = shown_as_wanted(make_offer("1", make_spec(2)))

    (step,) = steps(make_offer("1", make_spec(1), make_spec(2, stock=12)), before)

    assert (step.sku_code, step.field, step.after) == (before[0].sku_code, "stock", "10")


def test_a_spec_that_is_gone_goes_to_zero_once() -> None:
    before = shown_as_wanted(make_offer("1", make_spec(1), make_spec(2)))
    after = make_offer("1", make_spec(2))

    (step,) = steps(after, before)
    assert (step.sku_code, step.after, step.reason) == (
        before[0].sku_code,
        "0",
        "the supplier no longer lists this spec",
    )
    emptied = [Shown(before[0].sku_code, before[0].spec_id, before[0].price, 0), before[1]]
    assert steps(after, emptied) == ()


@pytest.mark.parametrize(
    ("before", "after", "held"),
    [("10.00", "13.00", False), ("10.00", "13.01", True), ("10.00", "7.00", False), ("10.00", "6.99", True)],
)
def test_a_price_moves_at_most_by_the_brake_in_one_step(before: str, after: str, held: bool) -> None:
    at_cost = make_route(price=AT_COST)
    offer = make_offer("1", make_spec(1, cost=after))
    (sku,) = planning.fresh(offer, "toys", at_cost, make_rules(at_cost))

    (step,) = planning.steps(offer, [sku], [Shown(sku.sku_code, sku.spec.spec_id, cny(before), sku.stock)], BRAKES)

    assert (step.after, bool(step.held)) == (f"{after} CNY", held)


def test_a_first_price_is_not_braked() -> None:
    offer = make_offer("1", make_spec(1))
    (sku,) = wanted(offer)

    (step,) = planning.steps(offer, [sku], [Shown(sku.sku_code, sku.spec.spec_id, None, sku.stock)], BRAKES)

    assert (step.field, step.held) == ("price", "")


def changes(field: str, count: int, *, after: str = "0", held: str = "") -> list[Step]:
    return [Step(f"{field}{n}", field, "9", after, "because", held) for n in range(count)]


@pytest.mark.parametrize(("field", "count", "held"), [("price", 25, 0), ("price", 26, 26), ("stock", 20, 20)])
def test_a_run_over_too_large_a_share_of_a_store_is_held_whole(field: str, count: int, held: int) -> None:
    braked = planning.brake(changes(field, count), store_skus=100, recent=Recent(), brakes=BRAKES)

    assert sum(bool(step.held) for step in braked) == held


def test_a_small_run_is_not_measured_against_the_store() -> None:
    braked = planning.brake(changes("stock", SMALL_RUN - 1), store_skus=SMALL_RUN, recent=Recent(), brakes=BRAKES)

    assert not any(step.held for step in braked)


def test_too_many_zeros_hold_the_stock_and_let_the_prices_go() -> None:
    braked = planning.brake(
        changes("stock", 15) + changes("price", 15, after="1"), store_skus=100, recent=Recent(), brakes=BRAKES
    )

    assert {step.field for step in braked if step.held} == {"stock"}


def test_what_was_changed_page_by_page_within_the_hour_counts_as_one_run() -> None:
    recent = Recent(repriced=20, zeroed=8)

    braked = planning.brake(changes("price", 6) + changes("stock", 3), store_skus=100, recent=recent, brakes=BRAKES)

    assert {step.held for step in braked} == {
        "26 of 100 SKUs of the store would be repriced in one run",
        "11 of 100 SKUs of the store would go to zero in one run",
    }


def test_a_sku_whose_prefix_no_route_takes_any_more_stays_as_it_is() -> None:
    offer = make_offer("1", make_spec(1, cost="99.00", stock=0))
    own = Shown("XXOLD", f"{1:032x}", dollars("7.37"), 98)

    assert steps(offer, [own]) == ()


def test_steps_that_are_held_already_do_not_count_for_the_share_and_keep_their_reason() -> None:
    braked = planning.brake(
        changes("price", 20, held="a jump") + changes("price", 10), store_skus=100, recent=Recent(), brakes=BRAKES
    )

    assert {step.held for step in braked} == {"a jump", ""}


def test_stock_that_rises_is_never_held() -> None:
    braked = planning.brake(changes("stock", 100, after="5"), store_skus=100, recent=Recent(), brakes=BRAKES)

    assert not any(step.held for step in braked)


def test_a_draft_has_the_specs_that_have_a_price() -> None:
    offer = make_offer("1", make_spec(1), make_spec(2, cost=None), make_spec(3))

    draft = planning.draft(offer, ROUTE, wanted(offer))

    assert [sku.sku_code for sku in draft.skus] == [wanted(offer)[0].sku_code, wanted(offer)[2].sku_code]
    assert [sku.properties[0].value_id for sku in draft.skus] == ["100", "101"]


def test_a_single_spec_needs_no_property() -> None:
    offer = make_offer("1", make_spec(1))

    assert planning.draft(offer, ROUTE, wanted(offer)).skus[0].properties == ()


def test_a_draft_keeps_the_channels_bounds() -> None:
    offer = make_offer("1", make_spec(1), title="Notebook " * 30, images=tuple("abcdefgh"), description_html="")

    draft = planning.draft(offer, ROUTE, wanted(offer))

    assert len(draft.title) <= MOST_TITLE
    assert draft.title.endswith("Notebook")
    assert len(draft.images) == MOST_IMAGES
    assert draft.description_html == f"<p>{draft.title}</p>"


def test_an_offer_without_any_price_or_with_too_many_specs_cannot_be_listed() -> None:
    unpriced = make_offer("1", make_spec(1, cost=None))
    many = make_offer("1", *(make_spec(n) for n in range(1, 26)))

    with pytest.raises(ValueError, match="no price for any spec"):
        planning.draft(unpriced, ROUTE, wanted(unpriced))
    with pytest.raises(ValueError, match="25 specs, but the route's listing policy has 24 values"):
        planning.draft(many, ROUTE, wanted(many))


def test_what_the_seller_keeps_is_no_change_but_is_told() -> None:
    before = shown_as_wanted(make_offer("1", make_spec(1)))[0]
    lock = Lock(1, before.sku_code, "price", "edited", datetime(2026, 3, 1, 8, 30, tzinfo=UTC))
    locked = replace(before, locks={"price": lock})

    price, amount = steps(make_offer("1", make_spec(1, cost="99.00", stock=2)), [locked])

    assert (price.kept, price.held) == ("kept: the seller's own price since 2026-03-01 08:30 UTC", "")
    assert not price.goes
    assert not price.reprices
    assert amount.goes
    assert amount.zeroes


def test_a_step_says_which_guard_stopped_it() -> None:
    at_cost = make_route(price=AT_COST)
    offer = make_offer("1", make_spec(1, cost="13.01"))
    (sku,) = planning.fresh(offer, "toys", at_cost, make_rules(at_cost))
    (jump,) = planning.steps(offer, [sku], [Shown(sku.sku_code, sku.spec.spec_id, cny("10.00"), sku.stock)], BRAKES)
    run = planning.brake(changes("price", 26) + changes("stock", 11), store_skus=100, recent=Recent(), brakes=BRAKES)

    assert jump.guard == "price_step"
    assert {(step.field, step.guard) for step in run} == {("price", "repriced_share"), ("stock", "zeroed_share")}


@pytest.mark.parametrize(
    ("run", "touched", "stopped"),
    [
        (Recent(25, 10), 35, set()),
        (Recent(26, 10), 36, {"price"}),
        (Recent(25, 11), 36, {"stock"}),
        (Recent(26, 11), SMALL_RUN - 1, set()),
        (Recent(26, 11), SMALL_RUN, {"price", "stock"}),
    ],
)
def test_a_plan_is_measured_whole(run: Recent, touched: int, stopped: set[str]) -> None:
    assert set(planning.tripped(run, touched, 100, BRAKES)) == stopped


def held(offer: Offer, shown: list[Shown]) -> list[tuple[str, str, str]]:
    """What is held of an offer's prices: by which hold, and what stays."""
    return [
        (step.guard, step.before, step.after) for step in steps(offer, shown) if step.field == "price" and step.held
    ]


def shown_with_passport(offer: Offer) -> list[Shown]:
    return [
        Shown(w.sku_code, w.spec.spec_id, w.priced.price, w.stock, w.priced.passport) for w in wanted(offer) if w.priced
    ]


@pytest.mark.parametrize("cost", ["0", "0.01", "-13.90", "1390.00", "0.139"])
def test_row_33_a_cost_that_cannot_be_right_is_held_and_the_last_price_stays(cost: str) -> None:
    before = shown_with_passport(make_offer("1", make_spec(1)))

    assert held(make_offer("1", make_spec(1, cost=cost)), before) == [("price_doubt", "7.37 USD", "unknown")]


def test_row_33_a_cost_in_another_currency_is_held_and_the_last_price_stays() -> None:
    spec = replace(make_spec(1), cost=dollars("13.90"))

    assert held(make_offer("1", spec), shown_with_passport(make_offer("1", make_spec(1)))) == [
        ("price_doubt", "7.37 USD", "unknown")
    ]


def test_row_33_a_cost_that_is_not_known_keeps_the_last_price_and_holds_nothing() -> None:
    before = shown_with_passport(make_offer("1", make_spec(1)))

    assert held(make_offer("1", make_spec(1, cost=None)), before) == []


def test_row_33_a_small_cost_does_not_hide_its_hundredfold_behind_the_freight() -> None:
    before = shown_with_passport(make_offer("1", make_spec(1, cost="0.05")))

    # 5.00 + 13.00 instead of 0.05 + 13.00: the price itself would move by a third
    assert held(make_offer("1", make_spec(1, cost="4.50")), before) == [("price_doubt", "3.58 USD", "unknown")]


def test_row_33_a_price_above_the_ceiling_is_held_and_the_last_price_stays() -> None:
    route = make_route(price=make_policy(maximum_price=dollars("7.50")))
    before = shown_with_passport(make_offer("1", make_spec(1)))
    offer = make_offer("1", make_spec(1, cost="14.90"))

    (step,) = planning.steps(offer, planning.wanted(offer, "toys", before, make_rules(route)), before, BRAKES)
    assert (step.guard, step.before, step.after) == ("price_ceiling", "7.37 USD", "7.65 USD")
    assert step.held == "7.65 USD is above the policy's maximum_price of 7.50 USD"


def test_row_33_a_cost_that_crept_away_from_its_median_is_held() -> None:
    (now,) = shown_with_passport(make_offer("1", make_spec(1)))
    offer = make_offer("1", make_spec(1, cost="15.00"))

    assert held(offer, [replace(now, recent=cny("11.00"))]) == [("price_step", "7.37 USD", "7.67 USD")]
    assert held(offer, [replace(now, recent=cny("14.00"))]) == []


def test_a_discount_of_the_store_that_would_reach_the_price_is_held() -> None:
    (now,) = shown_with_passport(make_offer("1", make_spec(1)))
    offer = make_offer("1", make_spec(1, cost="12.90"))

    (step,) = steps(offer, [replace(now, discount=dollars("7.10"))])
    assert step.held == "the discount of 7.10 USD set in the store would not be below 7.10 USD"
    assert held(offer, [replace(now, discount=dollars("7.09"))]) == []


def test_row_37_a_price_that_needs_a_stale_rate_waits_and_nothing_else_does() -> None:
    before = shown_with_passport(make_offer("1", make_spec(1)))
    stale = replace(RULES, rates={pair: replace(rate, stale=True) for pair, rate in RULES.rates.items()})
    offer = make_offer("1", make_spec(1, cost="14.90", stock=12))

    (step,) = planning.steps(offer, planning.wanted(offer, "toys", before, stale), before, BRAKES)
    assert (step.field, step.after) == ("stock", "10")


def test_row_37_without_any_rate_nothing_is_listed_and_nothing_breaks() -> None:
    rateless = replace(RULES, rates={})
    offer = make_offer("1", make_spec(1))

    skus = planning.fresh(offer, "toys", ROUTE, rateless)
    with pytest.raises(ValueError, match="no rate from CNY to USD"):
        planning.draft(offer, ROUTE, skus)
    before = shown_with_passport(offer)
    assert planning.steps(offer, planning.wanted(offer, "toys", before, rateless), before, BRAKES) == ()


def test_a_listing_is_drafted_without_the_specs_whose_price_is_doubted() -> None:
    offer = make_offer("1", make_spec(1), make_spec(2, cost="0.01"))

    draft = planning.draft(offer, ROUTE, planning.fresh(offer, "toys", ROUTE, RULES))
    assert [str(sku.price) for sku in draft.skus] == ["7.37 USD"]
    alone = make_offer("1", make_spec(2, cost="0.01"))
    with pytest.raises(ValueError, match=r"a cost of 0.01 CNY is no real price"):
        planning.draft(alone, ROUTE, planning.fresh(alone, "toys", ROUTE, RULES))


def test_a_listing_is_drafted_without_the_specs_whose_price_is_above_the_ceiling() -> None:
    route = make_route(price=make_policy(maximum_price=dollars("7.50")))
    offer = make_offer("1", make_spec(1), make_spec(2, cost="14.90"))

    draft = planning.draft(offer, route, planning.fresh(offer, "toys", route, make_rules(route)))
    assert [str(sku.price) for sku in draft.skus] == ["7.37 USD"]


def test_a_price_that_only_follows_its_rate_is_not_counted_by_the_brake_of_the_run() -> None:
    before = shown_with_passport(make_offer("1", make_spec(1)))
    rates = {pair: replace(rate, value=Decimal("0.15")) for pair, rate in RULES.rates.items()}
    offer, dearer = make_offer("1", make_spec(1)), make_offer("1", make_spec(1, cost="14.90"))

    (by_rate,) = planning.steps(
        offer, planning.wanted(offer, "toys", before, replace(RULES, rates=rates)), before, BRAKES
    )
    assert (by_rate.after, by_rate.reprices) == ("7.90 USD", False)
    (by_cost,) = steps(dearer, before)
    assert by_cost.reprices


def test_the_role_of_a_route_and_the_weight_of_a_spec_reach_the_price() -> None:
    table = FreightTable("yanwen", {"US": FreightRow(cny("0"), 0, cny("0.10"), 1, Place("shop.yaml", 3))})
    policy = make_policy(freight=table, destination="US", roles={"traffic": Aim(multiplier=Decimal("1.2"))})
    route = make_route(price=policy, role="traffic")
    unknown = replace(make_spec(1), weight_g=None)
    freights = []
    for offer in (
        make_offer("1", make_spec(1), weight_g=300),
        make_offer("1", unknown, weight_g=300),
        make_offer("1", unknown),
    ):
        (sku,) = planning.fresh(offer, "toys", route, make_rules(route))
        assert sku.priced is not None
        assert sku.priced.passport.items() >= {"role": "traffic", "multiplier": "1.2"}.items()
        assert sku.priced.passport["rule"] == "route-TY (shop.yaml:12:1)"
        freights.append(sku.priced.passport["freight"])

    assert freights == ["20.00 CNY", "30.00 CNY", "50.00 CNY"]


def test_a_draft_carries_what_countries_pay() -> None:
    policy = make_policy(countries={"DE": CountryPrice(Aim(multiplier=Decimal(2)), "DE")})
    route = make_route(price=policy)
    offer = make_offer("1", make_spec(1))

    (sku,) = planning.draft(offer, route, planning.fresh(offer, "toys", route, make_rules(route))).skus
    assert sku.countries == {"DE": dollars("8.19")}


def test_the_passport_says_which_of_the_suppliers_prices_was_taken() -> None:
    route = make_route(price=make_policy(basis=CostBasis.DROPSHIP))
    offer = make_offer("1", replace(make_spec(1), dropship=Dropship(cny("15.00"), postage_paid=True)))

    (sku,) = planning.fresh(offer, "toys", route, make_rules(route))
    assert sku.priced is not None
    assert sku.priced.passport.items() >= {"cost": "15.00 CNY", "cost is the": "dropship price, postage paid"}.items()


@pytest.mark.parametrize(
    ("text", "title", "description"),
    [
        (None, "Notebook B5", "<p>Notebook</p>"),
        (GivenText(), "Notebook B5", "<p>Notebook</p>"),
        (GivenText("Mine"), "Mine", "<p>Notebook</p>"),
        (GivenText("", "<p>Mine</p>"), "Notebook B5", "<p>Mine</p>"),
        (GivenText("Mine", "<p>Mine</p>"), "Mine", "<p>Mine</p>"),
    ],
)
def test_what_a_person_wrote_for_a_listing_stands_before_the_suppliers_words(
    text: GivenText | None, title: str, description: str
) -> None:
    draft = planning.draft(make_offer(), ROUTE, wanted(make_offer()), text)

    assert (draft.title, draft.description_html) == (title, description)


def test_one_more_sku_takes_the_first_value_of_the_route_that_is_free() -> None:
    offer = make_offer("676651652931", make_spec(1), make_spec(2), make_spec(3))
    first, second, third = wanted(offer)
    drafted = planning.draft(offer, ROUTE, [first, second])
    more = planning.with_sku(replace(drafted, skus=drafted.skus[1:]), third, ROUTE)

    assert [sku.sku_code for sku in more.skus] == [second.sku_code, third.sku_code]
    assert [sku.properties[0].value_id for sku in more.skus] == [ROUTE.listing.variant_value_ids[n] for n in (1, 0)]


def test_a_listing_without_variants_or_without_a_value_left_takes_no_more() -> None:
    offer = make_offer("676651652931", make_spec(1), make_spec(2), make_spec(3))
    first, second, third = wanted(offer)
    full = replace(ROUTE, listing=replace(ROUTE.listing, variant_value_ids=ROUTE.listing.variant_value_ids[:2]))

    with pytest.raises(ValueError, match="a single SKU without variants"):
        planning.with_sku(planning.draft(offer, ROUTE, [first]), second, ROUTE)
    with pytest.raises(ValueError, match="all 2 values"):
        planning.with_sku(planning.draft(offer, ROUTE, [first, second]), third, full)
