"""What will be late is foreseen by our own past, and said while something can still be done."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.rules.deadlines import (
    FEWEST,
    NEWEST,
    UNKNOWN,
    UNMEASURED,
    Basis,
    Forecast,
    Lead,
    Progress,
    dispatch_lead,
    forecast,
    late,
    measured,
    route_lead,
)
from syncbridge.rules.mapping import ShippingWay
from syncbridge.testing.builders import make_offer

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
H = timedelta(hours=1)
AT_SUPPLIER, ON_ROUTE = LEADS = (Lead(30 * H, Basis.SHOP, 20), Lead(10 * H, Basis.ROUTE, 9))
TIMES = st.lists(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=60)), min_size=FEWEST, max_size=60)
OFFER = make_offer("1", supplier_id="shop", dispatch_hours=72)


@pytest.mark.parametrize(
    ("act_by", "next_attempt", "left"),
    [
        (None, None, None),
        (NOW + 7 * H, None, None),
        (NOW + 6 * H, None, 6 * H),
        (NOW - 2 * H, None, -2 * H),
        (NOW + H, NOW + H, None),
        (NOW + H, NOW + 2 * H, H),
        (NOW + 30 * H, NOW + 31 * H, 30 * H),
        (NOW, NOW, 0 * H),
        (NOW - H, NOW - 2 * H, -H),
    ],
)
def test_the_time_left_is_told_of_what_will_be_late(
    act_by: datetime | None, next_attempt: datetime | None, left: timedelta | None
) -> None:
    assert late(act_by, next_attempt, now=NOW) == left


@pytest.mark.parametrize(
    ("hours", "expected", "sample"),
    [
        ([1, 2, 3, 4, 5], 4, 5),
        ([5, 4, 3, 2, 1], 4, 5),
        ([1, 1, 1, 1, 900], 1, 5),
        ([1, 2, 3, 4, 5, 6], 5, 6),
        (list(range(1, 11)), 8, 10),
        ([1] * 20 + [900] * 20, 1, 20),
    ],
)
def test_four_of_five_times_were_not_longer_than_what_is_expected(hours: list[int], expected: int, sample: int) -> None:
    assert measured([n * H for n in hours], Basis.OFFER) == Lead(expected * H, Basis.OFFER, sample)


@pytest.mark.parametrize("count", range(FEWEST))
def test_few_times_tell_nothing(count: int) -> None:
    assert measured([H] * count, Basis.OFFER) is None


@given(TIMES)
def test_what_is_expected_was_seen_and_was_enough_for_four_of_five_of_the_newest(times: list[timedelta]) -> None:
    newest, lead = times[:NEWEST], measured(times, Basis.SHOP)
    assert lead is not None
    assert lead.time in newest
    assert 5 * sum(time <= lead.time for time in newest) >= 4 * len(newest)
    assert 5 * sum(time < lead.time for time in newest) < 4 * len(newest)
    assert lead.sample == len(newest)


@given(TIMES, st.randoms())
def test_the_order_of_the_newest_makes_no_difference(times: list[timedelta], draw: random.Random) -> None:
    mixed = times[:NEWEST]
    draw.shuffle(mixed)
    assert measured(mixed, Basis.SHOP) == measured(times, Basis.SHOP)


@given(TIMES, st.integers(min_value=0), st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9)))
def test_a_slower_purchase_never_makes_the_next_look_quicker(
    times: list[timedelta], which: int, slower: timedelta
) -> None:
    before, number = measured(times, Basis.SHOP), which % len(times)
    after = measured([*times[:number], times[number] + slower, *times[number + 1 :]], Basis.SHOP)
    assert before is not None
    assert after is not None
    assert after.time >= before.time


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({(Basis.OFFER, "main", "1"): Lead(20 * H, Basis.OFFER, 5)}, Lead(20 * H, Basis.OFFER, 5)),
        ({(Basis.SHOP, "main", "shop"): AT_SUPPLIER}, AT_SUPPLIER),
        ({(Basis.OFFER, "other", "1"): AT_SUPPLIER}, Lead(72 * H, Basis.PROMISED)),
        ({}, Lead(72 * H, Basis.PROMISED)),
    ],
)
def test_a_supplier_is_expected_to_ship_as_it_did_and_else_as_it_promises(
    known: dict[tuple[Basis, str, str], Lead], expected: Lead
) -> None:
    assert dispatch_lead("main", {"1": OFFER}, known) == expected


def test_an_offer_bought_often_counts_more_than_its_shop() -> None:
    offer = Lead(20 * H, Basis.OFFER, 5)
    known = {(Basis.OFFER, "main", "1"): offer, (Basis.SHOP, "main", "shop"): AT_SUPPLIER}
    assert dispatch_lead("main", {"1": OFFER}, known) == offer


@pytest.mark.parametrize("offer", [None, make_offer("1")])
def test_two_days_are_assumed_of_an_offer_that_promises_nothing_or_was_never_read(offer: object) -> None:
    assert dispatch_lead("main", {"1": offer}, {}) == Lead(48 * H, Basis.NO_HISTORY)  # type: ignore[dict-item]


def test_of_several_offers_the_slowest_counts() -> None:
    quick = make_offer("2", dispatch_hours=24)
    assert dispatch_lead("main", {"1": OFFER, "2": quick}, {}).time == 72 * H
    assert dispatch_lead("main", {}, {}) == UNKNOWN[0]


def test_a_route_is_expected_to_take_what_its_parcels_took() -> None:
    assert route_lead("toys", {(Basis.ROUTE, "", "toys"): ON_ROUTE}) == ON_ROUTE
    assert route_lead("toys", {}) == UNMEASURED[ShippingWay.FORWARDER]


def test_every_way_abroad_has_a_time_until_it_is_measured() -> None:
    assert set(UNMEASURED) == set(ShippingWay)


@pytest.mark.parametrize(
    ("progress", "hours", "ahead"),
    [
        ([], 40, LEADS),
        ([Progress(None, None)], 40, LEADS),
        ([Progress(NOW - 10 * H, None)], 30, LEADS),
        ([Progress(NOW - 90 * H, None)], 10, LEADS),
        ([Progress(NOW - 90 * H, NOW - 4 * H)], 6, (ON_ROUTE,)),
        ([Progress(NOW - 90 * H, NOW - 50 * H)], 0, (ON_ROUTE,)),
        ([Progress(NOW, NOW), Progress(NOW, None)], 40, LEADS),
        ([Progress(NOW - 10 * H, None), Progress(None, None)], 40, LEADS),
    ],
)
def test_what_has_to_pass_still_follows_from_how_far_the_slowest_vendor_order_is(
    progress: list[Progress], hours: int, ahead: tuple[Lead, ...]
) -> None:
    assert forecast(LEADS, progress, start=NOW) == Forecast(NOW + hours * H, ahead)
