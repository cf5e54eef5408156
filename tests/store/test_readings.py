"""When offers were read, what they cost, and which SKUs lost their spec, as the tables keep it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from syncbridge.model.catalog import Offer
from syncbridge.model.money import Money
from syncbridge.rules.polling import Pacing, Watched
from syncbridge.store import offer_history, readings
from syncbridge.store.readings import Reading
from syncbridge.testing.builders import cny, make_offer, make_spec
from syncbridge.testing.clock import START
from tests.store.conftest import new_engine

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPEC = make_spec(1).spec_id


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    engine = new_engine(tmp_path)
    with Session(engine) as opened:
        yield opened
    engine.dispose()


def reading(offer_id: str, hours: int, rate: float = 0.5) -> Reading:
    return Reading(offer_id, START, START + hours * HOUR, Watched(rate))


def test_what_is_due_longest_comes_first_and_no_more_than_asked_for(session: Session) -> None:
    readings.keep(session, "main", [reading("a", 3), reading("b", 1), reading("c", 2), reading("d", 9)])
    readings.keep(session, "second", [reading("e", 0)])

    assert readings.due(session, "main", now=START + 3 * HOUR, most=9) == ["b", "c", "a"]
    assert readings.due(session, "main", now=START + 3 * HOUR, most=2) == ["b", "c"]


def test_offers_are_counted_by_pace_for_each_account(session: Session) -> None:
    readings.keep(session, "main", [reading("a", 1, 1.0), reading("b", 1, 1.0), reading("c", 1, 8.0)])
    readings.keep(session, "second", [reading("e", 0)])

    assert readings.paces(session, "main") == {0: 2, 3: 1}


def test_a_reading_takes_the_place_of_the_one_before(session: Session) -> None:
    readings.keep(session, "main", [reading("a", 1)])
    readings.keep(session, "main", [reading("a", 7, 2.0)])

    assert readings.last(session, "main", ["a", "b"]) == {"a": reading("a", 7, 2.0)}


def test_hastening_makes_due_at_once_and_never_later(session: Session) -> None:
    readings.keep(session, "main", [reading("a", 5), reading("b", 1)])
    readings.hasten(session, "main", ["a", "b"], now=START + 2 * HOUR)

    assert readings.due(session, "main", now=START + 2 * HOUR, most=9) == ["b", "a"]


def test_the_pacing_of_an_account_is_kept_beside_what_it_has(session: Session) -> None:
    assert readings.pacing(session, "main") == Pacing()
    readings.set_pacing(session, "main", Pacing(0.25, 2 * DAY))

    assert readings.pacing(session, "main") == Pacing(0.25, 2 * DAY)


def costing(*costs: str | Money | None, stock: int = 9) -> list[Offer]:
    made = [make_spec(1, cost=cost if isinstance(cost, str) else None, stock=stock) for cost in costs]
    specs = [
        replace(spec, cost=cost) if isinstance(cost, Money) else spec for spec, cost in zip(made, costs, strict=True)
    ]
    return [make_offer("1", spec) for spec in specs]


def lived(session: Session, offers: list[Offer]) -> None:
    """An offer changed so, hour by hour."""
    last = None
    for hour, offer in enumerate(offers):
        offer_history.append(session, "main", {"1": last}, [offer], now=START + hour * HOUR)
        last = offer


def test_what_a_spec_cost_of_late_is_the_median_of_its_costs(session: Session) -> None:
    lived(session, costing("10.00", "11.00", "99.00"))

    assert offer_history.recent_costs(session, "main", ["1"]) == {("1", SPEC): cny("11.00")}


def test_a_cost_counts_once_however_often_the_stock_moved(session: Session) -> None:
    steady = [make_offer("1", make_spec(1, cost="10.00", stock=stock)) for stock in range(9)]
    lived(session, [*steady, *costing("12.00", "14.00")])

    assert offer_history.recent_costs(session, "main", ["1"]) == {("1", SPEC): cny("12.00")}


def test_only_the_last_twenty_costs_count(session: Session) -> None:
    old = [str(n) for n in range(500, 540)]
    lived(session, costing(*old, *(str(n) for n in range(10, 30))))

    assert offer_history.recent_costs(session, "main", ["1"]) == {("1", SPEC): cny("20")}


def test_a_cost_that_is_not_shown_counts_for_nothing_and_currencies_are_not_mixed(session: Session) -> None:
    lived(session, costing("10.00", Money.of("900", "USD"), None, "12.00"))

    assert offer_history.recent_costs(session, "main", ["1"]) == {("1", SPEC): cny("12.00")}
    assert offer_history.recent_costs(session, "main", ["2"]) == {}


def test_an_unchanged_spec_has_no_new_past(session: Session) -> None:
    lived(session, costing("10.00", "10.00", "10.00"))

    assert len(offer_history.of_offer(session, "main", "1")) == 1


def test_what_no_longer_holds_is_forgotten_and_what_holds_is_not(session: Session) -> None:
    lived(session, costing("10.00", "11.00", "12.00", "13.00"))

    assert offer_history.forget(session, before=START + 2 * HOUR + HOUR / 2) == 2
    assert [str(past.cost) for past in offer_history.of_offer(session, "main", "1")] == ["12.00 CNY", "13.00 CNY"]
    assert offer_history.forget(session, before=START + 90 * DAY) == 1
    assert [str(past.cost) for past in offer_history.of_offer(session, "main", "1")] == ["13.00 CNY"]
