"""A store that was there before we came, as its seller entered it by hand over the years."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from syncbridge.adapters.aliexpress.mock.category_tree import LEAVES
from syncbridge.adapters.aliexpress.mock.product_rules import NO_PROPERTIES
from syncbridge.adapters.aliexpress.mock.product_words import SkuProperty, Stock
from syncbridge.adapters.aliexpress.mock.words import Decimals
from syncbridge.adapters.aliexpress.mock.world import Account, Product, Sku, World

_SKU_CODE = re.compile(r"[A-Za-z0-9_-]{0,20}")
"""The page takes what the API for new products does not: signs between, and no code at all."""
_STATUSES = Literal["onSelling", "offline", "auditing", "editingRequired"]


class OldSku(msgspec.Struct, forbid_unknown_fields=True):
    """A SKU as the seller entered it, whatever code it was given."""

    price: Decimals
    stock: Stock
    code: str = ""
    properties: Annotated[list[SkuProperty], Meta(max_length=3)] = []


class OldProduct(msgspec.Struct, forbid_unknown_fields=True):
    """A product of a store that is there already."""

    title: Annotated[str, Meta(min_length=1, max_length=218)]
    skus: Annotated[list[OldSku], Meta(min_length=1, max_length=500)]
    images: Annotated[list[str], Meta(min_length=1, max_length=6)] = msgspec.field(
        default_factory=lambda: ["https://ae01.alicdn.com/kf/one.jpg"]
    )
    status: _STATUSES = "onSelling"
    category_id: int = 200135143


def stock_up(world: World, account: Account, products: Sequence[OldProduct]) -> list[str]:
    """Put products into a seller's store as if they had been there for years; raises ValueError, and adds none then."""
    for old in products:
        _check(old)
    return [str(_put(world, account, old).product_id) for old in products]


def _put(world: World, account: Account, old: OldProduct) -> Product:
    now = world.now()
    product = Product(
        product_id=world.serial(1005000000000000),
        seller_id=account.seller_id,
        title=old.title,
        locale="en_US",
        category_id=old.category_id,
        images=";".join(old.images),
        skus=[_sku(world, sku) for sku in old.skus],
        created_at=now - timedelta(days=400),
        modified_at=now - timedelta(days=40),
        audited_at=now + timedelta(days=1) if old.status == "auditing" else now - timedelta(days=400),
        on_sale=old.status != "offline",
        refused=old.status == "editingRequired",
    )
    world.products[product.product_id] = product
    return product


def _sku(world: World, old: OldSku) -> Sku:
    return Sku(
        id=_id(old),
        number=world.serial(12000000000000000),
        sku_code=old.code,
        price=old.price,
        stock=old.stock,
        properties=[msgspec.to_builtins(value) for value in old.properties],
    )


def _check(old: OldProduct) -> None:
    if old.category_id not in LEAVES:
        raise ValueError(f"{old.category_id} is no leaf category")
    codes = [sku.code for sku in old.skus if sku.code]
    if not all(_SKU_CODE.fullmatch(code) for code in codes):
        raise ValueError("a code has at most 20 letters, digits, - and _")
    if len({_id(sku) for sku in old.skus}) < len(old.skus):
        raise ValueError("two SKUs of a product have the same properties")
    if len(old.skus) > 1 and any(not sku.properties for sku in old.skus):
        raise ValueError("of several SKUs each needs properties")
    if not 1 <= sum(sku.stock for sku in old.skus) <= 999_999 and old.status == "onSelling":
        raise ValueError("what is on sale has stock")
    if not all(Decimal("0.01") <= Decimal(sku.price) <= 100_000 for sku in old.skus):
        raise ValueError("a price is not between 0.01 and 100000")


def _id(old: OldSku) -> str:
    return ";".join(f"{each.sku_property_id}:{each.property_value_id}" for each in old.properties) or NO_PROPERTIES
