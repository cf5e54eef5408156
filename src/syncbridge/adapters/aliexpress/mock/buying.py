"""A buyer at work: what becomes an order in the vendor's books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from syncbridge.adapters.aliexpress.mock.order_book import UNPAID, Line, Order
from syncbridge.adapters.aliexpress.mock.world import Account, Product, Sku, World

_CANCELLABLE = ("WAIT_SELLER_SEND_GOODS", "WAIT_SELLER_EXAMINE_MONEY", "RISK_CONTROL", "RISK_CONTROL_HOLD")
"""Paid, and nothing sent yet."""


@dataclass(frozen=True)
class Wish:
    """One SKU and a quantity, as a buyer puts it into the basket."""

    sku_code: str
    quantity: int
    listing_id: str | None = None
    price: str | None = None
    """In USD, for a SKU no product has, or to sell below the listed price."""
    semi_managed: bool = False
    """Whether the platform's own flow ships it."""


@dataclass(frozen=True)
class Home:
    """Where the buyer lives."""

    name: str = "Ana García"
    phone: str = "612345678"
    country: str = "ES"
    province: str = "Madrid"
    city: str = "Madrid"
    postcode: str = "28001"
    street: str = "Calle Mayor 1"


@dataclass(frozen=True)
class Basket:
    """What a buyer orders."""

    lines: Sequence[Wish]
    address: Home = field(default_factory=Home)
    status: str = "WAIT_SELLER_SEND_GOODS"
    ship_within_hours: float = 72
    order_id: str | None = None


def buy(world: World, account: Account, basket: Basket) -> Order:
    """Make an order and take its goods out of stock; raises ValueError where that cannot be."""
    if not basket.lines or any(wish.quantity < 1 for wish in basket.lines):
        raise ValueError("an order has lines, each of at least one piece")
    found = [(wish, _found(world, account, wish)) for wish in basket.lines]
    for wish, sold in found:
        if sold and sold[1].stock < wish.quantity:
            raise ValueError(f"only {sold[1].stock} of {wish.sku_code} left")
    order_id = int(basket.order_id) if basket.order_id else world.serial(8172481060000000)
    if order_id in world.orders:
        raise ValueError(f"there is an order {order_id} already")
    now = world.now()
    world.orders[order_id] = order = Order(
        order_id=order_id,
        seller_id=account.seller_id,
        status=basket.status,
        lines=[_sold(world, wish, sold) for wish, sold in found],
        address={name: str(getattr(basket.address, name)) for name in Home.__dataclass_fields__},
        created_at=now,
        modified_at=now,
        ship_by=now + timedelta(hours=basket.ship_within_hours),
    )
    return order


def ask_to_cancel(world: World, order: Order, reason: str) -> None:
    """The buyer asks for a cancel; raises ValueError once parcels are on their way, or before the payment."""
    if order.status not in _CANCELLABLE:
        raise ValueError(f"no cancel can be asked for in status {order.status}")
    order.status_before_cancel, order.cancel_reason = order.status, reason
    world.change(order, "IN_CANCEL")
    order.cancel_asked_at = order.modified_at


def accept_cancel(world: World, order: Order) -> None:
    """The cancel is agreed to, which ends the order."""
    _check_in_cancel(order)
    in_risk = order.status_before_cancel.startswith("RISK_CONTROL")
    world.change(order, "FINISH", "buyer_cancel_order_in_risk" if in_risk else "buyer_cancel_order")


def withdraw_cancel(world: World, order: Order) -> None:
    """The buyer wants the goods after all."""
    _check_in_cancel(order)
    world.change(order, order.status_before_cancel)
    order.cancel_reason, order.cancel_asked_at = "", None


def change_address(world: World, order: Order, parts: Mapping[str, str]) -> None:
    """The buyer changes parts of the address; raises ValueError for an order that ended or is on its way."""
    if unknown := parts.keys() - order.address.keys():
        raise ValueError(f"an address has no {sorted(unknown)}")
    if order.status not in (*_CANCELLABLE, *UNPAID):
        raise ValueError(f"no address can be changed in status {order.status}")
    order.address |= parts
    order.modified_at = world.now()
    order.address_changed_at.append(order.modified_at)


def _check_in_cancel(order: Order) -> None:
    if order.status != "IN_CANCEL":
        raise ValueError("no cancel was asked for")


def _found(world: World, account: Account, wish: Wish) -> tuple[Product, Sku] | None:
    for product in world.products.values():
        if product.seller_id != account.seller_id or wish.listing_id not in (None, str(product.product_id)):
            continue
        for sku in product.skus:
            if sku.sku_code == wish.sku_code:
                return product, sku
    if wish.price is None:
        raise ValueError(f"no listing has the SKU {wish.sku_code}; give its price")
    return None


def _sold(world: World, wish: Wish, found: tuple[Product, Sku] | None) -> Line:
    child_id = world.serial(8172481070000000)
    if found is None:
        listing_id = int(wish.listing_id or 1005000000000000)
        price = Decimal(wish.price or "0")
        return Line(child_id, listing_id, wish.sku_code, wish.sku_code, wish.quantity, price, wish.semi_managed)
    product, sku = found
    sku.stock -= wish.quantity
    price = Decimal(wish.price or sku.price)
    return Line(child_id, product.product_id, product.title, wish.sku_code, wish.quantity, price, wish.semi_managed)
