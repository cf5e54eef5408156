"""Which tracking numbers may be declared."""

from __future__ import annotations

import pytest

from syncbridge.model.shipping import Shipment, ShippingService
from syncbridge.rules.tracking import is_complete, problem

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
