"""The mock is as strict as the vendor: asked by a client that signs by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import httpx
import pytest

from syncbridge.adapters.alibaba1688.mock.words import wire_offer
from syncbridge.adapters.alibaba1688.webhook import Alibaba1688Webhook
from syncbridge.model.events import EventKind, RawRequest, VendorEvent
from syncbridge.testing.builders import make_draft, make_offer, make_spec
from tests.adapters.alibaba1688.caller import ADDRESS, CARGO, CREATE, OFFER, TRADE, Caller, code, settled
from tests.adapters.ledger import ledger

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench

pytestmark = pytest.mark.anyio

PREVIEW = f"{TRADE}/alibaba.createOrder.preview"
ORDER_LIST = f"{TRADE}/alibaba.trade.getBuyerOrderList"
ORDER_VIEW = f"{TRADE}/alibaba.trade.get.buyerView"
PAY = f"{TRADE}/alibaba.trade.pay.protocolPay.preparePay"
DETAIL = "com.alibaba.fenxiao.crossborder/product.search.queryProductDetail"
FOLLOW = "com.alibaba.product/alibaba.product.follow.crossborder"


async def test_a_well_made_call_is_answered(call: Caller) -> None:
    answer = (await call(DETAIL, offerDetailParam={"offerId": OFFER, "country": "en"})).json()

    assert answer["result"]["result"]["offerId"] == OFFER
    assert answer["result"]["result"]["productSkuInfos"][0]["price"] == "13.90"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"_aop_signature": "0" * 40}, (400, "gw.SignatureInvalid")),
        ({"_aop_signature": ""}, (400, "gw.SignatureMissing")),
        ({"access_token": "another"}, (401, "401")),
        ({"access_token": ""}, (401, "401")),
        ({"colour": "red"}, (400, "gw.ParamInvalid")),
        ({"page": "one"}, (400, "gw.ParamInvalid")),
        ({"needMemoInfo": "yes"}, (400, "gw.ParamInvalid")),
        ({"createStartTime": "2026-03-02 09:00:00"}, (400, "gw.ParamInvalid")),
    ],
)
async def test_a_flawed_call_is_refused(
    call: Caller, params: dict[str, str], expected: tuple[int, str], bench: Bench
) -> None:
    response = await call(ORDER_LIST, **params)

    assert code(response) == expected
    assert bench.mock.books()["refused"] == {expected[1]: 1}


async def test_parameters_are_signed_by_their_very_bytes(call: Caller) -> None:
    spoiled = await call(ORDER_LIST, page="1", _aop_signature="0" * 40)

    assert code(spoiled)[1] == "gw.SignatureInvalid"


async def test_signature_comes_before_token_before_right_before_parameters(call: Caller) -> None:
    call.account.grants_orders = False

    assert code(await call(CREATE, access_token="x", _aop_signature="0")) == (400, "gw.SignatureInvalid")
    assert code(await call(CREATE, access_token="x")) == (401, "401")
    assert code(await call(CREATE, colour="red")) == (400, "gw.APIACLDecline")


async def test_an_api_under_another_namespace_is_not_there(call: Caller) -> None:
    response = await call(f"{TRADE}/alibaba.trade.getLogisticsInfos.buyerView", orderId="1", webSite="1688")

    assert code(response) == (400, "gw.APIUnsupported")


async def test_an_unknown_app_is_told_so(call: Caller) -> None:
    call.account = type(call.account)(99)

    assert code(await call(ORDER_LIST)) == (400, "gw.AppKeyNotFound")


async def test_a_missing_parameter_is_named(call: Caller) -> None:
    response = await call(ORDER_VIEW, webSite="1688")

    assert code(response) == (400, "gw.ParamMissing")
    assert response.json()["error_message"] == "Required argument orderId"


@pytest.mark.parametrize(
    "query",
    [
        {"offerId": str(OFFER), "country": "en"},
        {"offerId": OFFER, "country": 1},
        {"offerId": OFFER, "country": "en", "colour": "red"},
        [OFFER],
        "not json",
    ],
)
async def test_members_of_a_wrong_type_or_name_are_refused(call: Caller, query: object) -> None:
    assert code(await call(DETAIL, offerDetailParam=query)) == (400, "gw.ParamInvalid")


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"cargoParamList": [CARGO] * 51}, "400"),
        ({"cargoParamList": []}, "400"),
        ({"cargoParamList": [{**CARGO, "quantity": 0}]}, "400"),
        ({"cargoParamList": [{**CARGO, "offerId": 1}]}, "500_001"),
        ({"cargoParamList": [{"offerId": OFFER, "quantity": 1}]}, "500_002"),
        ({"cargoParamList": [{**CARGO, "specId": "f" * 32}]}, "500_003"),
        ({"cargoParamList": [{**CARGO, "quantity": 101}]}, "500_004"),
        ({"addressParam": {**ADDRESS, "phone": "0517 转 8"}}, "400"),
        ({"addressParam": {**ADDRESS, "cityText": ""}}, "400"),
        ({"addressParam": {**ADDRESS, "address": "路" * 201}}, "400"),
        ({"addressParam": {"addressId": 1}}, "400"),
        ({"flow": "bigcfenxiao"}, "400"),
        ({"tradeType": "bank"}, "400"),
        ({"message": "言" * 501}, "400"),
    ],
)
async def test_a_purchase_that_breaks_a_rule_is_refused(
    call: Caller, bench: Bench, changes: dict[str, object], refused: str
) -> None:
    answer = await call.create(**changes)

    assert (answer["success"], answer["code"]) == (False, refused)
    assert not bench.vendor_orders()


async def test_the_minimum_counts_all_specs_of_an_offer(call: Caller, bench: Bench) -> None:
    bench.publish(make_offer(str(OFFER), make_spec(1), make_spec(2), moq=4))
    two = [{**CARGO, "quantity": 2}, {**CARGO, "specId": f"{2:032x}", "quantity": 2}]

    assert (await call.create(cargoParamList=[CARGO]))["code"] == "500_005"
    assert (await call.create(cargoParamList=two))["success"] is True


async def test_two_sellers_do_not_share_an_order(call: Caller, bench: Bench) -> None:
    bench.publish(make_offer("600000000001", supplier_id="another"))
    two = [CARGO, {**CARGO, "offerId": 600000000001}]

    assert (await call.create(cargoParamList=two))["code"] == "500_002"


async def test_a_preview_moves_nothing(call: Caller, bench: Bench) -> None:
    answer = (await call(PREVIEW, addressParam=ADDRESS, cargoParamList=[CARGO])).json()

    (part,) = answer["orderPreviewResuslt"]
    assert (part["sumPayment"], part["sumCarriage"], part["cargoList"][0]["amount"]) == (4670, 500, 41.7)
    assert bench.mock.state.offers[OFFER]["productSkuInfos"][0]["amountOnSale"] == 100


async def test_a_purchase_takes_stock(call: Caller, bench: Bench) -> None:
    await call.create()

    assert bench.mock.state.offers[OFFER]["productSkuInfos"][0]["amountOnSale"] == 97


async def test_a_repeated_outer_order_id_buys_twice(call: Caller, bench: Bench) -> None:
    await call.create(outOrderId="SB1")
    await call.create(outOrderId="SB1")

    assert len(bench.vendor_orders()) == 2


async def test_a_repeated_outer_order_id_buys_once_where_switched(call: Caller, bench: Bench) -> None:
    await bench.control("switches", {"dedupe_out_order_id": True})
    first = await call.create(outOrderId="SB1")

    assert await call.create(outOrderId="SB1") == first
    assert len(bench.vendor_orders()) == 1


async def test_the_filter_by_outer_order_id_is_loose_unless_switched(call: Caller, bench: Bench) -> None:
    await call.create(outOrderId="SB1")
    await call.create(outOrderId="SB2")

    assert (await call(ORDER_LIST, outOrderId="SB1")).json()["totalRecord"] == 2
    await bench.control("switches", {"filter_out_order_id": True})
    assert (await call(ORDER_LIST, outOrderId="SB1")).json()["totalRecord"] == 1


async def test_order_ids_outgrow_a_double(call: Caller) -> None:
    made = (await call.create())["result"]["orderId"]
    info = (await call(ORDER_VIEW, webSite="1688", orderId=made)).json()["result"]["baseInfo"]

    assert len(made) == 18
    assert info["idOfStr"] == made
    assert str(info["id"]) != made


async def test_a_note_is_listed_only_if_asked_for(call: Caller) -> None:
    await call.create(message="mark SB7K2M")

    plain = (await call(ORDER_LIST)).json()["result"][0]["baseInfo"]
    asked = (await call(ORDER_LIST, needMemoInfo="true")).json()["result"][0]["baseInfo"]
    assert ("buyerFeedback" in plain, asked["buyerFeedback"]) == (False, "mark SB7K2M")


async def test_one_account_does_not_see_anothers_orders(call: Caller, bench: Bench) -> None:
    made = (await call.create())["result"]["orderId"]
    call.account = bench.mock.state.add_account()
    call.params = {"access_token": call.account.access_token}

    assert (await call(ORDER_LIST)).json()["totalRecord"] == 0
    answer = (await call(ORDER_VIEW, webSite="1688", orderId=made)).json()
    assert (answer["success"], answer["errorCode"]) == ("false", "ORDER_NOT_EXIST")


async def test_a_wrong_amount_is_not_paid(call: Caller, bench: Bench) -> None:
    made = int((await call.create())["result"]["orderId"])
    request = {"orderId": made, "payAmount": 1, "payChannel": "alipay"}

    assert (await call(PAY, tradeWithholdPreparePayParam=request)).json()["result"]["success"] is False
    assert bench.mock.books()["money"] == []


async def test_the_books_tell_all(call: Caller, bench: Bench) -> None:
    made = (await call.create(message="mark SB7K2M", outOrderId="SB1"))["result"]["orderId"]
    await bench.control(f"orders/{made}/pay")
    await bench.control(f"orders/{made}/ship", {"number": "YT1", "company": "圆通速递(YTO)"})

    books = bench.mock.books()

    assert books["orders"] == [
        {
            "orderId": made,
            "member_id": bench.account.member_id,
            "outOrderId": "SB1",
            "message": "mark SB7K2M",
            "status": "waitbuyerreceive",
            "total": "46.70",
            "createTime": "2026-03-02T01:00:00+00:00",
            "payTime": "2026-03-02T01:00:00+00:00",
            "lines": [{"offerId": str(OFFER), "specId": f"{1:032x}", "quantity": 3}],
            "address": ADDRESS,
            "parcels": [{"number": "YT1", "company": "圆通速递(YTO)", "status": "TRANSPORT"}],
            "urged": [],
            "receiveTime": None,
        }
    ]
    assert books["money"] == [{"orderId": made, "amount": "46.70"}]
    assert json.loads(json.dumps(books)) == books


async def test_an_account_an_offer_and_a_purchase_by_hand_come_through_the_control(bench: Bench) -> None:
    account = await bench.control("accounts", {"grants_orders": False, "webhook_url": ""})
    stocked = await bench.control("offers", {"offers": [wire_offer(make_offer())], "pool": "1"})
    line = {"offerId": str(OFFER), "specId": f"{1:032x}", "quantity": 2}
    order = {"access_token": account["access_token"], "lines": [line], "message": "by hand", "pay": True}
    made = await bench.control("orders", order)

    assert set(account) == {"app_key", "app_secret", "access_token", "refresh_token", "member_id"}
    assert stocked == {"count": 1}
    (booked,) = ledger(bench.mock)["orders"]
    assert (booked["orderId"], booked["outOrderId"], booked["status"]) == (made["orderId"], "", "waitsellersend")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"api": "*", "fault": "gremlins"}),
        ("switches", {"colour": "red"}),
        ("offers", {"offers": [{"offerId": 1}]}),
        ("offers/1/withdraw", {}),
        ("orders/1/pay", {}),
        ("orders", {"access_token": "nobody's", "lines": []}),
    ],
)
async def test_the_control_refuses_what_it_does_not_know(bench: Bench, path: str, body: dict[str, object]) -> None:
    with pytest.raises(httpx.HTTPStatusError):
        await bench.control(path, body)


async def test_an_answer_is_lost_for_a_minute_after_the_act(call: Caller, bench: Bench) -> None:
    await bench.control("faults", {"api": "alibaba.trade.createCrossOrder", "fault": "lose_answer", "count": 1})
    before = bench.clock.now()

    await call.create()

    assert (bench.clock.now() - before).total_seconds() == 60
    assert len(bench.vendor_orders()) == 1


async def test_faults_end_after_their_count(call: Caller, bench: Bench) -> None:
    await bench.control("faults", {"api": "*", "fault": "rate_limit", "count": 2})

    codes = [code(await call(ORDER_LIST))[1] for _ in range(3)]

    assert codes == ["gw.QosAppFrequencyLimit", "gw.QosAppFrequencyLimit", ""]


async def test_an_unavailable_vendor_does_not_act(call: Caller, bench: Bench) -> None:
    await bench.control("faults", {"api": "*", "fault": "unavailable"})

    response = await call(CREATE, flow="general", addressParam=ADDRESS, cargoParamList=[CARGO])

    assert (response.status_code, response.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert not bench.vendor_orders()


async def test_messages_come_for_followed_offers_only(call: Caller, bench: Bench) -> None:
    bench.account.webhook_url = "http://seller/webhooks/main"
    await bench.control(f"offers/{OFFER}/price", {"spec_id": f"{1:032x}", "price": "12.50"})
    await settled()
    assert bench.pushed == []

    await call(FOLLOW, productId=str(OFFER))
    await bench.control(f"offers/{OFFER}/price", {"spec_id": f"{1:032x}", "price": "12.60"})
    await bench.control(f"offers/{OFFER}/stock", {"spec_id": f"{1:032x}", "stock": 5})
    await bench.control(f"offers/{OFFER}/withdraw")
    await settled()

    messages = [json.loads(parse_qs(body.decode())["message"][0]) for _, body in bench.pushed]
    assert [message["type"] for message in messages] == [
        "FENXIAO_PRICE_CHANGE",
        "PRODUCT_PRODUCT_INVENTORY_CHANGE",
        "PRODUCT_RELATION_VIEW_PRODUCT_EXPIRE",
    ]
    (entry,) = messages[1]["data"]["OfferInventoryChangeList"]
    assert (entry["quantity"], entry["skuOnSale"]) == (-95, 5)


async def test_a_buyer_is_told_about_an_order_in_signed_messages(call: Caller, bench: Bench) -> None:
    bench.account.webhook_url = "http://seller/webhooks/main"
    made = (await call.create())["result"]["orderId"]
    await bench.control(f"orders/{made}/pay")
    await bench.control(f"orders/{made}/ship", {"number": "YT1", "company": "圆通速递(YTO)"})
    await settled()

    webhook = Alibaba1688Webhook(bench.settings.app_secret)
    events: list[VendorEvent] = []
    for url, body in bench.pushed:
        assert url == "http://seller/webhooks/main"
        webhook.verify(RawRequest({}, "", body))
        events += webhook.events(RawRequest({}, "", body))
    assert [event.topic.removeprefix("ORDER_BUYER_VIEW_") for event in events] == [
        "BUYER_MAKE",
        "ORDER_PAY",
        "ANNOUNCE_SENDGOODS",
    ]
    assert {event.kind for event in events} == {EventKind.PURCHASE_CHANGED}
    assert {event.subjects for event in events} == {(made,)}
    assert len({event.key for event in events}) == 3


@pytest.mark.parametrize(("answers", "sent"), [([500, 0, 204], 3), ([500] * 9, 4), ([200], 1)])
async def test_a_message_nobody_took_is_sent_again(bench: Bench, answers: list[int], sent: int) -> None:
    bench.publish(make_offer())
    bench.account.webhook_url = "http://seller/webhooks/main"
    bench.push_answers = answers
    made = bench.mock.state.orders[int(bench.buy_on_the_page(make_draft()))]
    before = bench.clock.now()

    bench.mock.pushes.order_changed(made, "BUYER_MAKE")
    await settled()

    assert len(bench.pushed) == sent
    assert (bench.clock.now() - before).total_seconds() == sent - 1
