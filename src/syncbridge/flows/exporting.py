"""The catalogue as tables for people: which columns each has, and a row for each thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlmodel import Session

from syncbridge.flows.shopping import OFFER_PAGE
from syncbridge.store import exports
from syncbridge.store.exports import BoundLine, ListingLine, OfferLine

Row = Mapping[str, str]
IDS = frozenset({"sku", "listing", "offer", "spec", "goods_code"})
"""Columns whose cells must stay text however much they look like numbers."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the catalogue."""

    columns: tuple[str, ...]
    rows: Callable[[Session, str | None], Iterator[Row]]
    """Of one store, or of all."""
    keys: tuple[str, ...] = ()
    """Columns that say which thing a row is about; without, the table cannot be read back."""
    edited: tuple[str, ...] = ()
    """Columns that are read back; the others are there to be looked at."""


def _binding(line: BoundLine) -> Row:
    binding, spec, offer = line.binding, line.spec, line.offer
    return {
        "store": binding.store,
        "sku": binding.sku_code,
        "listing": line.listing_id or "",
        "title": offer.title if offer else "",
        "variant": _variant(line),
        "goods_code": (spec and spec.goods_code) or "",
        "account": binding.supplier,
        "offer": binding.offer_id,
        "spec": binding.spec_id,
    }


def _price(line: BoundLine) -> Row:
    binding, spec, offer = line.binding, line.spec, line.offer
    cost, wanted = spec.cost if spec else None, binding.price_wanted
    return {
        "store": binding.store,
        "sku": binding.sku_code,
        "listing": line.listing_id or "",
        "title": offer.title if offer else "",
        "variant": _variant(line),
        "cost": str(cost) if cost else "",
        "price_shown": str(binding.price) if binding.price else "",
        "price": f"{wanted.amount}" if wanted else "",
        "currency": wanted.currency if wanted else "",
    }


def _listing(line: ListingLine) -> Row:
    listing = line.listing
    return {
        "store": listing.store,
        "account": listing.supplier,
        "offer": listing.offer_id,
        "listing": listing.listing_id or "",
        "state": listing.state,
        "supplier_title": line.offer.title if line.offer else "",
        "title": line.given.title,
        "description": line.given.description_html,
    }


def _offer(line: OfferLine) -> Row:
    offer = line.offer
    costs = sorted((spec.cost for spec in offer.specs if spec.cost), key=lambda cost: cost.amount)
    stocks = [spec.stock for spec in offer.specs]
    return {
        "account": line.account,
        "offer": offer.offer_id,
        "link": OFFER_PAGE.format(offer.offer_id),
        "title": offer.title,
        "status": offer.status,
        "supplier": offer.supplier_name,
        "specs": str(len(offer.specs)),
        "moq": str(offer.moq),
        "cost_from": str(costs[0]) if costs else "",
        "cost_to": str(costs[-1]) if costs else "",
        "stock": "" if None in stocks else str(sum(stock or 0 for stock in stocks)),
        "changed_at": f"{line.changed_at:%Y-%m-%d %H:%M} UTC",
        "stores": ", ".join(line.stores),
    }


def _variant(line: BoundLine) -> str:
    attributes = line.spec.attributes if line.spec else ()
    return "; ".join(f"{name}: {word}" for name, word in attributes)


TABLES: Mapping[str, Table] = {
    "bindings": Table(
        ("store", "sku", "listing", "title", "variant", "goods_code", "account", "offer", "spec"),
        lambda session, store: map(_binding, exports.bindings(session, store)),
        ("store", "sku"),
        ("account", "offer", "spec"),
    ),
    "prices": Table(
        ("store", "sku", "listing", "title", "variant", "cost", "price_shown", "price", "currency"),
        lambda session, store: map(_price, exports.bindings(session, store)),
        ("store", "sku"),
        ("price", "currency"),
    ),
    "listings": Table(
        ("store", "account", "offer", "listing", "state", "supplier_title", "title", "description"),
        lambda session, store: map(_listing, exports.listings(session, store)),
        ("store", "account", "offer"),
        ("title", "description"),
    ),
    "offers": Table(
        (
            "account", "offer", "link", "title", "status", "supplier", "specs", "moq", "cost_from", "cost_to", "stock",
            "changed_at", "stores",
        ),
        lambda session, store: map(_offer, exports.offers(session, store)),
    ),
}  # fmt: skip
