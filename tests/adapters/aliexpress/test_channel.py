"""How answers become ours, and the pitfalls the vendor's documents warn of (aliexpress.md §10)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from syncbridge.adapters.aliexpress.channel import AliExpressChannel
from syncbridge.errors import NotFound, Rejected, VendorDown
from syncbridge.model.catalog import ListingEdit, ListingStatus, PriceUpdate, Refusal, StockUpdate
from syncbridge.model.orders import Order, OrderState
from syncbridge.model.paging import Cursor
from syncbridge.model.shipping import Shipment
from syncbridge.testing.builders import make_listing_draft, make_order, usd
from tests.adapters.aliexpress.conftest import Answering, Store
from tests.adapters.ledger import ledger

pytestmark = pytest.mark.anyio
ORDER = "8172481060036440"


def child(**changes: object) -> dict[str, Any]:
    return {
        "child_order_id": "8172481060046440",
        "product_id": 1005003574624824,
        "product_count": 2,
        "product_name": "Notebook",
        "sku_code": "TYA001",
        "product_price": {"amount": "19.90", "cent": 1990, "cent_factor": 100, "currency_code": "USD"},
        "send_goods_operator": "SELLER_SEND_GOODS",
    } | changes


def detail(*children: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {
        "target": {
            "id": int(ORDER),
            "order_status": "WAIT_SELLER_SEND_GOODS",
            "fund_status": "PAY_SUCCESS",
            "gmt_create": "2026-03-01 17:00:00",
            "gmt_modified": "2026-03-01 18:00:00",
            "over_time_left": "2026-03-09 17:00:00",
            "order_amount": {"amount": "39.80", "currency_code": "USD"},
            "child_order_list": list(children) or [child()],
        }
        | changes
    }


async def read(answering: Answering, answer: object) -> Order:
    return await answering(lambda *_: answer).order(ORDER)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PLACE_ORDER_SUCCESS", OrderState.UNPAID),
        ("PAYMENT_PROCESSING", OrderState.UNPAID),
        ("WAIT_SELLER_EXAMINE_MONEY", OrderState.UNPAID),
        ("RISK_CONTROL", OrderState.RISK_CONTROL),
        ("RISK_CONTROL_HOLD", OrderState.RISK_CONTROL),
        ("WAIT_SELLER_SEND_GOODS", OrderState.TO_SHIP),
        ("SELLER_PART_SEND_GOODS", OrderState.PART_SHIPPED),
        ("WAIT_BUYER_ACCEPT_GOODS", OrderState.SHIPPED),
        ("IN_CANCEL", OrderState.CANCELLING),
        ("IN_ISSUE", OrderState.DISPUTED),
        ("IN_FROZEN", OrderState.FROZEN),
        ("FINISH", OrderState.FINISHED),
        ("ARCHIVE", OrderState.FINISHED),
        ("FUND_PROCESSING", OrderState.OTHER),
        ("WAIT_GROUP", OrderState.OTHER),
        ("WAIT_COMPLETE_ADDRESS", OrderState.OTHER),
        ("SOMETHING_NEW", OrderState.OTHER),
    ],
)
async def test_each_status_has_its_state(answering: Answering, status: str, state: OrderState) -> None:
    assert (await read(answering, detail(order_status=status))).state is state


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"frozen_status": "IN_FROZEN"}, OrderState.FROZEN),
        ({"issue_status": "IN_ISSUE"}, OrderState.DISPUTED),
        ({"fund_status": "NOT_PAY"}, OrderState.UNPAID),
        ({"frozen_status": "NO_FROZEN", "issue_status": "END_ISSUE"}, OrderState.TO_SHIP),
    ],
)
async def test_a_freeze_a_dispute_or_no_payment_stops_an_order_that_waits_for_goods(
    answering: Answering, changes: dict[str, Any], state: OrderState
) -> None:
    assert (await read(answering, detail(**changes))).state is state


@pytest.mark.parametrize("status", ["FINISH", "ARCHIVE"])
@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"order_end_reason": "buyer_cancel_order"}, OrderState.CANCELLED),
        ({"order_end_reason": "buyer_cancel_order_in_risk"}, OrderState.CANCELLED),
        ({"order_end_reason": "buyer_cancel_notpay_order"}, OrderState.CANCELLED),
        ({"order_end_reason": "pay_timeout"}, OrderState.CANCELLED),
        ({"fund_status": "NOT_PAY"}, OrderState.CANCELLED),
        ({"order_end_reason": "buyer_confirm_goods"}, OrderState.FINISHED),
        ({"order_end_reason": "buyer_cancel_order_with_a_new_word"}, OrderState.FINISHED),
        ({"order_end_reason": None}, OrderState.FINISHED),
        ({}, OrderState.FINISHED),
    ],
)
async def test_an_order_that_ended_without_a_sale_is_cancelled(
    answering: Answering, status: str, changes: dict[str, Any], state: OrderState
) -> None:
    assert (await read(answering, detail(order_status=status, **changes))).state is state


async def test_an_end_reason_counts_only_once_the_order_has_ended(answering: Answering) -> None:
    order = await read(answering, detail(order_end_reason="buyer_cancel_order"))
    assert order.state is OrderState.TO_SHIP


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({}, True),
        ({"send_goods_operator": None}, True),
        ({"extend_map": "{}"}, True),
        ({"send_goods_operator": "WAREHOUSE_SEND_GOODS"}, False),
        ({"logistics_warehouse_type": "cainiaoInternationalWarehouse"}, False),
        ({"extend_map": '{"orderBusinessModel":"SEMI_CHOICE_SELF"}'}, False),
        ({"extend_map": {"orderBusinessModel": "SEMI_CHOICE_SELF"}}, False),
        ({"order_status": "FINISH"}, False),
    ],
)
async def test_warehouse_semi_managed_and_ended_lines_are_left_alone(
    answering: Answering, changes: dict[str, Any], ours: bool
) -> None:
    order = await read(answering, detail(child(**changes)))
    assert [line.ours_to_ship for line in order.lines] == [ours]


@pytest.mark.parametrize(
    "words",
    [
        {"amount": "1.01", "currency_code": "USD"},
        {"amount": 1.01, "currency_code": "USD"},
        {"cent": 101, "cent_factor": 100, "currency_code": "USD"},
        {"cent": "101", "cent_factor": 100, "currency": {"currency_code": "USD"}},
        {"amount": "", "cent": 101, "currency_code": "USD"},
    ],
)
async def test_money_is_exact_in_every_shape(answering: Answering, words: dict[str, Any]) -> None:
    order = await read(answering, detail(child(product_price=words)))
    assert order.lines[0].price == usd("1.01")


async def test_a_decimal_number_never_passes_through_a_float(answering: Answering) -> None:
    body = json.dumps(detail()).replace('"39.80"', "12345678901234567.89")
    channel = answering(lambda *_: httpx.Response(200, text=body))
    assert (await channel.order(ORDER)).total.amount == Decimal("12345678901234567.89")


async def test_the_lines_of_an_ended_order_stay_ours(answering: Answering) -> None:
    order = await read(answering, detail(child(order_status="FINISH"), order_status="FINISH"))
    assert order.lines[0].ours_to_ship


async def test_the_total_falls_back_to_the_newer_amounts(answering: Answering) -> None:
    answer = detail(order_amount=None, new_order_amount={"amount": "38.00", "currency_code": "USD"})
    assert (await read(answering, answer)).total == usd("38.00")


async def test_an_order_without_an_amount_is_not_guessed(answering: Answering) -> None:
    with pytest.raises(VendorDown, match="no amount"):
        await read(answering, detail(order_amount=None))


async def test_times_are_los_angeles_and_the_deadline_is_only_for_orders_that_wait(answering: Answering) -> None:
    order = await read(answering, detail())
    assert order.modified_at.isoformat() == "2026-03-02T02:00:00+00:00"
    assert order.ship_by
    assert order.ship_by.isoformat() == "2026-03-10T00:00:00+00:00"  # after the change to summer time
    assert (await read(answering, detail(order_status="WAIT_BUYER_ACCEPT_GOODS"))).ship_by is None


async def test_ids_are_text_whether_they_came_as_numbers_or_not(answering: Answering) -> None:
    order = await read(answering, detail(child(child_order_id=8172481060046440, product_id="1005"), id=ORDER))
    assert (order.order_id, order.lines[0].line_id, order.lines[0].listing_id) == (ORDER, "8172481060046440", "1005")


async def test_an_address_in_parts_is_put_together(answering: Answering) -> None:
    words = {
        "contact_person": "Ana García",
        "phone_country": "34",
        "phone_area": "91",
        "phone_number": "1234567",
        "country": "UK",
        "zip": 28001,
        "address": "ignored where there is detail",
        "detail_address": "Calle Mayor 1",
        "address2": "2 B",
    }
    address = (await read(answering, detail(receipt_address=words))).address
    assert address
    assert (address.phone, address.postcode, address.street) == ("34 91 1234567", "28001", "Calle Mayor 1 2 B")
    assert address.country == "UK"


async def test_simplify_on_and_off_read_alike(make_store: type[Store]) -> None:
    seen = []
    for simplify in (True, False):
        store = make_store(simplify=simplify)
        store.buy(make_order(ORDER, store.clock.now()))
        listing_id = await store.channel.publish(make_listing_draft())
        pages = [page async for page in store.channel.orders(since=None)]
        listings = [page.items async for page in store.channel.listings(since=None)]
        order, listing = await store.channel.order(ORDER), await store.channel.listing(listing_id)
        await store.channel.declare(ORDER, store.shipment(), complete=True)
        parcels, services = await store.channel.declared(ORDER), await store.channel.shipping_services()
        seen.append((pages, listings, order, listing, parcels, services))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("empty", [[], {}, {"aeop_order_item_dto": []}, None])
async def test_an_empty_list_is_read_in_every_shape(answering: Answering, empty: object) -> None:
    answer = {"result": {"success": True, "target_list": empty, "total_page": 0, "total_count": 0}}
    pages = [page async for page in answering(lambda *_: answer).orders(since=None)]
    assert [page.items for page in pages] == [(), (), ()]


async def test_success_with_an_error_code_is_a_success(answering: Answering) -> None:
    row = {"order_id": 1160045860056286, "gmt_create": "2017-10-12 12:12:12", "gmt_update": "2017-10-12 12:12:12"}
    answer = {"result": {"success": True, "error_code": "1", "target_list": [row], "total_page": 1}}
    page = await anext(aiter(answering(lambda *_: answer).orders(since=None)))
    assert [ref.order_id for ref in page.items] == ["1160045860056286"]


async def test_a_list_that_was_refused_says_why(answering: Answering) -> None:
    answer = {"result": {"success": False, "error_code": "F00", "error_message": "no such shop"}}
    with pytest.raises(Rejected, match="no such shop"):
        [page async for page in answering(lambda *_: answer).orders(since=None)]


async def test_one_spoilt_order_does_not_spoil_its_page(answering: Answering) -> None:
    rows = [
        {"order_id": 1, "gmt_create": "yesterday"},
        {"order_id": 2, "gmt_create": "2026-03-01 17:00:00"},
        {"gmt_create": "2026-03-01 17:00:00"},
    ]
    answer = {"result": {"success": True, "target_list": rows, "total_page": 1}}
    page = await anext(aiter(answering(lambda *_: answer).orders(since=None)))
    assert [ref.order_id for ref in page.items] == ["2"]
    assert [failed for failed, _ in page.failures] == ["1", "?"]


async def test_an_interrupted_read_is_repeated_from_its_start(store: Store) -> None:
    for number in range(60):
        store.buy(make_order(str(8172481060036000 + number), store.clock.now()))
    first = await anext(aiter(store.channel.orders(since=None)))
    seen = set()
    async for page in store.channel.orders(since=first.cursor):
        seen |= {ref.order_id for ref in page.items}
    assert len(seen) == 60


async def test_pages_that_shifted_while_being_read_are_read_again(answering: Answering) -> None:
    totals = iter([60, 59, 7, 7, 59, 59, 7, 7])

    def answers(_: str, __: object) -> object:
        return {"result": {"success": True, "target_list": [], "total_page": 2, "total_count": next(totals)}}

    channel, since = answering(answers), Cursor("2026-03-01T00:00:00+00:00")
    assert {page.cursor for page in [page async for page in channel.orders(since=since)]} == {since}
    *pages, last = [page async for page in channel.orders(since=since)]
    assert {page.cursor for page in pages} == {since}
    assert last.cursor > since


async def test_listings_changed_since_are_read_by_their_time_of_change(store: Store) -> None:
    old = await store.channel.publish(make_listing_draft())
    store.pass_time(5 * 3600)
    later = store.clock.now()
    new = await store.channel.publish(make_listing_draft())
    seen = [listing.listing_id async for page in store.channel.listings(since=later) for listing in page.items]
    assert old not in seen
    assert seen == [new]


async def test_a_long_catalogue_is_read_to_its_end(store: Store) -> None:
    for _ in range(53):
        await store.channel.publish(make_listing_draft())
    pages = [page async for page in store.channel.listings(since=None)]
    assert sum(len(page.items) for page in pages) == 53
    assert [bool(page.cursor) for page in pages] == [True] * (len(pages) - 1) + [False]


async def test_a_list_of_listings_is_read_on_from_any_of_its_pages(store: Store) -> None:
    for _ in range(53):
        await store.channel.publish(make_listing_draft())
    await store.channel.set_on_sale([store.listing_ids()[7]], on_sale=False)
    pages = [page async for page in store.channel.listings(since=None)]
    for n, page in enumerate(pages[:-1], 1):
        assert [rest async for rest in store.channel.listings(since=None, resume=page.cursor)] == pages[n:]


async def test_a_product_without_properties_is_addressed_as_none(store: Store) -> None:
    (sku, _) = make_listing_draft().skus
    listing_id = await store.channel.publish(make_listing_draft(type(sku)("TYA001", usd("19.90"), 7)))
    (read_back,) = (await store.channel.listing(listing_id)).skus
    assert read_back.sku_key == "<none>"
    assert await store.channel.set_stock([StockUpdate(listing_id, {"<none>": 240})]) == []


async def test_one_call_changes_all_skus_of_a_listing(store: Store) -> None:
    listing_id = await store.channel.publish(make_listing_draft())
    prices = {"14:193": usd("1.00"), "14:175": usd("2.00")}
    await store.channel.set_prices([PriceUpdate(listing_id, prices)])
    assert ledger(store.mock)["products"][0]["price_calls"] == 1


Change = Callable[[AliExpressChannel, str], Awaitable[Sequence[Refusal]]]
CHANGES: dict[str, Change] = {
    "price": lambda channel, listing: channel.set_prices([PriceUpdate(listing, {"14:193": usd("1.00")})]),
    "stock": lambda channel, listing: channel.set_stock([StockUpdate(listing, {"14:193": 1})]),
    "sale": lambda channel, listing: channel.set_on_sale([listing], on_sale=False),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_listing_under_examination_is_refused_as_auditing(store: Store, change: Change) -> None:
    store.mock.world.audit_seconds = 60
    listing_id = await store.channel.publish(make_listing_draft())
    (refusal,) = await change(store.channel, listing_id)
    assert (refusal.listing_id, refusal.code) == (listing_id, "auditing")


async def test_an_edit_of_a_listing_under_examination_is_refused_as_auditing(store: Store) -> None:
    store.mock.world.audit_seconds = 60
    listing_id = await store.channel.publish(make_listing_draft())
    with pytest.raises(Rejected) as caught:
        await store.channel.edit(listing_id, ListingEdit(title="Notebook A5"))
    assert caught.value.code == "auditing"


async def test_an_examined_listing_can_be_edited_and_is_examined_anew(store: Store) -> None:
    listing_id = await store.channel.publish(make_listing_draft())
    store.mock.world.audit_seconds = 60
    await store.channel.edit(listing_id, ListingEdit(title="Notebook A5"))
    read_back = await store.channel.listing(listing_id)
    assert (read_back.title, read_back.status) == ("Notebook A5", ListingStatus.AUDITING)


WHOLE = {
    "aeop_qualification_struct_list": [{"key": "ce", "type": "text", "value": "CE 0123"}],
    "msr_eu_id": "77",
    "promise_template_id": 5,
    "gross_weight": "0.250",
}


async def test_an_edit_sends_back_compliance_data_translations_and_all_else_of_a_product(store: Store) -> None:
    listing_id = await store.channel.publish(make_listing_draft())
    kept = store.mock.world.products[int(listing_id)]
    kept.others |= WHOLE
    kept.translations = [{"locale": "es_ES", "value": "Cuaderno"}]
    before = await store.channel._client.whole_product(listing_id)
    await store.channel.edit(listing_id, ListingEdit(title="Notebook A5", description_html="<p>Ruled</p>"))
    after: dict[str, Any] = await store.channel._client.whole_product(listing_id)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed == {"subject_list", "detail_source_list"}
    assert after["subject_list"] == [{"locale": "en_US", "value": "Notebook A5"}, *kept.translations]
    assert '"content":"Ruled"' in after["detail_source_list"][0]["mobile_detail"]


@pytest.mark.parametrize("name", ["gross_weight", "aeop_ae_product_s_k_us", "detail_source_list", "reduce_strategy"])
async def test_a_product_that_is_not_read_whole_is_not_edited(store: Store, name: str) -> None:
    listing_id = await store.channel.publish(make_listing_draft())
    store.mock.world.products[int(listing_id)].others[name] = None
    with pytest.raises(VendorDown, match=f"it has no {name}"):
        await store.channel.edit(listing_id, ListingEdit(title="Notebook A5"))
    assert not any("product.edit" in str(request.url) for request in store.sent)


async def test_selling_out_every_sku_is_refused(store: Store) -> None:
    listing_id = await store.channel.publish(make_listing_draft())
    (refusal,) = await store.channel.set_stock([StockUpdate(listing_id, {"14:193": 0})])
    assert "stock" in refusal.message


async def test_a_listing_that_is_gone_is_named_among_those_switched(store: Store) -> None:
    listing_id = await store.channel.publish(make_listing_draft())
    refusals = await store.channel.set_on_sale([listing_id, "1005000000009999"], on_sale=False)
    assert [refusal.listing_id for refusal in refusals] == ["1005000000009999"]
    assert (await store.channel.listing(listing_id)).status is ListingStatus.OFFLINE


async def test_ids_inside_json_are_numbers_and_typos_are_kept(store: Store) -> None:
    store.buy(make_order(ORDER, store.clock.now()))
    listing_id = await store.channel.publish(make_listing_draft())
    await store.channel.set_stock([StockUpdate(listing_id, {"14:193": 1})])
    await store.channel.order(ORDER)
    bodies = [dict(parse_qsl(request.content.decode())) for request in store.sent]
    assert json.loads(bodies[2]["param1"]) == {"order_id": int(ORDER), "ext_info_bit_flag": 31}
    assert "editmutilpleskustocks" in str(store.sent[1].url)
    written = json.loads(bodies[0]["aeop_a_e_product"])
    assert written["aeop_ae_product_s_k_us"][0]["aeop_s_k_u_property"] == [
        {"sku_property_id": 14, "property_value_id": 193, "property_value_definition_name": "Black"}
    ]


async def test_a_parcel_with_several_lines_is_one_parcel(answering: Answering) -> None:
    parcel = {"logistics_no": "UR000000001YP", "service_name": "YANWEN_AM"}
    lines = [{"sub_trade_order_index": index, "shipment_list": [parcel]} for index in (1, 2)]
    channel = answering(lambda *_: {"result_success": True, "sub_trade_order_list": lines})
    assert await channel.declared(ORDER) == (Shipment("YANWEN_AM", "UR000000001YP"),)


async def test_a_carrier_of_ones_own_is_named_with_its_site_also_where_its_number_changes(store: Store) -> None:
    store.buy(make_order(ORDER, store.clock.now()))
    ours = [
        Shipment("OTHER", number, site="https://track.example.com", operator="Meiyou")
        for number in ("MY0001", "MY0002")
    ]
    await store.channel.declare(ORDER, ours[0], complete=True)
    await store.channel.redeclare(ORDER, *ours, complete=True)

    assert [one.number for one in await store.channel.declared(ORDER)] == ["MY0002"]
    sent = [dict(parse_qsl(request.content.decode())) for request in store.sent]
    told = [(body["tracking_website"], body["actual_carrier"]) for body in sent if "actual_carrier" in body]
    assert told == [("https://track.example.com", "Meiyou")] * 2


async def test_a_carrier_of_ones_own_that_is_not_named_is_left_to_a_person(store: Store) -> None:
    with pytest.raises(Rejected, match="by hand"):
        await store.channel.declare(ORDER, Shipment("OTHER", "123456789"), complete=True)
    assert store.sent == []


async def test_an_id_that_is_no_number_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.channel.order("O-17")


async def test_nothing_to_switch_makes_no_call(store: Store) -> None:
    assert await store.channel.set_on_sale([], on_sale=True) == ()
    assert store.sent == []
