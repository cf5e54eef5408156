"""The seller at work in the channel's own pages, a buyer who takes what is there, and what a test of it looks at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from syncbridge.model.catalog import Listing, Lock, Sku
from syncbridge.model.orders import Order, OrderState
from syncbridge.model.paging import Cursor, Page
from syncbridge.rules.planning import Step
from syncbridge.store import catalogue, locks
from syncbridge.store.tables.catalogue import ListingRow
from syncbridge.store.tables.plans import ChangeRow, PlanRow
from syncbridge.testing.builders import make_order, make_order_line, usd
from tests.flows.conftest import Shop


def edit(shop: Shop, listing: Listing, **changes: object) -> None:
    """The seller changes fields of a listing."""
    shown = shop.channel.shop[listing.listing_id]
    shop.channel.shop[listing.listing_id] = replace(shown, modified_at=shop.clock.now(), **changes)  # type: ignore[arg-type]  # the class's own fields


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


class Reads:
    """Counts what is read from the channel: pages of the list, and listings."""

    def __init__(self, shop: Shop) -> None:
        self.pages, self.listings = 0, 0
        pages, listing = shop.channel.listings, shop.channel.listing

        async def counted_pages(
            *, since: datetime | None, resume: Cursor | None = None
        ) -> AsyncIterator[Page[Listing]]:
            async for page in pages(since=since, resume=resume):
                self.pages += 1
                yield page

        async def counted_listing(listing_id: str) -> Listing:
            self.listings += 1
            return await listing(listing_id)

        shop.channel.listings = counted_pages  # type: ignore[method-assign]  # counted
        shop.channel.listing = counted_listing  # type: ignore[method-assign]  # counted


async def decide(shop: Shop, code: str, price: str) -> None:
    """A price is approved, and its push got lost."""
    await shop.db.run(catalogue.want, "toys", [Step(code, "price", "", price, "a test")], {})


def drift_plans(session: Session) -> list[tuple[str, str, str, str]]:
    """Changes of the plans made because of drift."""
    query = select(ChangeRow).join(PlanRow).where(PlanRow.cause == "drift").order_by(col(ChangeRow.id))
    return [(row.field, row.before, row.after, row.state) for row in session.scalars(query)]


def state(session: Session) -> str:
    """Where the only listing stands."""
    return session.scalars(select(ListingRow)).one().state
