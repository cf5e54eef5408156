"""Which tracking numbers may be declared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from syncbridge.model.shipping import Shipment, ShippingService
from syncbridge.rules.tracking import has_own_stock, is_complete, problem
from syncbridge.testing.builders import make_order_line

SERVICES = (
    ShippingService("YANWEN_AM", "Yanwen", r"^[A-Z]{2}\d{9}YP$"),
    ShippingService("OTHER", "Any number", ""),
)


@pytest.mark.parametrize(
    ("carrier", "number", "said"),
    [
        ("YANWEN_AM", "UR000000001YP", None),
        ("OTHER", "whatever", None),
        ("YANWEN_AM", "UR1YP", "does not look like a number of Yanwen"),
        ("YANWEN_AM", "xUR000000001YP", "does not look like"),
        ("YANWEN_AM", "UR000000001YP\n", "does not look like"),
        ("DHL", "UR000000001YP", "not on the channel's list of carriers"),
        ("YANWEN_AM", "UR000000002YP", "the supplier's domestic number"),
        ("OTHER", "UR000000002YP", "the supplier's domestic number"),
    ],
)
def test_a_number_is_checked_against_its_carrier_and_the_domestic_leg(
    carrier: str, number: str, said: str | None
) -> None:
    found = problem(Shipment(carrier, number), SERVICES, {"UR000000002YP"})

    assert found is None if said is None else found is not None and said in found


@pytest.mark.parametrize(("declared", "parcels", "complete"), [(0, 1, True), (0, 2, False), (1, 2, True), (3, 2, True)])
def test_the_last_parcel_completes_an_order(declared: int, parcels: int, complete: bool) -> None:
    assert is_complete(declared, parcels) is complete


@pytest.mark.parametrize(
    ("bought", "ours", "own_stock"),
    [({"1", "2"}, True, False), ({"1"}, True, True), ({"1"}, False, False), (set(), True, False)],
)
def test_a_line_of_ours_that_no_purchase_feeds_is_own_stock(
    bought: Collection[str], ours: bool, own_stock: bool
) -> None:
    lines = [make_order_line(line_id="1"), replace(make_order_line(line_id="2"), ours_to_ship=ours)]

    assert has_own_stock(lines, bought) is own_stock
