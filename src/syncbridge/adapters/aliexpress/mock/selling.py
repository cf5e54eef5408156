"""The seller at work in the seller centre, and the platform that takes products down."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from syncbridge.adapters.aliexpress.mock.product_words import Stock
from syncbridge.adapters.aliexpress.mock.words import Decimals
from syncbridge.adapters.aliexpress.mock.world import Product, Sku, World

OffSale = Literal[
    "user_offline", "expire_offline", "violate_offline", "punish_offline", "degrade_offline", "industry_offline"
]
"""Why a product is off sale (aliexpress-fields.md, ws_display)."""


class Edit(msgspec.Struct, forbid_unknown_fields=True):
    """What is changed by hand; SKUs are named by their code."""

    title: Annotated[str, Meta(min_length=1)] | None = None
    html: str | None = None
    images: str | None = None
    prices: dict[str, Decimals] = {}
    stock: dict[str, Stock] = {}
    codes: dict[str, str] = {}
    """New codes by old ones."""
    remove: tuple[str, ...] = ()
    off_sale: OffSale | None = None
    on_sale: bool | None = None
    refused: bool | None = None
    """Whether the platform wants it corrected: ``editingRequired``."""


def edit(world: World, product: Product, wanted: Edit) -> None:
    """Change a product as its seller, or the platform, does; raises ValueError where that cannot be."""
    for code, price in wanted.prices.items():
        sku = _sku(product, code)
        sku.former_prices.append(sku.price)
        sku.price = price
    for code, amount in wanted.stock.items():
        _sku(product, code).stock = amount
    for code in wanted.remove:
        product.skus.remove(_sku(product, code))
    for old, new in wanted.codes.items():
        _sku(product, old).sku_code = new
    _edit_page(product, wanted)
    if wanted.off_sale is not None:
        product.on_sale, product.offline_because = False, wanted.off_sale
    product.on_sale = product.on_sale if wanted.on_sale is None else wanted.on_sale
    product.refused = product.refused if wanted.refused is None else wanted.refused
    product.modified_at = world.now()


def delete(world: World, product: Product) -> None:
    """Delete a product for good."""
    world.delete(product)


def _edit_page(product: Product, wanted: Edit) -> None:
    product.title = wanted.title or product.title
    product.images = wanted.images or product.images
    if wanted.html is not None:
        modules = {"version": "2.0.0", "moduleList": [{"type": "html", "html": {"content": wanted.html}}]}
        product.details = [
            {**detail, "web_detail": msgspec.json.encode(modules).decode()} for detail in product.details
        ]


def _sku(product: Product, code: str) -> Sku:
    for sku in product.skus:
        if sku.sku_code == code:
            return sku
    raise ValueError(f"product {product.product_id} has no SKU {code}")
