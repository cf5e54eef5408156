"""The invariants can fail: each is broken here on purpose, by hand, in the tables or the books of a quiet day."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from syncbridge.demo.abroad import DONE, Books, mark_in
from syncbridge.demo.books import Balance, Story, balance
from syncbridge.rules.mapping import ShippingWay
from tests.simulation import database, invariants
from tests.simulation.invariants import Broken
from tests.simulation.sim import Sim, rules

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Quiet(NamedTuple):
    """A day that balances: its tables, its books, and what they are held against."""

    sim: Sim
    supplier: Books
    channel: Books
    story: Story


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    sim = Sim(2, tmp_path_factory.mktemp("quiet"), kills=0, fault_share=0)
    seen: list[tuple[Books, Books]] = []
    look = sim.books

    def noted() -> tuple[Books, Books]:
        seen.append(look())
        return seen[-1]

    sim.books = noted  # type: ignore[method-assign]  # the last is kept
    sim.play()
    supplier, channel = seen[-1]
    waiting = {f"order toys/{order['order_id']}" for order in channel["orders"] if order["status"] not in DONE}
    return Quiet(sim, supplier, channel, Story(sim.scenario, rules(), sim.world.forwarder.sent, waiting))


@pytest.fixture
def books(day: Quiet) -> tuple[Books, Books]:
    return deepcopy(day.supplier), deepcopy(day.channel)


@pytest.fixture
def tables(day: Quiet, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Run a statement on the day's tables, which are put back afterwards."""
    kept = database.copy()
    request.addfinalizer(lambda: database.put_back(kept))  # noqa: PT021  it must come after the statement

    def run(statement: str) -> None:
        database.rows(statement)

    return run


@pytest.mark.parametrize(
    ("what", "statement"),
    [
        ("I1_bought_too_much", "UPDATE purchase SET lines = replace(lines, '\"quantity\":', '\"quantity\":9')"),
        ("I1_one_intent", "UPDATE vendor_order SET purchase = 1 + purchase % 3"),
        ("I2", "DELETE FROM inbox"),
        ("I7_new_total", "UPDATE vendor_order SET total = '13.90'"),
        ("I8_order", "UPDATE channel_order SET modified_at = '2020-01-01'"),
        ("I8_purchase", "UPDATE purchase SET state = 'intended' WHERE state = 'declared'"),
        ("I9_timeline_changed", "UPDATE timeline SET event = 'nothing'"),
        ("I9_timeline_deleted", "DELETE FROM timeline"),
    ],
)
def test_a_write_that_breaks_an_invariant_is_seen(tables: Callable[[str], None], what: str, statement: str) -> None:
    invariants.check_tables(LONG_AGO)
    tables(statement)
    with pytest.raises(Broken, match=what):
        invariants.check_tables(LONG_AGO)


def test_a_job_of_a_life_that_ended_is_held_by_nobody(tables: Callable[[str], None]) -> None:
    tables("UPDATE job SET state = 'running', claimed_at = '2026-03-02 01:00:00.000000', lock = NULL WHERE id = 1")
    with pytest.raises(Broken, match="I6"):
        invariants.check_tables(datetime(2027, 1, 1, tzinfo=UTC))


def test_an_acknowledged_message_that_was_not_kept_is_seen(day: Quiet) -> None:
    with pytest.raises(Broken, match="I2: the inbox of toys has nothing 0 times"):
        invariants.check_inbox("toys", ["nothing"])


def test_calls_beyond_the_quota_are_seen() -> None:
    invariants.check_quota(15, 15)
    with pytest.raises(Broken, match="I10"):
        invariants.check_quota(30, 15)


def test_a_second_purchase_is_seen(day: Quiet, books: tuple[Books, Books]) -> None:
    supplier, channel = books
    _check_books(day, supplier, channel)
    supplier["orders"].append(supplier["orders"][0])
    with pytest.raises(Broken, match="I1"):
        _check_books(day, supplier, channel)


def _declare_again(supplier: Books, parcels: list[dict[str, object]]) -> None:
    parcels.append(parcels[0])


def _declare_the_domestic_number(supplier: Books, parcels: list[dict[str, object]]) -> None:
    shipped = next(order["parcels"] for order in supplier["orders"] if order["parcels"])
    parcels[0]["logistics_no"] = shipped[0]["number"]  # type: ignore[index]  # a list of the mock's


def _declare_an_invented_number(supplier: Books, parcels: list[dict[str, object]]) -> None:
    parcels[0]["logistics_no"] = "UR999999999YP"


def _declare_nothing(supplier: Books, parcels: list[dict[str, object]]) -> None:
    parcels.clear()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_declare_again, "was declared 2 times"),
        (_declare_the_domestic_number, "is domestic, and was declared"),
        (_declare_an_invented_number, "nobody gave UR999999999YP to a parcel of it"),
        (_declare_nothing, "was not declared"),
    ],
)
def test_a_parcel_declared_wrongly_is_seen(
    day: Quiet,
    books: tuple[Books, Books],
    change: Callable[[Books, list[dict[str, object]]], None],
    said: str,
) -> None:
    supplier, channel = books
    declared = next(order["declarations"] for order in channel["orders"] if order["declarations"])
    change(supplier, declared)  # type: ignore[arg-type]  # a list of the mock's
    with pytest.raises(Broken, match=f"I4: .*{said}"):
        _check_books(day, supplier, channel)


def test_a_parcel_booked_twice_is_seen(day: Quiet, books: tuple[Books, Books]) -> None:
    supplier, channel = books
    bought = next(order for order in supplier["orders"] if order["parcels"])
    mark = mark_in(str(bought["message"]))
    channel["warehouse_orders"][:] = [
        {"domestic_no": bought["parcels"][0]["number"], "number": number, "status": "init"}  # type: ignore[index]
        for number in ("LX1CN", "LX2CN")
    ]
    ways = day.sim.ways | {mark: ShippingWay.OFFICIAL}
    with pytest.raises(Broken, match="was booked 2 times"):
        invariants.check_books(day.sim.scenario, day.sim.owners, ways, supplier, channel, day.story.sent)


@pytest.mark.parametrize(
    ("first", "told", "said"),
    [
        ("{mark}", "LX2CN", None),
        ("{mark}-2", "LX2CN", "was booked 2 times"),
        ("{mark}", "LX1CN", "nobody gave LX2CN to a parcel of it"),
    ],
    ids=["a buyer moved", "booked twice", "not the label the supplier has"],
)
def test_the_label_that_the_supplier_was_told_of_is_the_parcels(
    day: Quiet, books: tuple[Books, Books], first: str, told: str, said: str | None
) -> None:
    supplier, channel = books
    bought = next(order for order in supplier["orders"] if order["parcels"])
    mark = mark_in(str(bought["message"]))
    order = next(order for order in channel["orders"] if order["order_id"] == day.sim.owners[mark])
    bought["message"] = f"唛头 {mark} 面单号 {told}"
    order["declarations"] = [{"logistics_no": "LX2CN"}]
    channel["warehouse_orders"] += [
        {"domestic_no": name.format(mark=mark), "number": number, "status": "init"}
        for name, number in ((first, "LX1CN"), ("{mark}-2", "LX2CN"))
    ]
    ways = day.sim.ways | {mark: ShippingWay.LABEL_FIRST}
    with pytest.raises(Broken, match=said) if said else contextlib.nullcontext():
        invariants.check_books(day.sim.scenario, day.sim.owners, ways, supplier, channel, day.story.sent)


def _check_books(day: Quiet, supplier: Books, channel: Books) -> None:
    sim = day.sim
    invariants.check_books(sim.scenario, sim.owners, sim.ways, supplier, channel, day.story.sent)


def test_a_write_nothing_explains_is_seen(day: Quiet) -> None:
    found = invariants.unexplained([("placed", "4711", "")], day.sim.owners, set())
    assert found == ["I9: nothing explains that 4711 was placed"]


def test_the_books_of_a_quiet_day_balance(day: Quiet, books: tuple[Books, Books]) -> None:
    assert balance(day.story, *books).differences == ()


def test_an_order_that_is_neither_declared_nor_waits_is_lost(day: Quiet, books: tuple[Books, Books]) -> None:
    assert balance(replace(day.story, waiting=set()), *books).lost == len(day.story.waiting)


def test_what_was_bought_or_paid_after_a_cancel_is_counted(day: Quiet, books: tuple[Books, Books]) -> None:
    supplier, channel = books
    for order in channel["orders"]:
        order |= {"cancelled_at": "2026-03-02T01:00:00+00:00", "cancel_asked_at": None}
    found = balance(day.story, supplier, channel)
    assert found.bought_after_cancel > 0
    assert any("was cancelled, but vendor order" in difference for difference in found.differences)


@pytest.mark.parametrize("price", ["0.01", "99999.00"])
def test_a_price_outside_its_band_or_a_step_past_the_brake_is_counted(
    day: Quiet, books: tuple[Books, Books], price: str
) -> None:
    supplier, channel = books
    channel["products"][0]["skus"][0]["price"] = price  # type: ignore[index]  # a list of the mock's
    assert balance(day.story, supplier, channel).outside_band >= 1


def test_a_listing_made_twice_is_a_difference(day: Quiet, books: tuple[Books, Books]) -> None:
    supplier, channel = books
    channel["products"].append(channel["products"][0])
    found: Balance = balance(day.story, supplier, channel)
    assert any("is listed 2 times" in difference for difference in found.differences)
