"""What a test of the catalogue looks at: calls made, rows written, holds open, and what the channel shows."""

from __future__ import annotations

from sqlmodel import Session, select

from syncbridge.model.catalog import Listing, Offer
from syncbridge.store import holds
from syncbridge.store.tables.catalogue import BindingRow, ListingRow, OfferRow
from syncbridge.store.tables.plans import ChangeRow, PlanRow
from tests.flows.conftest import Shop

OFFER = "676651652931"


class Calls:
    """Counts what is written to the channel."""

    def __init__(self, shop: Shop) -> None:
        self.made: list[str] = []
        for name in ("publish", "edit", "set_prices", "set_stock", "set_on_sale", "declare"):
            setattr(shop.channel, name, self._counted(name, getattr(shop.channel, name)))

    def _counted(self, name: str, call: object) -> object:
        async def counted(*args: object, **kwargs: object) -> object:
            self.made.append(name)
            return await call(*args, **kwargs)  # type: ignore[operator]  # one of the channel's methods

        return counted


def rows(session: Session) -> dict[str, int]:
    """How many rows the catalogue has, and what its snapshots say."""
    return {
        table.__name__: len(session.scalars(select(table)).all())
        for table in (OfferRow, ListingRow, BindingRow, PlanRow, ChangeRow)
    }


async def read_again(shop: Shop, *offers: Offer) -> None:
    """The offers come in once more, changed or not."""
    for offer in offers:
        shop.supplier.catalogue[offer.offer_id] = offer
    await shop.poll("import_.page", "main")


async def open_holds(shop: Shop, *subjects: str) -> dict[str, dict[str, str]]:
    """Open holds on these subjects: their kind and figures."""
    found = await shop.db.read(holds.open_figures, subjects)
    return {kind: figures for (kind, _), figures in found.items()}


def sold(shop: Shop, listing: Listing) -> dict[str, tuple[str, int]]:
    """Price and stock of each SKU as the channel shows it."""
    return {sku.sku_code: (str(sku.price), sku.stock) for sku in shop.channel.shop[listing.listing_id].skus}
