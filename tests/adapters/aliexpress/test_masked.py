"""A buyer the vendor shows in stars is deciphered where that is granted; stars never get onto a label."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncbridge.errors import Rejected
from syncbridge.testing.builders import make_order
from tests.adapters.aliexpress.conftest import Answering, Store
from tests.adapters.ledger import ledger

pytestmark = pytest.mark.anyio
ORDER = "8172481060036440"
DECRYPT = "aliexpress.trade.seller.order.decrypt"


@pytest.fixture
def masked(store: Store) -> Store:
    store.buy(make_order(ORDER, store.clock.now()))
    store.mock.world.mask_addresses = True
    return store


async def test_a_masked_buyer_is_deciphered(masked: Store) -> None:
    order = await masked.channel.order(ORDER)
    assert order.address == make_order(ORDER, masked.clock.now()).address


async def test_an_open_buyer_costs_no_call(store: Store) -> None:
    store.buy(make_order(ORDER, store.clock.now()))
    await store.channel.order(ORDER)
    assert DECRYPT not in ledger(store.mock)["calls"]


async def test_where_it_is_not_granted_the_order_is_read_and_its_stars_are_nothing(masked: Store) -> None:
    masked.account.withdrawn = (DECRYPT,)
    address = (await masked.channel.order(ORDER)).address
    assert address
    assert (address.name, address.phone, address.street, address.country) == ("", "", "", "ES")


async def test_a_decipherment_that_fails_leaves_the_order_readable(answering: Answering) -> None:
    def answers(method: str, _: object) -> object:
        if method == DECRYPT:
            return {"result_code": 1, "result_info": "no such oaid"}
        child = {"child_order_id": "1", "product_id": 1, "product_count": 1}
        price = {"amount": "1.00", "currency_code": "USD"}
        target = {"id": 1, "order_status": "WAIT_SELLER_SEND_GOODS", "gmt_create": "2026-03-01 17:00:00", "oaid": "o"}
        address = {"contact_person": "A****", "country": "ES"}
        lines = [child | {"product_price": price}]
        return {"target": target | {"child_order_list": lines, "order_amount": price, "receipt_address": address}}

    order = await answering(answers).order("1")
    assert order.address
    assert (order.address.name, order.address.country) == ("", "ES")


async def test_no_parcel_is_booked_to_stars(masked: Store) -> None:
    masked.account.withdrawn = (DECRYPT,)
    address = (await masked.channel.order(ORDER)).address
    draft = masked.draft()
    assert address
    with pytest.raises(Rejected, match="lacks its name, phone, street"):
        await masked.channel.book(replace(draft, receiver=address))
