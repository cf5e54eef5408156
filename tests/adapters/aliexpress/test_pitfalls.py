"""One test for each pitfall the vendor's documents warn of, by its number in aliexpress.md §10.

18 stands in test_consent.py. 21, quotas of feeds and schemas, is none of ours: neither is used.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import httpx
import pytest

from syncbridge.adapters.aliexpress.drafts import product
from syncbridge.adapters.aliexpress.signing import sign
from syncbridge.adapters.aliexpress.wire import letters, pacific, utc
from syncbridge.errors import NotGranted, OutcomeUnknown, Rejected
from syncbridge.model.catalog import (
    Attribute,
    ListingDraft,
    ListingEdit,
    PriceUpdate,
    SkuDraft,
    SkuProperty,
    StockUpdate,
)
from syncbridge.model.paging import Cursor
from syncbridge.testing.builders import make_listing_draft, make_order, usd
from syncbridge.testing.faults import Fault
from tests.adapters.aliexpress.conftest import Answering, Store

pytestmark = pytest.mark.anyio
ORDER = "8172481060036440"


def one_sku() -> ListingDraft:
    return make_listing_draft(SkuDraft("TYA001", usd("19.90"), 7, properties=(SkuProperty("14", "193", "Black"),)))


def asked(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.url.query.decode())) | dict(parse_qsl(request.content.decode()))


def test_pitfall_01_rest_signs_its_path_and_sync_none() -> None:
    def upper(text: str) -> str:
        return hmac.new(b"s", text.encode(), hashlib.sha256).hexdigest().upper()

    assert sign({"a": "1"}, "s") == upper("a1")
    assert sign({"a": "1"}, "s", "/auth/token/create") == upper("/auth/token/createa1")


async def test_pitfall_02_what_is_signed_is_what_is_sent_and_blank_is_neither(store: Store) -> None:
    await store.channel.publish(make_listing_draft(title='Größe "名" +&%'))
    given = asked(store.sent[0])
    said = given.pop("sign")
    assert said == sign(given, store.account.app_secret)
    assert all(value.strip() for value in given.values())


@pytest.mark.parametrize(
    ("at", "wall"),
    [
        (datetime(2026, 3, 8, 9, 59, 59, tzinfo=UTC), "2026-03-08 01:59:59"),
        (datetime(2026, 3, 8, 10, 0, tzinfo=UTC), "2026-03-08 03:00:00"),  # spring leaves an hour out
        (datetime(2026, 11, 1, 8, 59, 59, tzinfo=UTC), "2026-11-01 01:59:59"),
        (datetime(2026, 11, 1, 10, 0, tzinfo=UTC), "2026-11-01 02:00:00"),  # autumn says one hour twice
    ],
)
def test_pitfall_03_dates_are_los_angeles_with_its_summer(at: datetime, wall: str) -> None:
    assert (pacific(at), utc(wall)) == (wall, at)


async def test_pitfall_04_ids_are_texts_here_and_numbers_in_the_vendor_s_json(store: Store) -> None:
    store.buy(make_order(ORDER, store.clock.now()))
    order = await store.channel.order(ORDER)
    assert '"order_id":8172481060036440' in asked(store.sent[0])["param1"]
    assert (order.order_id, type(order.lines[0].line_id)) == (ORDER, str)


async def test_pitfall_05_simplify_is_the_same_in_each_call_and_either_shape_is_read(make_store: type[Store]) -> None:
    for simplify in (True, False):
        store = make_store(simplify=simplify)
        listing_id = await store.channel.publish(one_sku())
        assert (await store.channel.listing(listing_id)).skus
        assert {asked(request).get("simplify") for request in store.sent} == {"true" if simplify else None}


@pytest.mark.parametrize("simplify", [True, False])
async def test_pitfall_05_an_edit_sends_back_bare_lists_however_they_were_read(
    make_store: type[Store], simplify: bool
) -> None:
    store = make_store(simplify=simplify)
    attributes = (Attribute("2", value_id="201512802"), Attribute("3", value="B5"))
    listing_id = await store.channel.publish(make_listing_draft(attributes=attributes))
    before = store.mock.world.products[int(listing_id)].others
    before["group_id"] = 501
    await store.channel.edit(listing_id, ListingEdit(title="Notepad"))
    after = store.mock.world.products[int(listing_id)].others
    assert (after["aeop_ae_product_propertys"], after["group_id"]) == (before["aeop_ae_product_propertys"], 501)


async def test_pitfall_06_a_200_without_an_error_is_no_success_yet(answering: Answering) -> None:
    with pytest.raises(OutcomeUnknown, match="did not say"):
        await answering(lambda *_: {"request_id": "1", "result": {}}).publish(one_sku())
    with pytest.raises(Rejected, match="no"):
        await answering(lambda *_: {"result": {"success": False, "error_message": "no"}}).publish(one_sku())


async def test_pitfall_06_the_one_of_a_booking_is_no_error(store: Store) -> None:
    draft = store.draft()
    assert (await store.channel.book(draft)).booking_id  # its error_code is 1


async def test_pitfall_07_typos_are_part_of_the_protocol(store: Store) -> None:
    listing_id = await store.channel.publish(one_sku())
    await store.channel.set_stock([StockUpdate(listing_id, {"14:193": 3})])
    assert asked(store.sent[-1])["method"].endswith("editmutilpleskustocks")
    assert "aeop_ae_product_propertys" in asked(store.sent[0])["aeop_a_e_product"]


async def test_pitfall_08_properties_are_written_under_another_name_than_they_are_read(store: Store) -> None:
    listing_id = await store.channel.publish(one_sku())
    await store.channel.edit(listing_id, ListingEdit(title="Notepad"))
    sent = json.loads(asked(store.sent[-1])["aeop_a_e_product"])
    (sku,) = sent["aeop_ae_product_s_k_us"]
    assert "aeop_s_k_u_property" in sku
    assert "aeop_s_k_u_property_list" not in sku


async def test_pitfall_09_prices_go_by_the_id_that_was_read_not_by_the_code(store: Store) -> None:
    listing_id = await store.channel.publish(one_sku())
    (sku,) = (await store.channel.listing(listing_id)).skus
    assert sku.sku_key == "14:193"
    refused = await store.channel.set_prices([PriceUpdate(listing_id, {sku.sku_code: usd("20.00")})])
    assert [one.listing_id for one in refused] == [listing_id]


async def test_pitfall_10_a_listing_cannot_be_sold_out_by_stock(store: Store) -> None:
    listing_id = await store.channel.publish(one_sku())
    (refused,) = await store.channel.set_stock([StockUpdate(listing_id, {"14:193": 0})])
    assert "stock" in refused.message
    assert not await store.channel.set_on_sale([listing_id], on_sale=False)


async def test_pitfall_11_a_discount_survives_a_change_of_price(store: Store) -> None:
    listing_id = await store.channel.publish(one_sku())
    update = PriceUpdate(listing_id, {"14:193": usd("21.90")}, {"14:193": usd("18.90")})
    assert not await store.channel.set_prices([update])
    (sku,) = (await store.channel.listing(listing_id)).skus
    assert (sku.price, sku.discount) == (usd("21.90"), usd("18.90"))


def test_pitfall_12_stock_is_taken_as_soon_as_a_buyer_orders() -> None:
    assert product(one_sku())["reduce_strategy"] == "place_order_withhold"


async def test_pitfall_13_a_listing_still_examined_is_said_to_be(store: Store) -> None:
    store.mock.world.audit_seconds = 60
    listing_id = await store.channel.publish(one_sku())
    (refused,) = await store.channel.set_stock([StockUpdate(listing_id, {"14:193": 3})])
    assert refused.code == "auditing"


async def test_pitfall_14_a_warehouse_is_a_sku_of_its_own_and_its_lines_are_not_ours(store: Store) -> None:
    ships_from = [SkuProperty("14", "193", None), SkuProperty("200007763", "201336104", None)]
    draft = make_listing_draft(SkuDraft("TYA001", usd("19.90"), 7, properties=tuple(ships_from)))
    (sku,) = (await store.channel.listing(await store.channel.publish(draft))).skus
    assert sku.sku_key == "14:193;200007763:201336104"
    store.buy(make_order(ORDER, store.clock.now()))
    store.mock.world.orders[int(ORDER)].lines[0].semi_managed = True
    assert [line.ours_to_ship for line in (await store.channel.order(ORDER)).lines] == [False]


async def test_pitfall_15_a_declaration_whose_answer_is_lost_is_sent_once_and_can_be_read_back(store: Store) -> None:
    store.buy(make_order(ORDER, store.clock.now()))
    await store.channel.shipping_services()
    store.next_faults = [Fault.LOSE_ANSWER]
    with pytest.raises(OutcomeUnknown):
        await store.channel.declare(ORDER, store.shipment(), complete=True)
    assert list(await store.channel.declared(ORDER)) == [store.shipment()]
    assert len(store.mock.world.orders[int(ORDER)].declarations) == 1


async def test_pitfall_16_finished_orders_are_asked_for_apart(store: Store) -> None:
    store.buy(make_order(ORDER, store.clock.now()))
    store.mock.world.change(store.mock.world.orders[int(ORDER)], "FINISH", "buyer_confirm_goods")
    seen = [ref.order_id async for page in store.channel.orders(since=None) for ref in page.items]
    assert seen == [ORDER]


async def test_pitfall_17_the_end_of_the_refresh_token_is_known_ahead_and_does_not_move(store: Store) -> None:
    ends = store.account.refresh_expires_at
    store.account.access_expires_at = store.clock.now()
    await store.channel.shipping_services()
    assert store.vault.tokens.refresh_expires_at == ends


async def test_pitfall_19_what_is_set_in_the_console_is_said_to_be(store: Store) -> None:
    store.account.withdrawn = ("aliexpress.",)
    with pytest.raises(NotGranted, match="console"):
        await store.channel.shipping_services()


def test_pitfall_20_great_britain_is_uk() -> None:
    assert letters("GB") == "UK"


async def test_pitfall_22_a_change_no_message_told_of_is_found_by_the_list(store: Store) -> None:
    began = Cursor(store.clock.now().isoformat())
    store.pass_time(60)
    store.buy(make_order(ORDER, store.clock.now()))  # and no message comes
    assert [ref.order_id async for page in store.channel.orders(since=began) for ref in page.items] == [ORDER]
