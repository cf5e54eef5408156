"""The store's own shipping beyond the contracts: samples, which booking is meant, labels, and how far parcels are."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest

from syncbridge.adapters.aliexpress.parcel_reading import track
from syncbridge.adapters.aliexpress.wire_logistics import Event
from syncbridge.errors import NotFound, NotGranted, OutcomeUnknown, RateLimited, Rejected, VendorDown
from syncbridge.model.money import Money
from syncbridge.model.shipping import Booking, Movement, Shipment, Trail
from syncbridge.ports import Books, Tracks
from syncbridge.testing.builders import make_parcel, usd
from syncbridge.testing.faults import Fault
from tests.adapters.aliexpress.conftest import Answering, Store

pytestmark = pytest.mark.anyio
SAMPLES = files("syncbridge.adapters.aliexpress") / "samples"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
ORDER = "8172481060036440"
MANY = {"is_success": True, "result_list": []}


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text("utf-8"))


def methods(store: Store) -> list[str]:
    return [request.url.params["method"].rpartition(".")[2] for request in store.sent]


def test_a_store_books_and_tracks(store: Store) -> None:
    assert isinstance(store.channel, Books)
    assert isinstance(store.channel, Tracks)


async def test_lines_are_read_in_any_words(answering: Answering) -> None:
    lines = await answering(lambda *_: sample("online_services.json")).lines(make_parcel())
    assert [(one.service, one.cost, one.days, one.takes_battery) for one in lines] == [
        ("CAINIAO_STANDARD", Money.of("38.16", "CNY"), (15, 25), None),
        ("YANWEN_AM", Money.of("5.90", "USD"), (20, 40), None),
        ("SPAIN_LOCAL_CORREOS", None, None, None),
        ("EMS", None, None, None),
    ]


@pytest.mark.parametrize(
    ("quotes", "method"),
    [("order", "getonlinelogisticsservicelistbyorderid"), ("query", "aliexpress.logistics.service.query")],
)
async def test_the_call_that_is_granted_is_the_one_that_is_made(
    make_store: type[Store], quotes: str, method: str
) -> None:
    store = make_store(quotes=quotes)
    await store.channel.lines(store.draft())
    assert [request.url.params["method"].endswith(method) for request in store.sent] == [True]


async def test_a_booking_is_read_with_its_newest_number(answering: Answering) -> None:
    found = await answering(lambda *_: sample("logistics_orders.json")).booked(make_parcel(), since=NOW)
    assert found == [
        Booking("30000001", "SB7K2M9Q", "CAINIAO_STANDARD", "CAINIAO_STANDARD", "LX000000002CN"),
        Booking("30000002", "SB7K2M9Q", "", "", "", cancelled=True),
    ]


async def test_the_platform_s_own_number_is_no_tracking_number(answering: Answering) -> None:
    row = {"online_logistics_id": 1, "lp_number": "LP00030000001234", "logistics_status": "init"}
    (found,) = await answering(lambda *_: MANY | {"result_list": [row]}).booked(make_parcel(), since=NOW)
    assert found.number == ""


async def test_all_pages_are_looked_through(answering: Answering) -> None:
    def answers(method: str, given: dict[str, str]) -> object:
        page = int(given["current_page"])
        return MANY | {"total_page": 3, "result_list": [{"online_logistics_id": page, "logistics_status": "init"}]}

    found = await answering(answers).booked(make_parcel(), since=NOW)
    assert [one.booking_id for one in found] == ["1", "2", "3"]


async def test_a_parcel_goes_under_the_supplier_s_waybill_where_there_is_one(store: Store) -> None:
    draft = replace(store.draft(), domestic_carrier="YTO", domestic_number="YT9988776655443")
    await store.channel.book(draft)
    assert store.bookings() == {"YT9988776655443": 1}
    (found,) = await store.channel.booked(draft, since=NOW)
    assert found.mark == draft.mark


async def test_one_that_was_booked_before_the_waybill_came_is_still_found(store: Store) -> None:
    draft = store.draft()
    made = await store.channel.book(draft)
    later = replace(draft, domestic_carrier="YTO", domestic_number="YT9988776655443")
    (found,) = await store.channel.booked(later, since=NOW)
    assert found.booking_id == made.booking_id


async def test_two_that_may_be_meant_are_both_answered(store: Store) -> None:
    one, other = (replace(store.draft(n), domestic_carrier="YTO", domestic_number="YT1") for n in (1, 2))
    made = {(await store.channel.book(draft)).booking_id for draft in (one, other)}
    for draft in (one, other):
        assert {found.booking_id for found in await store.channel.booked(draft, since=NOW)} == made


async def test_the_same_waybill_of_another_order_is_not_meant(store: Store) -> None:
    draft = replace(store.draft(), domestic_number="YT1")
    await store.channel.book(draft)
    assert list(await store.channel.booked(replace(draft, order_id="8172481060036441"), since=NOW)) == []


async def test_it_is_booked_from_the_seller_s_default_address(store: Store) -> None:
    await store.channel.book(store.draft())
    body = dict(pair.split("=") for pair in store.sent[-1].content.decode().split("&"))
    assert "1002" in body["address_d_t_os"]  # the second of two, which is the default
    assert body["undeliverable_decision"] == "0"
    assert methods(store) == ["findorderbyid", "getlogisticsselleraddresses", "createwarehouseorder"]


async def test_a_seller_without_an_address_is_told_so(answering: Answering) -> None:
    def answers(method: str, given: dict[str, str]) -> object:
        if method.endswith("findorderbyid"):
            child = {"child_order_id": "1", "product_id": 1005, "product_count": 2, "product_price": {"amount": "1"}}
            order = {"id": 1, "order_status": "X", "gmt_create": "2026-03-02 00:00:00", "child_order_list": [child]}
            return {"target": order}
        return {"result_success": True, "sender_seller_address_list": [{"address_id": 1}]}

    with pytest.raises(Rejected, match="no address for collection, returns"):
        await answering(answers).book(make_parcel(service="CAINIAO_STANDARD"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"service": ""}, "no line is chosen"),
        ({"domestic_number": "Y" * 33}, "longer than 32"),
        ({"goods": ()}, "no goods"),
        ({"goods": {"name_cn": "笔" * 21}}, "1 to 20 characters"),
        ({"goods": {"name_en": ""}}, "1 to 60 characters"),
        ({"goods": {"quantity": 1000}}, "1000 pieces"),
        ({"goods": {"value": Money.of("4", "CNY")}}, "declared in CNY"),
        ({"goods": {"value": usd("10000.01")}}, "0.01 to 10000"),
        ({"goods": {"weight_g": 2001}}, "1 to 2000 g"),
        ({"goods": {"line_id": "77"}}, "not one of order"),
        ({"receiver": {"phone": " "}}, "lacks its phone"),
    ],
)
async def test_what_the_vendor_would_refuse_is_said_and_not_sent(
    store: Store, changes: dict[str, Any], said: str
) -> None:
    draft = store.draft()
    if isinstance(changes.get("goods"), dict):
        changes = {"goods": (replace(draft.goods[0], **changes["goods"]),)}
    if "receiver" in changes:
        changes = {"receiver": replace(draft.receiver, **changes["receiver"])}
    with pytest.raises(Rejected, match=said):
        await store.channel.book(replace(draft, **changes))
    assert store.bookings() == {}
    assert "createwarehouseorder" not in methods(store)


async def test_a_parcel_of_an_unknown_order_is_not_booked(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.channel.book(make_parcel(service="CAINIAO_STANDARD", order_id="8172481060036999"))


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.TRUNCATE, Fault.HTML, Fault.UNAVAILABLE])
async def test_a_booking_without_a_clear_answer_is_not_sent_again(store: Store, fault: Fault) -> None:
    draft = store.draft()
    store.next_faults = [None, None, fault]
    with pytest.raises(OutcomeUnknown):
        await store.channel.book(draft)
    assert methods(store).count("createwarehouseorder") == 1


@pytest.mark.parametrize("result", [{"success": True}, {"warehouse_order_id": 0, "error_code": 1, "success": True}])
async def test_a_success_without_an_id_is_no_success(
    store: Store, answering: Answering, result: dict[str, Any]
) -> None:
    draft = store.draft()
    child = store.draft().goods[0].line_id

    def answers(method: str, given: dict[str, str]) -> object:
        if method.endswith("findorderbyid"):
            line = {"child_order_id": child, "product_id": 1005, "product_count": 2, "product_price": {"amount": "1"}}
            order = {"id": 1, "order_status": "X", "gmt_create": "2026-03-02 00:00:00", "child_order_list": [line]}
            return {"target": order}
        if method.endswith("addresses"):
            roles = ("sender", "pickup", "refund")
            return {"result_success": True} | {f"{r}_seller_address_list": [{"address_id": 1}] for r in roles}
        return {"result": result, "result_success": True}

    with pytest.raises(OutcomeUnknown):
        await answering(answers).book(draft)


async def test_a_label_is_not_asked_for_without_a_number(store: Store) -> None:
    assert await store.channel.label(Booking("1", "M", "A", "A")) is None
    assert store.sent == []


@pytest.mark.parametrize("body", ["!!!", base64.b64encode(b"<html>").decode()])
async def test_what_is_no_pdf_is_no_label(answering: Answering, body: str) -> None:
    channel = answering(lambda *_: {"result": json.dumps({"body": body})})
    with pytest.raises(Rejected) as caught:
        await channel.label(Booking("1", "M", "A", "A", "LX1"))
    assert caught.value.code == "label_unreadable"


async def test_a_label_that_is_no_json_is_asked_for_again_later(answering: Answering) -> None:
    with pytest.raises(VendorDown):
        await answering(lambda *_: {"result": "busy"}).label(Booking("1", "M", "A", "A", "LX1"))


async def test_a_parcel_is_as_far_as_its_newest_known_event_says(answering: Answering) -> None:
    trail = Trail("CAINIAO_STANDARD", "LX000000002CN", ORDER, "ES")
    (one,) = await answering(lambda *_: sample("tracking.json")).track([trail])
    assert (one.number, one.movement) == ("LX000000002CN", Movement.DELIVERED)
    assert [sighting.movement for sighting in one.sightings] == [
        Movement.MOVING,
        Movement.DELIVERED,
        Movement.OUT_FOR_DELIVERY,
        Movement.MOVING,
        Movement.MOVING,
        Movement.MOVING,
    ]
    assert one.sightings[1].at == datetime(2026, 3, 20, 1, 0, tzinfo=UTC)
    assert (one.sightings[1].said, one.sightings[1].place) == ("Delivered", "Madrid, ES")


@pytest.mark.parametrize(
    ("codes", "movement"),
    [
        ([], Movement.UNKNOWN),
        (["CONSIGN"], Movement.ANNOUNCED),
        (["GTMS_ASN"], Movement.ANNOUNCED),
        (["SC_INBOUND_SUCCESS"], Movement.MOVING),
        (["SIGNED"], Movement.MOVING),
        (["LH_ARRIVE", "SIGNED"], Movement.DELIVERED),
        (["SIGNED", "LH_ARRIVE"], Movement.MOVING),
        (["GTMS_ASN", "SIGNED"], Movement.MOVING),
        (["GTMS_STA_SIGNED"], Movement.TO_COLLECT),
        (["GSTA_INBOUND", "GSTA_BUYER_SIGN"], Movement.DELIVERED),
        (["gtms_signed "], Movement.DELIVERED),
        (["GTMS_DEL_FAILURE"], Movement.NOT_DELIVERED),
        (["CC_IM_FAILURE"], Movement.ABNORMAL),
        (["CC_TRANS＿FAILURE"], Movement.ABNORMAL),
        (["RT_DESTROY"], Movement.ABNORMAL),
        (["RT_INBOUND"], Movement.RETURNED),
        (["RT_WH_HO_IN_FAIL"], Movement.ABNORMAL),
        (["BRAND_NEW_SIGNED"], Movement.MOVING),
        (["DELIVERED"], Movement.MOVING),
        ([""], Movement.MOVING),
        (["GTMS_SIGNED", "BRAND_NEW"], Movement.DELIVERED),
        (["GTMS_SIGNED", "GSTA_OTHER"], Movement.DELIVERED),
        (["GTMS_SIGNED", "RETURNED"], Movement.RETURNED),
    ],
)
def test_what_a_code_means(codes: list[str], movement: Movement) -> None:
    """The codes in the order they came."""
    events = [Event(f"2026-03-{day:02d} 10:00:00", code) for day, code in enumerate(codes, start=1)]
    assert track("LX1", events[::-1]).movement is movement


async def test_parcels_are_followed_one_by_one_and_one_that_fails_hides_no_other(store: Store) -> None:
    order = store.draft().order_id
    world = store.mock.world
    world.trails["LX2"] = [{"event_date": "2026-03-02 10:00:00", "action_code": "GTMS_SIGNED"}]
    trails = [Trail("CAINIAO_STANDARD", f"LX{n}", order, "GB") for n in (1, 2, 3)]
    store.next_faults = [None, None, Fault.UNAVAILABLE, Fault.UNAVAILABLE, Fault.UNAVAILABLE]
    tracks = await store.channel.track(trails)
    assert [(one.number, one.movement) for one in tracks] == [("LX1", Movement.UNKNOWN), ("LX2", Movement.DELIVERED)]
    assert "to_area=UK" in store.sent[0].content.decode()


async def test_a_pause_asked_for_ends_the_look_and_keeps_what_is_known(store: Store) -> None:
    trails = [Trail("CAINIAO_STANDARD", f"LX{n}", store.draft().order_id, "ES") for n in (1, 2)]
    await store.channel.shipping_services()  # asks what kind of shop it is
    store.limit_next_call()
    with pytest.raises(RateLimited):
        await store.channel.track(trails)
    calls = iter([None, "ApiCallLimit"])
    store.mock.world.next_fault = lambda api: "rate_limit" if next(calls) else None  # type: ignore[method-assign]  # once
    assert [one.number for one in await store.channel.track(trails)] == ["LX1"]


async def test_a_call_the_gateway_refuses_is_no_parcel_nobody_knows(answering: Answering) -> None:
    def answers(method: str, given: dict[str, str]) -> object:
        if given["logistics_no"] == "LX1":
            return {"error_response": {"code": "InvalidParameter", "msg": "to_area"}}
        return {"result_success": False, "error_desc": "no tracking information"}

    first, second = (Trail("A", number, ORDER, "ES") for number in ("LX1", "LX2"))
    (one,) = await answering(answers).track([first, second])
    assert (one.number, one.movement) == ("LX2", Movement.UNKNOWN)
    with pytest.raises(Rejected, match="to_area"):
        await answering(answers).track([first])


async def test_an_account_that_may_not_follow_parcels_says_so(answering: Answering) -> None:
    refused = {"error_response": {"code": "InsufficientPermission", "msg": "no permission"}}
    with pytest.raises(NotGranted):
        await answering(lambda *_: refused).track([Trail("A", "LX1", ORDER, "ES")])


async def test_another_number_on_a_carrier_called_other_is_for_a_person(store: Store) -> None:
    with pytest.raises(Rejected) as caught:
        await store.channel.redeclare(ORDER, store.shipment(), Shipment("OTHER", "123456"), complete=True)
    assert (caught.value.code, store.sent) == ("other_carrier", [])
