"""Prices, stock, single fields and statuses of products, as the vendor changes them (aliexpress.md §4.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from syncbridge.adapters.aliexpress.mock import product_words as words
from syncbridge.adapters.aliexpress.mock.product_rules import NO_PRODUCT, TITLE_LIMIT, bad_price, own
from syncbridge.adapters.aliexpress.mock.world import Account, Product, Refused, Sku, World

Payload = dict[str, object]

# The vendor publishes no numbers for these refusals; the numbers are the mock's own.
_AUDITING = 13000002
_NO_SKU = 13000003
_NO_STOCK_LEFT = 13000004
_BAD_PRICE = 13000005
_BAD_FIELD = 13000006


def edit_prices(world: World, account: Account, asked: words.EditPrices) -> Payload:
    """Replace the prices of the SKUs named, all or none. Nobody says what becomes of a discount: it is erased here."""
    product = own(world, account, asked.product_id)
    refused = _unchangeable(world, product, asked.sku_id_price_map)
    if product is None or refused:
        return _not_modified(world, asked.product_id, *(refused or (NO_PRODUCT, "")))
    if problem := next(filter(None, (bad_price(price, None) for price in asked.sku_id_price_map.values())), ""):
        return _not_modified(world, asked.product_id, _BAD_PRICE, problem)
    for sku in product.skus:
        if sku.id in asked.sku_id_price_map:
            _reprice(sku, asked.sku_id_price_map[sku.id], None)
    product.price_calls += 1
    return _modified(world, product)


def edit_price(world: World, account: Account, asked: words.EditSinglePrice) -> Payload:
    """Replace the price of one SKU, and its discount with it."""
    product = own(world, account, asked.product_id)
    refused = _unchangeable(world, product, {asked.sku_id: asked.sku_price})
    if product is None or refused:
        return _not_modified(world, asked.product_id, *(refused or (NO_PRODUCT, "")))
    if problem := bad_price(asked.sku_price, asked.sale_price):
        return _not_modified(world, asked.product_id, _BAD_PRICE, problem)
    sku = next(sku for sku in product.skus if sku.id == asked.sku_id)
    _reprice(sku, asked.sku_price, asked.sale_price)
    product.price_calls += 1
    return _modified(world, product)


def _reprice(sku: Sku, price: str, discount: str | None) -> None:
    sku.former_prices.append(sku.price)
    sku.price, sku.discount = price, discount


def edit_stock(world: World, account: Account, asked: words.EditStock) -> Payload:
    """Replace the stock of the SKUs named, all or none; one SKU must keep some (aliexpress.md §10, 10)."""
    product = own(world, account, asked.product_id)
    refused = _unchangeable(world, product, asked.sku_stocks)
    if product is None or refused:
        return _not_modified(world, asked.product_id, *(refused or (NO_PRODUCT, "")))
    left = {sku.id: asked.sku_stocks.get(sku.id, sku.stock) for sku in product.skus}
    if not 1 <= sum(left.values()) <= 999_999:
        return _not_modified(world, asked.product_id, _NO_STOCK_LEFT, "at least one SKU must have stock")
    for sku in product.skus:
        sku.stock = left[sku.id]
    product.stock_calls += 1
    return _modified(world, product)


def edit_one_stock(world: World, account: Account, asked: words.EditSingleStock) -> Payload:
    """Replace the stock of one SKU."""
    stock = int(asked.ipm_sku_stock)
    if stock > 999_999:
        raise Refused("InvalidParameter", "ipm_sku_stock is 0 to 999999")
    return edit_stock(world, account, words.EditStock(asked.product_id, {asked.sku_id: stock}))


def edit_field(world: World, account: Account, asked: words.EditField) -> Payload:
    """Replace one field of a product; a parameter's name is the vendor's typo."""
    product = own(world, account, asked.product_id)
    refused = _unchangeable(world, product, {})
    if product is None or refused:
        return _not_modified(world, asked.product_id, *(refused or (NO_PRODUCT, "")))
    pattern, place = _FIELDS[asked.fied_name]
    if not re.fullmatch(pattern, asked.fiedvalue, re.DOTALL):
        return _not_modified(world, asked.product_id, _BAD_FIELD, f"fiedvalue is no {asked.fied_name}")
    if place == "title":
        product.title = asked.fiedvalue
    elif place == "image_u_r_ls":
        product.images = asked.fiedvalue
    elif place in ("web_detail", "mobile_detail"):
        product.details = [detail | {place: asked.fiedvalue} for detail in product.details]
    elif place == "freight_template_id":
        product.freight_template_id = int(asked.fiedvalue)
    else:
        product.others[place] = int(asked.fiedvalue) if asked.fiedvalue.isdecimal() else asked.fiedvalue
    return _modified(world, product)


_FIELDS: Mapping[words.FieldName, tuple[str, str]] = {
    "subject": (rf"(?=.*\S).{{1,{TITLE_LIMIT}}}", "title"),
    "detail": (r".*\S.*", "web_detail"),
    "mobileDetail": (r"\{.*\}", "mobile_detail"),
    "imageURLs": (r"https?://[^;]+(;https?://[^;]+){0,5}", "image_u_r_ls"),
    "deliveryTime": (r"[1-7]", "delivery_time"),
    "groupId": (r"[0-9]{1,18}", "group_id"),
    "freightTemplateId": (r"[1-9][0-9]{0,17}", "freight_template_id"),
    "promiseTemplateId": (r"[0-9]{1,18}", "promise_template_id"),
    "packageLength": (r"[1-9][0-9]{0,2}", "package_length"),
    "packageWidth": (r"[1-9][0-9]{0,2}", "package_width"),
    "packageHeight": (r"[1-9][0-9]{0,2}", "package_height"),
    "grossWeight": (r"[0-9]{1,3}\.[0-9]{3}", "gross_weight"),
    "wsValidNum": (r"[1-9][0-9]{0,1}", "ws_valid_num"),
    "reduceStrategy": (r"place_order_withhold|payment_success_deduct", "reduce_strategy"),
}
"""What a field's value looks like, and where it is kept."""


def put_online(world: World, account: Account, asked: words.SwitchProducts) -> Payload:
    """Put products on sale."""
    return _switch(world, account, asked, on_sale=True)


def take_offline(world: World, account: Account, asked: words.SwitchProducts) -> Payload:
    """Take products off sale."""
    return _switch(world, account, asked, on_sale=False)


def _switch(world: World, account: Account, asked: words.SwitchProducts, *, on_sale: bool) -> Payload:
    refused: list[Payload] = []
    done = 0
    for product_id in asked.product_ids.split(";"):
        product = own(world, account, product_id)
        problem = _unchangeable(world, product, {})
        if product is None or problem:
            code, message = problem or (NO_PRODUCT, "")
            world.refused[str(code)] += 1
            refused.append({"error_code": str(code), "error_message": message, "product_ids": [int(product_id)]})
            continue
        product.on_sale, product.modified_at, product.offline_because = on_sale, world.now(), "user_offline"
        done += 1
    return {"result": {"success": not refused, "modify_count": done, "error_details": refused}}


def _unchangeable(world: World, product: Product | None, by_sku: Mapping[str, object]) -> tuple[int, str] | None:
    if product is None:
        return NO_PRODUCT, "the product does not exist"
    if product.status(world.now()) == "auditing":
        return _AUDITING, "the product is examined and cannot be changed"
    unknown = [sku_id for sku_id in by_sku if product.sku(sku_id) is None]
    return (_NO_SKU, f"the product has no SKU {unknown[0]}") if unknown else None


def _modified(world: World, product: Product) -> Payload:
    product.modified_at = world.now()
    return {"result": {"success": True, "modify_count": 1, "product_id": product.product_id}}


def _not_modified(world: World, product_id: str, code: int, message: str) -> Payload:
    world.refused[str(code)] += 1
    return {
        "result": {
            "success": False,
            "modify_count": 0,
            "product_id": int(product_id),
            "error_code": code,
            "error_message": message,
        }
    }
