"""Which tracking numbers may be declared, and what becomes of one that comes beside another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from syncbridge.model.shipping import ParcelState, Shipment, ShippingService
from syncbridge.rules.mapping import ShippingWay
from syncbridge.rules.tracking import (
    Fate,
    Packed,
    accepted,
    fate,
    has_own_stock,
    is_complete,
    parcels,
    problem,
    purchase_mark,
)
from syncbridge.testing.builders import make_order_line

SERVICES = (
    ShippingService("YANWEN_AM", "Yanwen", r"^[A-Z]{2}\d{9}YP$"),
    ShippingService("OTHER", "Any carrier", ""),
)
OLD, NEW = "UR000000001YP", "UR000000002YP"


@pytest.mark.parametrize(
    ("shipment", "said"),
    [
        (Shipment("YANWEN_AM", "UR000000001YP"), None),
        (Shipment("OTHER", "whatever", site="https://track.example.com", operator="Example"), None),
        (Shipment("OTHER", "whatever"), "{key: OTHER, site: https://…, carrier: …}"),
        (Shipment("OTHER", "whatever", site="https://track.example.com"), "the carrier's name and site, too"),
        (Shipment("YANWEN_AM", "UR1YP"), "does not look like a number of Yanwen"),
        (Shipment("YANWEN_AM", "xUR000000001YP"), "does not look like"),
        (Shipment("YANWEN_AM", "UR000000001YP\n"), "does not look like"),
        (Shipment("DHL", "UR000000001YP"), "not on the channel's list of carriers"),
    ],
)
def test_a_number_is_checked_against_its_carrier(shipment: Shipment, said: str | None) -> None:
    found = problem(shipment, SERVICES, domestic=False)

    assert found is None if said is None else found is not None and said in found


@pytest.mark.parametrize("carrier", ["YANWEN_AM", "OTHER", "DHL"])
def test_a_domestic_number_is_refused_whoever_is_said_to_carry_it(carrier: str) -> None:
    found = problem(Shipment(carrier, OLD), SERVICES, domestic=True)

    assert found is not None
    assert "the supplier's domestic number" in found


@pytest.mark.parametrize(
    ("carrier", "told"),
    [("YANWEN_AM", r"YANWEN_AM ^[A-Z]{2}\d{9}YP$"), ("OTHER", "OTHER"), ("YANWEN", "YANWEN_AM, OTHER")],
)
def test_what_would_be_taken_is_told_with_a_refusal(carrier: str, told: str) -> None:
    assert accepted(Shipment(carrier, "x"), SERVICES) == told


@pytest.mark.parametrize(
    ("known", "replaces", "becomes"),
    [
        ({}, None, Fate.DECLARE),
        ({}, OLD, Fate.DECLARE),
        ({OLD: ParcelState.REPLACED}, None, Fate.DECLARE),
        ({OLD: ParcelState.DOUBTFUL}, None, Fate.DECLARE),
        ({OLD: ParcelState.ANNOUNCED}, "", Fate.DECLARE),
        ({OLD: ParcelState.ANNOUNCED}, OLD, Fate.REPLACE),
        ({OLD: ParcelState.ANNOUNCED, NEW: ParcelState.DOUBTFUL}, OLD, Fate.REPLACE),
        ({OLD: ParcelState.REPLACED, NEW: ParcelState.ANNOUNCED}, OLD, Fate.KNOWN),
        ({OLD: ParcelState.ANNOUNCED}, None, Fate.ASK),
        ({OLD: ParcelState.ANNOUNCED}, "UR000000009YP", Fate.ASK),
        ({OLD: ParcelState.ANNOUNCED}, NEW, Fate.ASK),
        ({OLD: ParcelState.ANNOUNCED, NEW: ParcelState.DOUBTFUL}, None, Fate.KNOWN),
        ({NEW: ParcelState.ANNOUNCED}, "", Fate.KNOWN),
    ],
)
def test_a_number_beside_another_is_a_further_parcel_or_takes_its_place_or_is_asked_about(
    known: dict[str, ParcelState], replaces: str | None, becomes: Fate
) -> None:
    assert fate(Shipment("YANWEN", NEW, "MARK", replaces), known) is becomes


@pytest.mark.parametrize(("mark", "purchase"), [("ABCDEFGH", "ABCDEFGH"), ("ABCDEFGH-2", "ABCDEFGH"), ("", "")])
def test_a_further_parcel_bears_the_mark_of_its_purchase(mark: str, purchase: str) -> None:
    assert purchase_mark(mark) == purchase


@pytest.mark.parametrize(
    ("packed", "count"),
    [
        ([Packed(ShippingWay.FORWARDER, 3, 0)], 1),
        ([Packed(ShippingWay.FORWARDER, 1, 2)], 2),
        ([Packed(ShippingWay.OFFICIAL, 3, 1)], 3),
        ([Packed(ShippingWay.LABEL_FIRST, 0, 0)], 1),
        ([Packed(ShippingWay.LABEL_FIRST, 2, 3), Packed(ShippingWay.FORWARDER, 1, 1)], 4),
        ([], 0),
    ],
)
def test_booked_parcels_are_counted_by_vendor_order_and_a_forwarders_by_purchase(
    packed: list[Packed], count: int
) -> None:
    assert parcels(packed) == count


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
