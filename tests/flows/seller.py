"""The seller at work in the channel's own pages, and a buyer who takes what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncbridge.model.catalog import Listing, Lock, Sku
from syncbridge.model.orders import Order, OrderState
from syncbridge.store import locks
from syncbridge.testing.builders import make_order, make_order_line, usd
from tests.flows.conftest import Shop


def edit(shop: Shop, listing: Listing, **changes: object) -> None:
    """The seller changes fields of a listing."""
    shown = shop.channel.shop[listing.listing_id]
    shop.channel.shop[listing.listing_id] = replace(shown, modified_at=shop.clock.now(), **changes)


def edit_skus(
    shop: Shop,
    listing: Listing,
    *,
    prices: Mapping[str, str] | None = None,
    stock: Mapping[str, int] | None = None,
    codes: Mapping[str, str] | None = None,
) -> None:
    """The seller gives SKUs other prices, stock or codes."""

    def edited(sku: Sku) -> Sku:
        price = usd(prices[sku.sku_code]) if prices and sku.sku_code in prices else sku.price
        amount = (stock or {}).get(sku.sku_code, sku.stock)
        return replace(sku, sku_code=(codes or {}).get(sku.sku_code, sku.sku_code), price=price, stock=amount)

    shown = shop.channel.shop[listing.listing_id]
    edit(shop, listing, skus=tuple(edited(sku) for sku in shown.skus))


async def order(shop: Shop, listing: Listing, code: str, quantity: int, order_id: str, *, heard: bool = True) -> Order:
    """A buyer orders: the channel takes it out of the stock at once, whether we have heard of it or not."""
    shown = {sku.sku_code: sku.stock for sku in shop.channel.shop[listing.listing_id].skus}
    edit_skus(shop, listing, stock={code: shown[code] - quantity})
    if heard:
        return await shop.sell(order_id, make_order_line(code, quantity))
    made = make_order(order_id, shop.clock.now(), make_order_line(code, quantity))
    shop.channel.books[order_id] = made
    return made


def cancel(shop: Shop, listing: Listing, made: Order) -> None:
    """The order ends without a sale, and its goods are back in stock."""
    (line,) = made.lines
    shown = {sku.sku_code: sku.stock for sku in shop.channel.shop[listing.listing_id].skus}
    edit_skus(shop, listing, stock={line.sku_code: shown[line.sku_code] + line.quantity})
    shop.channel.change(made.order_id, state=OrderState.CANCELLED)


async def reconcile(shop: Shop, kind: str = "reconcile.store") -> None:
    """Some time passes, and the listings are looked at."""
    await shop.pass_time(180)
    await shop.poll(kind, "toys")


async def locked(shop: Shop) -> dict[tuple[str, str], Lock]:
    """The locks of the store, by SKU code (or none) and field."""
    return {(lock.sku_code, lock.field): lock for _, lock in await shop.db.read(locks.of_store, "toys")}
