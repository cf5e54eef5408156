"""The shopping list: what a person must buy on the supplier's page, by supplier account and shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from sqlmodel import Session

from syncbridge.flows.retry_queue import CARD
from syncbridge.model.catalog import Offer, Spec
from syncbridge.model.money import Money
from syncbridge.model.purchasing import Purchase, PurchaseLine, RelayAddress
from syncbridge.rules.merging import note
from syncbridge.store import bookings, catalogue, orders, purchases

OFFER_PAGE = "https://detail.1688.com/offer/{}.html"


@dataclass(frozen=True, slots=True)
class ShoppingLine:
    """One spec to buy, and everything the order form on the supplier's page asks for."""

    id: str
    """The card's entry in the retry queue."""
    supplier: str
    """Account name."""
    shop: str
    """The supplier's own name; empty if the offer was never read."""
    order: str
    ship_by: datetime | None
    offer_id: str
    title: str
    link: str
    spec: str
    """The spec's words, or its id if the offer no longer has it."""
    quantity: int
    cost: Money | None
    """Expected for the quantity, without freight; None if the supplier shows no price."""
    relay: str
    mark: str
    note: str
    """What to write into the buyer note, so that order and parcel are known again."""


def shopping_list(session: Session, supplier: str | None = None) -> list[ShoppingLine]:
    """Every line of every purchase to be made by hand, of one account or all; in a shop the most urgent first."""
    cards = [card for card in purchases.to_buy_by_hand(session) if supplier in (None, card.supplier)]
    numbers = bookings.numbers(session, [card.id for card in cards])
    found = [_line(session, card, line, numbers.get(card.id, "")) for card in cards for line in card.lines]
    return sorted(found, key=lambda line: (line.supplier, line.shop, line.ship_by is None, str(line.ship_by), line.id))


def _line(session: Session, card: Purchase, line: PurchaseLine, number: str) -> ShoppingLine:
    offer = catalogue.offer(session, card.supplier, line.offer_id)
    spec = next((spec for spec in offer.specs if spec.spec_id == line.spec_id), None) if offer else None
    return ShoppingLine(
        id=f"{CARD}{card.id}",
        supplier=card.supplier,
        shop=offer.supplier_name if offer else "",
        order=f"{card.store}/{card.order_id}",
        ship_by=orders.ship_by(session, card.store, card.order_id),
        offer_id=line.offer_id,
        title=offer.title if offer else "",
        link=OFFER_PAGE.format(quote(line.offer_id, safe="")),
        spec=_words(spec) or line.spec_id,
        quantity=line.quantity,
        cost=_cost(offer, spec, line.quantity),
        relay=_written(card.relay),
        mark=card.mark,
        note=note([card], number),
    )


def _words(spec: Spec | None) -> str:
    return "; ".join(f"{name}: {value}" for name, value in spec.attributes) if spec else ""


def _cost(offer: Offer | None, spec: Spec | None, quantity: int) -> Money | None:
    """The spec's own cost, or that of the offer's tier the quantity reaches."""
    if offer is None or spec is None:
        return None
    reached = [tier for tier in offer.tiers if tier.quantity <= quantity]
    tier = max(reached, key=lambda tier: tier.quantity, default=None)
    each = spec.cost or (tier.cost if tier else None)
    return each * quantity if each else None


def _written(relay: RelayAddress) -> str:
    place = "".join((relay.province, relay.city, relay.district, relay.town, relay.street))
    return " ".join(part for part in (place, relay.postcode, relay.name, relay.mobile) if part)
