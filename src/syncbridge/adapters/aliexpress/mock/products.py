"""Products as the vendor keeps them (aliexpress.md §4.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from syncbridge.adapters.aliexpress.mock import quotes, words
from syncbridge.adapters.aliexpress.mock.world import Account, Product, Refused, Sku, World, understood, written

# Examples; a category not among them is refused as no leaf.
LEAF_CATEGORIES = frozenset({200135143, 200003482, 200000801, 100005062, 201520802, 200001355, 380510, 5090301})
NO_PROPERTIES = "<none>"
_TITLE_LIMIT = 218
_SKU_CODE = re.compile(r"[A-Za-z0-9]{1,20}")

# The vendor publishes no numbers for these refusals; the numbers are the mock's own.
_NO_PRODUCT = 13000001
_AUDITING = 13000002
_NO_SKU = 13000003
_NO_STOCK_LEFT = 13000004
_BAD_PRICE = 13000005

Payload = dict[str, object]


def post(world: World, account: Account, asked: words.PostProduct) -> Payload:
    """Make a product; the same one twice makes two."""
    wanted = asked.aeop_a_e_product
    if wanted.product_id is not None:
        raise Refused("InvalidParameter", "product_id is not a parameter of a new product")
    skus = _checked(world, wanted)
    product_id = world.serial(1005000000000000)
    now = world.now()
    world.products[product_id] = Product(
        product_id=product_id,
        seller_id=account.seller_id,
        title=_title(wanted),
        translations=_translations(wanted),
        others=_others(wanted),
        locale=wanted.locale,
        category_id=wanted.category_id,
        images=wanted.image_u_r_ls,
        freight_template_id=wanted.freight_template_id,
        details=[msgspec.to_builtins(detail) for detail in wanted.detail_source_list],
        skus=skus,
        created_at=now,
        modified_at=now,
        audited_at=now + timedelta(seconds=world.audit_seconds),
        quotes=quotes.understood(wanted.aeop_national_quote_configuration, [sku.id for sku in skus]),
    )
    return {"result": {"product_id": product_id}}


def edit(world: World, account: Account, asked: words.PostProduct) -> Payload:
    """Replace a product, which is then examined anew."""
    wanted = asked.aeop_a_e_product
    if wanted.product_id is None:
        raise Refused("MissingParameter", "product_id is missing")
    product = _own(world, account, str(wanted.product_id))
    if product is None:
        raise _invalid("isv.invalid-parameter", f"product {wanted.product_id} does not exist")
    if product.status(world.now()) == "auditing":
        raise _invalid("isv.invalid-parameter", "a product cannot be edited while it is examined")
    skus = _checked(world, wanted)
    for sku in skus:
        if (old := product.sku(sku.id)) is not None:
            sku.number, sku.former_prices = old.number, old.former_prices
    product.quotes = quotes.understood(wanted.aeop_national_quote_configuration, [sku.id for sku in skus])
    product.skus = skus
    product.title, product.images = _title(wanted), wanted.image_u_r_ls
    product.translations, product.others, product.locale = _translations(wanted), _others(wanted), wanted.locale
    product.details = [msgspec.to_builtins(detail) for detail in wanted.detail_source_list]
    product.category_id, product.modified_at = wanted.category_id, world.now()
    product.freight_template_id, product.refused = wanted.freight_template_id, False
    product.audited_at = world.now() + timedelta(seconds=world.audit_seconds)
    return {"result": {"product_id": product.product_id}}


def query(world: World, account: Account, asked: words.QueryProduct) -> Payload:
    """One product; nothing under ``result`` if there is none."""
    product = _own(world, account, asked.product_id)
    if product is None:
        return {"result": {}}
    now = world.now()
    return {
        "result": {
            "product_id": product.product_id,
            "product_status_type": product.status(now),
            "locale": product.locale,
            "subject_list": [{"locale": product.locale, "value": product.title}, *product.translations],
            "category_id": product.category_id,
            "currency_code": "USD",
            "freight_template_id": product.freight_template_id,
            "detail_source_list": product.details,
            "image_u_r_ls": product.images,
            **_off_sale(product, now),
            "gmt_create": written(product.created_at),
            "gmt_modified": written(product.changed_at(now)),
            "aeop_ae_product_s_k_us": [_shown(sku) for sku in product.skus],
            **product.others,
        }
    }


def find(world: World, account: Account, asked: words.ListProducts) -> Payload:
    """A page of the products of one status."""
    wanted, now = asked.aeop_a_e_product_list_query, world.now()
    found = [
        product
        for product in world.products.values()
        if product.seller_id == account.seller_id
        and product.status(now) == wanted.product_status_type
        and wanted.product_id in (None, product.product_id)
        and _between(product, wanted, world)
    ]
    first = (wanted.current_page - 1) * wanted.page_size
    return {
        "result": {
            "success": True,
            "current_page": wanted.current_page,
            "product_count": len(found),
            "total_page": -(-len(found) // wanted.page_size),
            "aeop_a_e_product_display_d_t_o_list": [
                {
                    "product_id": product.product_id,
                    "subject": product.title,
                    "currency_code": "USD",
                    "product_min_price": min((sku.price for sku in product.skus), key=Decimal),
                    "product_max_price": max((sku.price for sku in product.skus), key=Decimal),
                    "image_u_r_ls": product.images,
                    **_off_sale(product, now),
                    "gmt_create": written(product.created_at),
                    "gmt_modified": written(product.changed_at(now)),
                }
                for product in found[first : first + wanted.page_size]
            ],
        }
    }


def _off_sale(product: Product, now: datetime) -> Payload:
    return {"ws_display": product.offline_because} if product.status(now) == "offline" else {}


def edit_prices(world: World, account: Account, asked: words.EditPrices) -> Payload:
    """Replace the prices of the SKUs named, all or none. Nobody says what becomes of a discount: it is erased here."""
    product = _own(world, account, asked.product_id)
    refused = _unchangeable(world, product, asked.sku_id_price_map)
    if product is None or refused:
        return _not_modified(world, asked.product_id, *(refused or (_NO_PRODUCT, "")))
    if problem := next(filter(None, (_bad_price(price, None) for price in asked.sku_id_price_map.values())), ""):
        return _not_modified(world, asked.product_id, _BAD_PRICE, problem)
    for sku in product.skus:
        if sku.id in asked.sku_id_price_map:
            _reprice(sku, asked.sku_id_price_map[sku.id], None)
    product.price_calls += 1
    return _modified(world, product)


def edit_price(world: World, account: Account, asked: words.EditSinglePrice) -> Payload:
    """Replace the price of one SKU, and its discount with it."""
    product = _own(world, account, asked.product_id)
    refused = _unchangeable(world, product, {asked.sku_id: asked.sku_price})
    if product is None or refused:
        return _not_modified(world, asked.product_id, *(refused or (_NO_PRODUCT, "")))
    if problem := _bad_price(asked.sku_price, asked.sale_price):
        return _not_modified(world, asked.product_id, _BAD_PRICE, problem)
    sku = next(sku for sku in product.skus if sku.id == asked.sku_id)
    _reprice(sku, asked.sku_price, asked.sale_price)
    product.price_calls += 1
    return _modified(world, product)


def _reprice(sku: Sku, price: str, discount: str | None) -> None:
    sku.former_prices.append(sku.price)
    sku.price, sku.discount = price, discount


def _bad_price(price: str, discount: str | None) -> str:
    if not Decimal("0.01") <= Decimal(price) <= 100_000:
        return "a price is not between 0.01 and 100000"
    if discount is not None and not Decimal("0.01") <= Decimal(discount) < Decimal(price):
        return "a discount is not between 0.01 and the price"
    return ""


def edit_stock(world: World, account: Account, asked: words.EditStock) -> Payload:
    """Replace the stock of the SKUs named, all or none; one SKU must keep some (aliexpress.md §10, 10)."""
    product = _own(world, account, asked.product_id)
    refused = _unchangeable(world, product, asked.sku_stocks)
    if product is None or refused:
        return _not_modified(world, asked.product_id, *(refused or (_NO_PRODUCT, "")))
    left = {sku.id: asked.sku_stocks.get(sku.id, sku.stock) for sku in product.skus}
    if not 1 <= sum(left.values()) <= 999_999:
        return _not_modified(world, asked.product_id, _NO_STOCK_LEFT, "at least one SKU must have stock")
    for sku in product.skus:
        sku.stock = left[sku.id]
    product.stock_calls += 1
    return _modified(world, product)


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
        product = _own(world, account, product_id)
        problem = _unchangeable(world, product, {})
        if product is None or problem:
            code, message = problem or (_NO_PRODUCT, "")
            world.refused[str(code)] += 1
            refused.append({"error_code": str(code), "error_message": message, "product_ids": [int(product_id)]})
            continue
        product.on_sale, product.modified_at, product.offline_because = on_sale, world.now(), "user_offline"
        done += 1
    return {"result": {"success": not refused, "modify_count": done, "error_details": refused}}


def _title(wanted: words.ProductWords) -> str:
    titles = [subject.value for subject in wanted.subject_list if subject.locale == wanted.locale]
    if len(titles) != 1:
        raise _invalid("isv.invalid-parameter", "subject_list has one title in the product's own language")
    return titles[0]


def _translations(wanted: words.ProductWords) -> list[Payload]:
    return [msgspec.to_builtins(subject) for subject in wanted.subject_list if subject.locale != wanted.locale]


def _others(wanted: words.ProductWords) -> Payload:
    """What was written and nobody here looks at; what an edit leaves out is gone (aliexpress.md §4.2)."""
    others = ((name, getattr(wanted, name)) for name in _UNSEEN)
    return {name: msgspec.to_builtins(value) for name, value in others if value not in (None, [])}


_UNSEEN = (
    "package_type", "reduce_strategy", "gross_weight", "package_length", "package_width", "package_height",
    "delivery_time", "product_unit", "lot_num", "promise_template_id", "msr_eu_id", "aeop_ae_product_propertys",
    "aeop_qualification_struct_list", "aeop_national_quote_configuration",
)  # fmt: skip


def _own(world: World, account: Account, product_id: str) -> Product | None:
    product = world.products.get(int(product_id))
    return product if product and product.seller_id == account.seller_id else None


def _unchangeable(world: World, product: Product | None, by_sku: Mapping[str, object]) -> tuple[int, str] | None:
    if product is None:
        return _NO_PRODUCT, "the product does not exist"
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


def _between(product: Product, wanted: words.ProductListQuery, world: World) -> bool:
    changed = product.changed_at(world.now())
    return all(
        (
            wanted.gmt_create_start is None or product.created_at >= understood(wanted.gmt_create_start, late=True),
            wanted.gmt_create_end is None or product.created_at <= understood(wanted.gmt_create_end, late=False),
            wanted.gmt_modified_start is None or changed >= understood(wanted.gmt_modified_start, late=True),
            wanted.gmt_modified_end is None or changed <= understood(wanted.gmt_modified_end, late=False),
        )
    )


def _shown(sku: Sku) -> Payload:
    return {
        "id": sku.id,
        "sku_Id": sku.number,
        "sku_code": sku.sku_code,
        "sku_price": sku.price,
        "sku_discount_price": sku.discount,
        "ipm_sku_stock": sku.stock,
        "sku_stock": sku.stock > 0,
        "currency_code": "USD",
        "aeop_s_k_u_property_list": sku.properties,
    }


def _invalid(sub_code: str, sub_msg: str) -> Refused:
    return Refused("15", "Remote service error", sub_code=sub_code, sub_msg=sub_msg)


def _checked(world: World, wanted: words.ProductWords) -> list[Sku]:
    """The SKUs of a product that keeps the vendor's rules; raises Refused."""
    if wanted.category_id not in LEAF_CATEGORIES:
        raise _invalid("F00-00-10020-004", "GPF.CHK_CATEGORY_ID_NOT_LEAF_CATEGORY")
    if not all(1 <= len(title.value.strip()) <= _TITLE_LIMIT for title in wanted.subject_list):
        raise _invalid("7090001", f"a title has 1 to {_TITLE_LIMIT} characters")
    _check_page(wanted)
    _check_parcel(wanted)
    _check_skus(wanted.aeop_ae_product_s_k_us)
    return [
        Sku(
            id=_sku_id(sku),
            number=world.serial(12000000000000000),
            sku_code=sku.sku_code,
            price=sku.sku_price,
            stock=sku.ipm_sku_stock,
            discount=sku.sku_discount_price,
            properties=[msgspec.to_builtins(value) for value in sku.aeop_s_k_u_property],
        )
        for sku in wanted.aeop_ae_product_s_k_us
    ]


def _sku_id(sku: words.SkuWords) -> str:
    parts = (f"{value.sku_property_id}:{value.property_value_id}" for value in sku.aeop_s_k_u_property)
    return ";".join(parts) or NO_PROPERTIES


def _check_page(wanted: words.ProductWords) -> None:
    images = wanted.image_u_r_ls.split(";")
    if not 1 <= len(images) <= 6 or not all(image.startswith(("http://", "https://")) for image in images):
        raise _invalid("isv.invalid-parameter", "image_u_r_ls names 1 to 6 images, parted by semicolons")
    for detail in wanted.detail_source_list:
        for name, text in (("web_detail", detail.web_detail), ("mobile_detail", detail.mobile_detail)):
            _check_modules(name, text)


def _check_modules(name: str, text: str) -> None:
    try:
        modules = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise _invalid("isv.invalid-parameter", f"{name} is not JSON") from error
    if not isinstance(modules, dict) or not modules.get("version") or not modules.get("moduleList"):
        raise _invalid("isv.invalid-parameter", f"{name} has no version or no moduleList")


def _check_parcel(wanted: words.ProductWords) -> None:
    sides = sorted((wanted.package_length, wanted.package_width, wanted.package_height))
    if sides[2] + 2 * (sides[0] + sides[1]) > 2700:
        raise _invalid("isv.invalid-parameter", "the package is too large")
    if not Decimal("0.001") <= Decimal(wanted.gross_weight) <= 500:
        raise _invalid("isv.invalid-parameter", "gross_weight is not between 0.001 and 500.000")
    if not wanted.package_type and wanted.lot_num != 1:
        raise _invalid("isv.invalid-parameter", "lot_num is 1 unless sold in lots")


def _check_skus(skus: list[words.SkuWords]) -> None:
    codes = [sku.sku_code for sku in skus]
    if not all(codes):
        raise _invalid("F00-00-10007-009", "a sku_code is empty")
    if not all(_SKU_CODE.fullmatch(code) for code in codes) or len(set(codes)) < len(codes):
        raise _invalid("isv.invalid-parameter", "a sku_code is up to 20 letters and digits, and is used once")
    if any(sku.id not in (None, _sku_id(sku)) for sku in skus):
        raise _invalid("isv.invalid-parameter", "the id of a SKU is not that of its properties")
    if len({_sku_id(sku) for sku in skus}) < len(skus):
        raise _invalid("isv.invalid-parameter", "two SKUs have the same aeop_s_k_u_property")
    if len(skus) > 1 and any(not sku.aeop_s_k_u_property for sku in skus):
        raise _invalid("isv.invalid-parameter", "of several SKUs each needs aeop_s_k_u_property")
    if not 1 <= sum(sku.ipm_sku_stock for sku in skus) <= 999_999:
        raise _invalid("isv.invalid-parameter", "at least one SKU must have ipm_sku_stock")
    for sku in skus:
        if problem := _bad_price(sku.sku_price, sku.sku_discount_price):
            raise _invalid("isv.invalid-parameter", problem)
