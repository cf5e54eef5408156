"""``syncbridge parcels``: the numbers of an order, and what a person says of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import Session, select

from syncbridge.flows.fulfil import TWO_NUMBERS
from syncbridge.model.purchasing import PurchaseState
from syncbridge.model.shipping import ParcelState, Shipment
from syncbridge.store import holds, parcels, purchases
from syncbridge.store.tables.work import Job
from tests.cli.test_queue import NOW, ORDER, Desk
from tests.cli.test_queue import parked as ordered

FIRST, SECOND, THIRD = "UR000000001YP", "UR000000002YP", "UR000000003YP"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def two_numbers(session: Session) -> None:
    """One number is declared, and another came beside it."""
    ordered(session, state=PurchaseState.SHIPPED)
    purchase = purchases.get(session, 1)
    first = parcels.announce(session, purchase, Shipment("YANWEN", FIRST, purchase.mark))
    assert first is not None
    parcels.declared(session, first, purchase, "YANWEN_AM", now=NOW)
    parcels.announce(session, purchase, Shipment("YANWEN", SECOND, purchase.mark), ParcelState.DOUBTFUL)
    holds.open_hold(session, TWO_NUMBERS, f"order toys/{ORDER} {SECOND}", {"beside": FIRST}, now=NOW)


def written(session: Session) -> list[str]:
    """The declarations that are to be made."""
    return [job.kind for job in session.scalars(select(Job)) if job.kind.startswith("fulfil.")]


def states(desk: Desk) -> dict[str, str]:
    return {one["number"]: one["state"] for one in desk.answer("list", ORDER, group="parcels")["parcels"]}


def test_the_list_tells_what_each_number_is(desk: Desk) -> None:
    desk.change(two_numbers)

    told = desk.run("list", ORDER, group="parcels").stdout.splitlines()
    assert told[0].startswith(f"{FIRST} · YANWEN_AM · announced · declared ")
    assert told[1].startswith(f"{SECOND} · YANWEN · doubtful · not declared · ")
    (first, _) = desk.answer("list", ORDER, group="parcels")["parcels"]
    assert (first["store"], first["declared_at"]) == ("toys", NOW.isoformat(timespec="seconds"))


def test_a_number_is_corrected_also_one_that_was_in_doubt(desk: Desk) -> None:
    desk.change(two_numbers)

    result = desk.run("correct", ORDER, FIRST, SECOND, group="parcels")

    assert (result.exit_code, result.stderr) == (
        0,
        f"{SECOND} takes the place of {FIRST} as soon as the daemon sees it\n",
    )
    assert states(desk) == {FIRST: "replaced", SECOND: "announced"}
    assert desk.change(written, holds.all_open)[0] == ["fulfil.redeclare"]
    assert desk.change(lambda session: [one.kind for one in holds.all_open(session)]) == [[]]


def test_a_number_never_announced_takes_the_place_of_one_under_a_carrier_of_its_own(desk: Desk) -> None:
    desk.change(two_numbers)
    desk.run("correct", ORDER, FIRST, THIRD, "--carrier", "DHL", group="parcels")

    found = {one["number"]: one["carrier"] for one in desk.answer("list", ORDER, group="parcels")["parcels"]}
    assert found[THIRD] == "DHL"


def test_a_number_in_doubt_is_declared_too(desk: Desk) -> None:
    desk.change(two_numbers)

    result = desk.run("declare", ORDER, SECOND, "--store", "toys", group="parcels")

    assert result.exit_code == 0
    assert states(desk) == {FIRST: "announced", SECOND: "announced"}
    assert desk.change(written) == [["fulfil.declare"]]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("list", "1"), "no parcel of an order 1 was announced"),
        (("list", ORDER, "--store", "other"), f"no parcel of an order {ORDER} was announced"),
        (("declare", ORDER, FIRST), f"{FIRST} is not in doubt"),
        (("correct", ORDER, THIRD, FIRST), f"order {ORDER} has no parcel {THIRD}; its numbers are"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(desk: Desk, command: tuple[str, ...], said: str) -> None:
    desk.change(two_numbers)

    result = desk.run(*command, group="parcels")

    assert result.exit_code != 0
    assert said in result.stderr
    assert desk.change(written) == [[]]
