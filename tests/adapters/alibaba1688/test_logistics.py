"""The domestic leg beyond the contract: parts, parcels without a number, numbers that change, and what is pushed."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from syncbridge.adapters.alibaba1688 import reading, wire
from syncbridge.adapters.alibaba1688.webhook import Alibaba1688Webhook
from syncbridge.errors import NotFound, OutcomeUnknown, Rejected
from syncbridge.model.events import EventKind, RawRequest, VendorEvent
from syncbridge.model.purchasing import PurchaseLine, VendorOrderState
from syncbridge.model.shipping import Movement, Shipment
from syncbridge.testing.builders import make_draft, make_key, make_offer
from syncbridge.testing.contracts.supplier import placed, priced
from syncbridge.testing.faults import Fault
from tests.adapters.alibaba1688.caller import Caller, settled
from tests.adapters.alibaba1688.conftest import Bench
from tests.adapters.ledger import ledger

pytestmark = pytest.mark.anyio
YTO = "圆通速递(YTO)"
TRACE = "com.alibaba.logistics/alibaba.trade.getLogisticsTraceInfo.buyerView"
CONFIRM = "com.alibaba.trade/trade.receivegoods.confirm"


async def paid(bench: Bench, *, specs: int = 1) -> str:
    """A paid vendor order of so many specs."""
    offer = make_offer()
    bench.publish(offer)
    lines = [PurchaseLine(offer.offer_id, spec.spec_id, 1) for spec in offer.specs[:specs]]
    draft = await priced(bench, make_draft(*lines))
    (order,) = (await bench.supplier.place(draft, key=make_key())).orders
    await bench.supplier.pay([order.vendor_order_id])
    return order.vendor_order_id


def told(bench: Bench) -> list[VendorEvent]:
    """What our webhook makes of everything that was pushed."""
    webhook = Alibaba1688Webhook(bench.settings.app_secret)
    found: list[VendorEvent] = []
    for _, body in bench.pushed:
        webhook.verify(RawRequest({}, "", body))
        found += webhook.events(RawRequest({}, "", body))
    return found


def pushed(bench: Bench, topic: str) -> list[dict[str, object]]:
    messages = [json.loads(parse_qs(body.decode())["message"][0]) for _, body in bench.pushed]
    return [message["data"] for message in messages if message["type"] == topic]


async def test_a_part_that_left_is_seen_although_the_order_still_counts_as_paid(bench: Bench) -> None:
    vendor_order_id = await paid(bench, specs=2)
    assert not (await bench.supplier.order(vendor_order_id)).has_left

    await bench.control(f"orders/{vendor_order_id}/ship", {"number": "YT0000000000001", "company": YTO, "lines": [0]})
    order = await bench.supplier.order(vendor_order_id)
    assert (order.state, order.part_shipped, order.has_left) == (VendorOrderState.PAID, True, True)

    await bench.control(f"orders/{vendor_order_id}/ship", {"number": "YT0000000000002", "company": YTO, "lines": [1]})
    order = await bench.supplier.order(vendor_order_id)
    assert (order.state, order.part_shipped) == (VendorOrderState.SHIPPED, False)
    numbers = [parcel.number for parcel in await bench.supplier.shipments(vendor_order_id)]
    assert numbers == ["YT0000000000001", "YT0000000000002"]


async def test_what_needs_no_courier_has_no_number(bench: Bench) -> None:
    vendor_order_id = await paid(bench)
    await bench.control(f"orders/{vendor_order_id}/ship")

    assert (await bench.supplier.order(vendor_order_id)).state is VendorOrderState.SHIPPED
    assert list(await bench.supplier.shipments(vendor_order_id)) == []


@pytest.mark.parametrize("written", ["不需要物流", "无需物流", "", None])
def test_a_sentence_in_place_of_a_number_is_none(written: str | None) -> None:
    parcel = wire.LogisticsOrder(logistics_bill_no=written, logistics_company_name=YTO, status="TRANSPORT")

    assert reading.shipments([parcel]) == ()
    assert reading.tracks([parcel], []) == ()


@pytest.mark.parametrize(
    ("status", "movement"),
    [
        ("WAITACCEPT", Movement.ANNOUNCED),
        ("ACCEPT", Movement.MOVING),
        ("TRANSPORT", Movement.MOVING),
        ("NOGET", Movement.ABNORMAL),
        ("SIGN", Movement.DELIVERED),
        ("UNSIGN", Movement.NOT_DELIVERED),
        ("SOMETHING", Movement.UNKNOWN),
        (None, Movement.UNKNOWN),
    ],
)
def test_a_parcels_state_is_read_and_a_strange_one_never_counts_as_signed_for(
    status: str | None, movement: Movement
) -> None:
    (track,) = reading.tracks([wire.LogisticsOrder(logistics_bill_no="YT0000000000001", status=status)], [])

    assert track.movement is movement


def test_a_parcel_of_a_strange_state_moves_once_its_courier_has_told_of_it() -> None:
    parcel = wire.LogisticsOrder(logistics_bill_no="YT0000000000001", status="SOMETHING")
    step = wire.LogisticsStep(accept_time="2018-07-24 21:55:33", remark="已揽收")
    (track,) = reading.tracks([parcel], [wire.LogisticsTrace("YT0000000000001", [step, wire.LogisticsStep()])])

    assert track.movement is Movement.MOVING
    assert [(one.at.isoformat(), one.said) for one in track.sightings] == [("2018-07-24T13:55:33+00:00", "已揽收")]


async def test_a_changed_number_is_pushed_and_only_the_new_one_is_shown(bench: Bench) -> None:
    bench.account.webhook_url = "http://here/webhooks/main"
    vendor_order_id = await paid(bench)
    bench.ship(vendor_order_id, "YT0000000000001")
    await settled()
    bench.pushed.clear()

    await bench.control(f"orders/{vendor_order_id}/renumber", {"number": "YT0000000000001", "new": "YT0000000000009"})

    await settled()
    (change,) = pushed(bench, "LOGISTICS_MAIL_NO_CHANGE")
    model = change["MailNoChangeModel"]
    assert isinstance(model, dict)
    assert (model["oldMailNo"], model["newMailNo"]) == ("YT0000000000001", "YT0000000000009")
    assert [(event.kind, event.subjects) for event in told(bench)] == [(EventKind.PURCHASE_CHANGED, (vendor_order_id,))]
    assert list(await bench.supplier.shipments(vendor_order_id)) == [Shipment(YTO, "YT0000000000009")]


async def test_a_movement_is_pushed_and_names_the_order(bench: Bench) -> None:
    bench.account.webhook_url = "http://here/webhooks/main"
    vendor_order_id = await paid(bench)
    bench.ship(vendor_order_id, "YT0000000000001")
    await settled()
    bench.pushed.clear()

    trace = {"number": "YT0000000000001", "changed": "SIGN", "remark": "已签收"}
    await bench.control(f"orders/{vendor_order_id}/trace", trace)

    await settled()
    (moved,) = pushed(bench, "LOGISTICS_BUYER_VIEW_TRACE")
    model = moved["OrderLogisticsTracingModel"]
    assert isinstance(model, dict)
    assert (model["statusChanged"], model["mailNo"]) == ("SIGN", "YT0000000000001")
    assert [event.subjects for event in told(bench)] == [(vendor_order_id,)]


async def test_a_confirmation_is_pushed_twice_as_two_things(bench: Bench) -> None:
    bench.account.webhook_url = "http://here/webhooks/main"
    vendor_order_id = await paid(bench)
    bench.ship(vendor_order_id, "YT0000000000001")
    await settled()
    bench.pushed.clear()
    await bench.supplier.confirm(vendor_order_id)
    await settled()

    topics = [event.topic for event in told(bench)]
    assert topics == ["ORDER_BUYER_VIEW_ORDER_COMFIRM_RECEIVEGOODS", "ORDER_BUYER_VIEW_ORDER_SUCCESS"]
    (order,) = ledger(bench.mock)["orders"]
    assert order["receiveTime"] == bench.clock.now().isoformat()


async def test_an_order_over_a_year_old_tells_nothing_more(bench: Bench) -> None:
    vendor_order_id = await paid(bench)
    bench.ship(vendor_order_id, "YT0000000000001")
    bench.account.token_expires_at = None
    bench.pass_time(366 * 24 * 3600)

    with pytest.raises(NotFound, match="over a year old"):
        await bench.supplier.whereabouts(vendor_order_id)


async def test_a_confirmation_refused_for_no_documented_reason_is_not_taken_for_a_no(bench: Bench) -> None:
    vendor_order_id = await paid(bench)
    bench.ship(vendor_order_id, "YT0000000000001")
    bench.break_next("trade.receivegoods.confirm", Fault.HTML)

    with pytest.raises(OutcomeUnknown):
        await bench.supplier.confirm(vendor_order_id)


async def test_the_mock_refuses_half_an_order_another_site_and_what_it_does_not_know(
    bench: Bench, call: Caller
) -> None:
    vendor_order_id = await placed(bench)
    order_id = int(vendor_order_id)
    await bench.supplier.pay([vendor_order_id])
    bench.ship(vendor_order_id, "YT0000000000001")
    with pytest.raises(Rejected):
        await bench.supplier.confirm("1")

    refused = await call(CONFIRM, orderId=order_id, orderEntryIds=[order_id + 2])
    assert refused.json() == {"result": {"success": False, "errorCode": "400", "errorInfo": "orderEntryIds"}}
    elsewhere = await call(TRACE, orderId=order_id, webSite="alibaba")
    assert elsewhere.json()["errorCode"] == "400"
    silent = await call(TRACE, orderId=order_id, webSite="1688")
    assert silent.json() == {"errorMessage": "该订单没有物流跟踪信息。", "success": True}
    unknown = await call(TRACE, orderId=order_id, webSite="1688", mailNo="x")
    assert unknown.json()["error_code"] == "gw.ParamInvalid"
