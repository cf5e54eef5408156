"""What a demo prints: figures from the vendors' books, and from our database what only it can know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from syncbridge.demo.books import Balance
from syncbridge.queue import dead_letters
from syncbridge.rules.mapping import ShippingWay
from syncbridge.store import catalogue, holds, orders
from syncbridge.store.tables.work import TimelineRow


@dataclass(frozen=True, slots=True)
class Report:
    """A demo's end."""

    figures: Mapping[str, int]
    books: Balance
    listings: int
    bought_by_hand: int
    webhooks_rejected: int
    kills: int
    seconds: float

    @property
    def balanced(self) -> bool:
        """Whether everything fits: nothing doubled, nothing lost, no difference."""
        return not self.books.differences and not self.books.doubled and not self.books.lost

    def plain(self) -> dict[str, object]:
        """As JSON values."""
        ours, books = self.figures, self.books
        return {
            "offers_pulled": ours["offers_pulled"],
            "skus_pulled": ours["skus_pulled"],
            "listings_published": self.listings,
            "price_updates": ours["price_updates"],
            "stock_updates": ours["stock_updates"],
            "orders_received": ours["orders_received"],
            "orders_pushed": books.pushed,
            "purchase_orders_placed": books.placed,
            "purchase_orders_doubled": books.doubled,
            "orders_lost": books.lost,
            "bought_after_cancel": books.bought_after_cancel,
            "outside_band": books.outside_band,
            "retried": ours["retried"],
            "unknown_resolved": ours["unknown_resolved"],
            "bought_by_hand": self.bought_by_hand,
            "parked": ours["parked"],
            "tracking_declared": books.declared,
            "routes": {way.value: books.declarations.routes.get(way, 0) for way in ShippingWay},
            "declared_twice": books.declarations.twice,
            "declared_domestic": books.declarations.domestic,
            "declared_wrong": books.declarations.wrong,
            "webhooks_rejected": self.webhooks_rejected,
            "holds": ours["holds"],
            "kills": self.kills,
            "ledger_balanced": self.balanced,
            "differences": list(books.differences),
            "seconds": round(self.seconds, 1),
        }


def our_figures(session: Session) -> dict[str, int]:
    """What only our database knows."""
    shop = catalogue.figures(session)
    return {
        "offers_pulled": shop.offers,
        "skus_pulled": shop.skus,
        "price_updates": shop.price_updates,
        "stock_updates": shop.stock_updates,
        "orders_received": sum(orders.figures(session).values()),
        "holds": holds.opened(session),
        "unknown_resolved": _unknown_resolved(session),
        **dead_letters.figures(session),
    }


def _unknown_resolved(session: Session) -> int:
    """Orders with a purchase of unknown outcome that turned out to be placed."""
    unclear = select(col(TimelineRow.subject)).where(col(TimelineRow.event) == "purchase unknown").distinct()
    query = select(func.count(func.distinct(col(TimelineRow.subject)))).where(
        col(TimelineRow.event) == "placed", col(TimelineRow.subject).in_(unclear)
    )
    return session.connection().execute(query).scalar_one()
