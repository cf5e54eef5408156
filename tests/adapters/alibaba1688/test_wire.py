"""The vendor's samples and pitfalls (1688.md §8), through wire into our words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncbridge.adapters import alibaba1688
from syncbridge.adapters.alibaba1688 import answers, client, reading, refunds, wire
from syncbridge.adapters.http import Answer
from syncbridge.errors import OutcomeUnknown
from syncbridge.model.catalog import Dropship, MixRule, Offer, Tier
from syncbridge.model.purchasing import PurchaseLine, Refund, RefundState, VendorOrderState
from syncbridge.testing.builders import cny, make_draft

SAMPLES = Path(alibaba1688.__file__).with_name("samples")


def sample(name: str) -> Answer:
    return Answer(200, (SAMPLES / f"{name}.json").read_bytes())


def result(api: answers.Api, answer: Answer, shape: Any) -> Any:
    return answers.decoded(api, answer, answers.opened(api, answer), shape)


def offer_with(**changes: object) -> Offer:
    plain = {"offerId": 1, "status": "published"}
    return reading.offer(
        msgspec.json.decode(msgspec.json.encode(plain | changes), type=wire.ProductDetail, strict=False)
    )


def base_info(**changes: object) -> bytes:
    plain = {"idOfStr": "7", "status": "success", "totalAmount": 1}
    return msgspec.json.encode({"baseInfo": plain | changes})


def trade_info(body: bytes) -> wire.TradeInfo:
    return msgspec.json.decode(body, type=wire.TradeInfo, strict=False)


def refund_info(**changes: Any) -> refunds.RefundInfo:
    return refunds.RefundInfo(**({"refund_id": "TQ1", "status": "waitselleragree"} | changes))


def test_the_official_offer_reads() -> None:
    offer = reading.offer(result(client.DETAIL, sample("product_detail"), wire.ProductDetail))

    assert offer.title.startswith("Cat litter box")
    assert (offer.offer_id, offer.lot, offer.moq, offer.weight_g) == ("34513534353434", 200, 1, 200_000)
    assert offer.identities == {"超级工厂", "实力商家", "诚信通"}
    assert offer.tiers == (Tier(10, cny("10")),)
    assert [(spec.sku_id, spec.cost, spec.stock) for spec in offer.specs] == [("123", None, 123)]


def test_a_real_offer_reads_with_numbers_as_strings_and_nulls() -> None:
    offer = reading.offer(result(client.DETAIL, sample("product_detail_real"), wire.ProductDetail))

    assert (offer.offer_id, offer.title, offer.moq, offer.lot) == ("676651652931", "B5 横线笔记本", 2, None)
    assert [spec.stock for spec in offer.specs] == [1030, 591, 825, 145, 0, 0]
    assert [spec.cost for spec in offer.specs][2:4] == [cny("14.9"), cny("13.9")]
    assert offer.specs[0].attributes == (("封面颜色", "B5 横线"),)
    assert offer.specs[0].image_url is not None
    assert offer.weight_g is None


def test_an_offer_without_skus_is_one_spec() -> None:
    offer = offer_with(
        productSkuInfos=None,
        productSaleInfo={
            "quoteType": 0,
            "amountOnSale": "40",
            "priceRangeList": [{"startQuantity": 10, "price": "8"}, {"startQuantity": 1, "price": "9.50"}],
        },
    )

    (spec,) = offer.specs
    assert (spec.spec_id, spec.sku_id, spec.cost, spec.stock) == ("", "", cny("9.50"), 40)


def test_skus_quoted_by_quantity_cost_what_the_first_tier_costs() -> None:
    sale = {"quoteType": 2, "priceRangeList": [{"startQuantity": 3, "price": 7}]}
    offer = offer_with(productSkuInfos=[{"specId": "a", "price": None}], productSaleInfo=sale)

    assert offer.specs[0].cost == cny("7")


def test_a_sku_without_a_price_does_not_borrow_one() -> None:
    sale = {"quoteType": 1, "priceRangeList": [{"startQuantity": 1, "price": "7"}]}
    offer = offer_with(productSkuInfos=[{"specId": "a", "price": ""}], productSaleInfo=sale)

    assert offer.specs[0].cost is None


@pytest.mark.parametrize("price", [None, "", "0", "0.00", "-13.90", "NaN", "Infinity", "面议", True])
def test_row_33_a_price_that_is_no_amount_is_unknown(price: object) -> None:
    sale = {"quoteType": 1, "priceRangeList": []}

    assert offer_with(productSkuInfos=[{"specId": "a", "price": price}], productSaleInfo=sale).specs[0].cost is None


def test_a_stock_the_vendor_does_not_tell_is_not_zero() -> None:
    assert offer_with(productSkuInfos=[{"specId": "a"}]).specs[0].stock is None


@pytest.mark.parametrize("status", ["member deleted", "auto expired", "auditing", "TBD"])
def test_only_a_published_offer_is_buyable(status: str) -> None:
    assert not offer_with(status=status).buyable


def test_weights_are_grams_in_one_list_and_kilograms_in_another() -> None:
    shipping = {
        "weight": "0.35",
        "skuShippingInfoList": [{"specId": "a", "weight": 4}],
        "skuShippingDetails": [{"skuId": "11", "weight": 1.2}, {"skuId": "12", "weight": 1.2}],
        "shippingTimeGuarantee": "shipIn48Hours",
    }
    skus = [{"specId": "a", "skuId": 11}, {"specId": "b", "skuId": 12}, {"specId": "c"}]
    offer = offer_with(productShippingInfo=shipping, productSkuInfos=skus)

    assert offer.weight_g == 350
    assert [spec.weight_g for spec in offer.specs] == [4, 1200, None]
    assert offer.dispatch_hours == 48


def test_a_mixed_batch_rule_is_in_yuan_and_pieces() -> None:
    for name in ("product_detail", "product_detail_real"):
        offer = reading.offer(result(client.DETAIL, sample(name), wire.ProductDetail))
        assert offer.mix == MixRule(general=True, amount=cny("100"), number=2)


@pytest.mark.parametrize(
    ("setting", "mix"),
    [
        (None, None),
        ({"generalHunpi": False, "mixAmount": None, "mixNumber": None}, MixRule(False, None, None)),
        ({"generalHunpi": "true", "mixAmount": "99", "mixNumber": "3"}, MixRule(True, cny("99"), 3)),
        ({"generalHunpi": True, "mixAmount": 0, "mixNumber": 0}, MixRule(True, None, None)),
        ({}, MixRule(False, None, None)),
    ],
)
def test_a_rule_nobody_set_mixes_nothing(setting: dict[str, object] | None, mix: MixRule | None) -> None:
    assert offer_with(sellerMixSetting=setting).mix == mix


def test_the_official_refund_reads_alike_alone_and_in_a_list() -> None:
    alone = result(client.REFUND, sample("refund"), refunds.RefundDetail).op_order_refund_model_detail
    (listed,) = client.asked_back(sample("refund_list"))

    assert refunds.refunds([alone]) == refunds.refunds([listed])
    assert refunds.refunds([alone, listed]) == (Refund("TQ8651493722961198", RefundState.REFUNDED, cny("0.01")),)


def test_the_official_answers_to_a_cancel_and_a_refund_are_a_yes() -> None:
    assert result(client.CANCEL, sample("cancel"), bool) is True
    assert (
        result(client.CREATE_REFUND, sample("refund_created"), refunds.CreatedRefund).refund_id == "TQ34931008034741532"
    )


@pytest.mark.parametrize(
    ("api", "shape", "body"),
    [
        (client.CANCEL, bool, b"{}"),
        (client.CANCEL, bool, b'{"success":null}'),
        (client.CREATE_REFUND, refunds.CreatedRefund, b'{"result":{"success":true}}'),
        (client.CREATE_REFUND, refunds.CreatedRefund, b'{"result":{"success":true,"result":{"refundId":null}}}'),
    ],
)
def test_no_verdict_on_a_cancel_or_a_refund_is_unclear(api: answers.Api, shape: Any, body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        result(api, Answer(200, body), shape)


@pytest.mark.parametrize("none", [None, {}, {"opOrderRefundModels": None}, {"opOrderRefundModels": []}])
def test_nothing_asked_back_is_an_empty_list_however_it_is_said(none: object) -> None:
    assert client.asked_back(Answer(200, msgspec.json.encode({"result": none}))) == []


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("waitselleragree", RefundState.ASKED),
        ("waitbuyersend", RefundState.ASKED),
        ("waitsellerreceive", RefundState.ASKED),
        ("waitbuyermodify", RefundState.CLOSED),
        ("refundclose", RefundState.CLOSED),
        ("refundsuccess", RefundState.REFUNDED),
        ("waitsomething", RefundState.ASKED),
    ],
)
def test_each_refund_status_has_its_state(status: str, state: RefundState) -> None:
    (refund,) = refunds.refunds([refund_info(status=status)])

    assert refund.state is state


def test_what_was_given_back_counts_once_it_was_given() -> None:
    amounts = {"apply_payment": 4170, "apply_carriage": 500, "refund_payment": 4000, "refund_carriage": 0}
    asked, given = (
        refunds.refunds([refund_info(status=s, **amounts)])[0] for s in ("waitselleragree", "refundsuccess")
    )

    assert (asked.amount, given.amount) == (cny("46.70"), cny("40.00"))


def test_the_newest_refund_comes_first() -> None:
    old = refund_info(refund_id="TQ1", gmt_create="20260301090000000+0800")
    new = refund_info(refund_id="TQ2", gmt_create="20260302090000000+0800")
    undated = refund_info(refund_id="TQ3")

    assert [each.refund_id for each in refunds.refunds([undated, old, new])] == ["TQ2", "TQ1", "TQ3"]


@pytest.mark.parametrize(
    ("reasons", "chosen"),
    [
        ([], None),
        ([refunds.RefundReason(id=1, need_voucher=True)], None),
        ([refunds.RefundReason(id=1, no_refund_carriage=True)], 1),
        ([refunds.RefundReason(id=1, no_refund_carriage=True), refunds.RefundReason(id=2)], 2),
        ([refunds.RefundReason(id=1, need_voucher=True), refunds.RefundReason(id=2), refunds.RefundReason(id=3)], 2),
    ],
)
def test_a_reason_without_a_photo_that_gives_freight_back_is_chosen(
    reasons: list[refunds.RefundReason], chosen: int | None
) -> None:
    reason = refunds.reason(reasons)

    assert (reason.id if reason else None) == chosen


def test_preview_totals_are_fen() -> None:
    quote = reading.quote(result(client.PREVIEW, sample("preview"), list[wire.Preview]))

    assert (quote.goods, quote.freight, quote.total) == (cny("36"), cny("8"), cny("44"))
    assert (quote.flow, quote.trade_types) == ("general", ("nzassure",))


def test_a_purchase_that_would_be_split_is_summed() -> None:
    part = wire.Preview(sum_payment=110, sum_carriage=10, sum_payment_no_carriage=100, trade_mode_name_list=["a", "b"])
    barred = wire.TradeModel(trade_type="a", op_support=False)
    other = wire.Preview(
        sum_payment=230,
        sum_carriage=30,
        sum_payment_no_carriage=200,
        trade_mode_name_list=["a", "b"],
        trade_model_list=[barred],
    )

    quote = reading.quote([part, other])

    assert (quote.goods, quote.freight, quote.total) == (cny("3"), cny("0.40"), cny("3.40"))
    assert quote.trade_types == ("b",)


def test_a_purchase_answers_fen_and_the_lines_left_out() -> None:
    draft = make_draft(PurchaseLine("554456348334", "b266e0726506185beaf205cbae88530d", 5))
    placement = reading.placement(client.created(sample("create_nested")), draft)

    (order,) = placement.orders
    assert (order.vendor_order_id, order.total, order.freight) == ("874012345678901234", cny("1568"), cny("8"))
    (refused,) = placement.refused
    assert (refused.line, refused.code) == (draft.lines[0], "500_004")


def test_a_flat_answer_with_success_false_and_an_order_is_a_yes() -> None:
    (order,) = client.created(sample("create_flat")).orders

    assert order.order_id == "87407346014789305"


def test_one_purchase_may_become_several_vendor_orders() -> None:
    placement = reading.placement(client.created(sample("create_several")), make_draft())

    assert [(order.vendor_order_id, order.total, order.freight) for order in placement.orders] == [
        ("105581756010628640", cny("48480"), cny("480")),
        ("105637283010628640", cny("50500"), cny("500")),
    ]


@pytest.mark.parametrize("body", [b'{"success":true,"result":{"success":true}}', b'{"success":true}', b"{}", b"[]"])
def test_a_yes_without_an_order_is_unclear(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        client.created(Answer(200, body))


def test_an_order_id_that_went_through_a_double_is_not_used() -> None:
    order = reading.order(result(client.ORDER_VIEW, sample("order_view"), wire.TradeInfo))

    assert order.vendor_order_id == "58218860983545941"


def test_an_order_is_in_yuan_with_the_offset_its_times_say() -> None:
    order = reading.order(result(client.ORDER_VIEW, sample("order_view"), wire.TradeInfo))

    assert (order.total, order.freight, order.state) == (cny("6.15"), cny("6"), VendorOrderState.SHIPPED)
    assert order.created_at == datetime(2017, 9, 14, 6, 17, 8, tzinfo=UTC)
    assert order.paid_at == datetime(2017, 9, 14, 6, 17, 27, tzinfo=UTC)
    assert order.shipped_at == datetime(2017, 9, 14, 6, 19, 16, tzinfo=UTC)
    assert order.lines == (PurchaseLine("547486647009", "28b952ec96c8b5c3ab0affc1b74923f0", 1),)


def test_the_official_order_list_reads_with_its_id_as_a_number() -> None:
    (raw,) = result(client.ORDER_LIST, sample("order_list"), list[msgspec.Raw])
    order = reading.order(trade_info(raw))

    assert (order.vendor_order_id, order.total) == ("196965465451498520", cny("0.01"))
    assert order.state is VendorOrderState.CANCELLED
    assert order.out_order_id is None


def test_an_id_beyond_a_double_stays_exact() -> None:
    order = reading.order(trade_info(base_info(idOfStr=None, id=218_800_000_000_000_001)))

    assert order.vendor_order_id == "218800000000000001"


@pytest.mark.parametrize("member", ["buyerFeedback", "remark"])
def test_the_buyer_note_is_read_wherever_it_stands(member: str) -> None:
    assert reading.order(trade_info(base_info(**{member: "mark SB7K2M"}))).note == "mark SB7K2M"


def test_a_state_nobody_documented_is_other() -> None:
    assert reading.order(trade_info(base_info(status="waitsomething"))).state is VendorOrderState.OTHER


@pytest.mark.parametrize("flaw", [{"idOfStr": None}, {"totalAmount": None}, {"createTime": "yesterday"}])
def test_an_order_without_id_total_or_readable_time_is_refused(flaw: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        trade_info(base_info(**flaw))


@pytest.mark.parametrize(
    "value",
    ["20180806184425000+0800", "20180806034425000-0700", "2018-08-06 18:44:25", 1533552265000, "1533552265000"],
)
def test_four_date_formats_mean_one_moment(value: str | int) -> None:
    assert wire.time_of(value) == datetime(2018, 8, 6, 10, 44, 25, tzinfo=UTC)


def test_a_time_is_sent_in_chinas_zone() -> None:
    assert wire.time_param(datetime(2026, 10, 1, 16, 0, 0, 5000, tzinfo=UTC)) == "20261002000000005+0800"


def test_a_parcel_without_a_number_is_no_shipment() -> None:
    assert reading.shipments(result(client.LOGISTICS, sample("logistics"), list[wire.LogisticsOrder])) == ()


@pytest.mark.parametrize(
    "parcel",
    [
        wire.LogisticsOrder(logistics_bill_no="不需要物流", type="2"),
        wire.LogisticsOrder(logistics_bill_no="BX107450035961376", type="2"),
        wire.LogisticsOrder(logistics_bill_no="YT9988776655443", status="CANCEL"),
        wire.LogisticsOrder(logistics_bill_no=""),
    ],
)
def test_what_stands_for_a_number_is_no_tracking_number(parcel: wire.LogisticsOrder) -> None:
    assert reading.shipments([parcel]) == ()


@pytest.mark.parametrize(
    "body",
    [
        '{"success":false,"errorCode":"500_2","errorMessage":"订单尚未发货，暂无物流详情，请稍候再试。"}',
        '{"errorMessage":"该订单没有物流跟踪信息。","success":true}',
        '{"result":[],"success":"true"}',
    ],
)
def test_no_tracking_yet_is_nothing_at_all(body: str) -> None:
    assert client.parcels(Answer(200, body.encode())) == []


def dropship_of(sku: dict[str, Any] | None, sale: dict[str, Any] | None) -> Dropship | None:
    offer = offer_with(
        productSkuInfos=[{"specId": "a", "price": "7", "fenxiaoPriceInfo": sku}],
        productSaleInfo={"quoteType": 1, "fenxiaoSaleInfo": sale},
    )
    return offer.specs[0].dropship


@pytest.mark.parametrize(
    ("sku", "sale", "expected"),
    [
        ({"onePiecePrice": "15", "offerPrice": "12"}, None, Dropship(cny("15"), postage_paid=True)),
        ({"onePiecePrice": "15"}, {"onePieceFreePostage": False}, Dropship(cny("15"), postage_paid=False)),
        ({"onePiecePrice": "15"}, {"onePiecePrice": "16"}, Dropship(cny("15"), postage_paid=True)),
        ({"offerPrice": "12"}, None, Dropship(cny("12"), postage_paid=False)),
        ({"offerPrice": "12"}, {"onePieceFreePostage": True}, Dropship(cny("12"), postage_paid=True)),
        (None, {"onePieceFreePostage": True, "onePiecePrice": "16", "offerPrice": 14}, Dropship(cny("16"), True)),
        (None, {"offerPrice": 14}, Dropship(cny("14"), postage_paid=False)),
        ({"onePiecePrice": "面议", "offerPrice": "0"}, {}, None),
        (None, None, None),
    ],
)
def test_the_dropship_price_is_the_skus_before_the_offers(
    sku: dict[str, Any] | None, sale: dict[str, Any] | None, expected: Dropship | None
) -> None:
    assert dropship_of(sku, sale) == expected


def test_the_official_offer_shows_its_dropship_price() -> None:
    offer = reading.offer(result(client.DETAIL, sample("product_detail"), wire.ProductDetail))

    assert offer.specs[0].dropship == Dropship(cny("15"), postage_paid=True)
    assert not offer.by_quantity


def test_an_offer_priced_by_quantity_says_so_and_its_own_skus_prices_do_not_count() -> None:
    sale = {"quoteType": 2, "priceRangeList": [{"startQuantity": 2, "price": "9"}, {"startQuantity": 50, "price": "7"}]}
    offer = offer_with(productSkuInfos=[{"specId": "a", "price": "12"}], productSaleInfo=sale)

    assert (offer.by_quantity, offer.specs[0].cost) == (True, cny("9"))
