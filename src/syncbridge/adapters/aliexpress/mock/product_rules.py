"""What the vendor wants of a product before it takes it (aliexpress.md §4.2)."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from syncbridge.adapters.aliexpress.mock import product_words as words
from syncbridge.adapters.aliexpress.mock.category_tree import LEAVES, SKU_ATTRIBUTES
from syncbridge.adapters.aliexpress.mock.world import Account, Product, Refused, Sku, World

NO_PROPERTIES = "<none>"
TITLE_LIMIT = 218
_SKU_CODE = re.compile(r"[A-Za-z0-9]{1,20}")
NO_PRODUCT = 13000001
"""The vendor publishes no number for this; it is the mock's own."""


def own(world: World, account: Account, product_id: str) -> Product | None:
    """The seller's product of this id."""
    product = world.products.get(int(product_id))
    return product if product and product.seller_id == account.seller_id else None


def invalid(sub_code: str, sub_msg: str) -> Refused:
    """A refusal by what is behind the gateway."""
    return Refused("15", "Remote service error", sub_code=sub_code, sub_msg=sub_msg)


def checked(world: World, wanted: words.ProductWords) -> list[Sku]:
    """The SKUs of a product that keeps the vendor's rules; raises Refused."""
    if wanted.category_id not in LEAVES:
        raise invalid("F00-00-10020-004", "GPF.CHK_CATEGORY_ID_NOT_LEAF_CATEGORY")
    if not all(1 <= len(title.value.strip()) <= TITLE_LIMIT for title in wanted.subject_list):
        raise invalid("7090001", f"a title has 1 to {TITLE_LIMIT} characters")
    _check_page(wanted)
    _check_parcel(wanted)
    _check_skus(wanted.aeop_ae_product_s_k_us)
    _check_attributes(wanted)
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
        raise invalid("isv.invalid-parameter", "image_u_r_ls names 1 to 6 images, parted by semicolons")
    for detail in wanted.detail_source_list:
        for name, text in (("web_detail", detail.web_detail), ("mobile_detail", detail.mobile_detail)):
            _check_modules(name, text)


def _check_modules(name: str, text: str) -> None:
    try:
        modules = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise invalid("isv.invalid-parameter", f"{name} is not JSON") from error
    if not isinstance(modules, dict) or not modules.get("version") or not modules.get("moduleList"):
        raise invalid("isv.invalid-parameter", f"{name} has no version or no moduleList")


def _check_attributes(wanted: words.ProductWords) -> None:
    """Attributes of SKUs stand with the SKUs, and what goes together is given together."""
    if any(value.attr_name_id in SKU_ATTRIBUTES for value in wanted.aeop_ae_product_propertys):
        raise invalid("isv.invalid-parameter", "aeop_ae_product_propertys holds no attributes of SKUs")
    if (wanted.bulk_order is None) is not (wanted.bulk_discount is None):
        raise invalid("isv.invalid-parameter", "bulk_order and bulk_discount go together")
    if wanted.is_pack_sell and None in (wanted.base_unit, wanted.add_unit, wanted.add_weight):
        raise invalid("isv.invalid-parameter", "is_pack_sell needs base_unit, add_unit and add_weight")
    for name in ("hscode", "ext_param"):
        if (text := getattr(wanted, name)) is not None:
            _check_object(name, text)


def _check_object(name: str, text: str) -> None:
    try:
        msgspec.json.decode(text, type=dict[str, object])
    except msgspec.DecodeError as error:
        raise invalid("isv.invalid-parameter", f"{name} is no JSON object") from error


def _check_parcel(wanted: words.ProductWords) -> None:
    sides = sorted((wanted.package_length, wanted.package_width, wanted.package_height))
    if sides[2] + 2 * (sides[0] + sides[1]) > 2700:
        raise invalid("isv.invalid-parameter", "the package is too large")
    if not Decimal("0.001") <= Decimal(wanted.gross_weight) <= 500:
        raise invalid("isv.invalid-parameter", "gross_weight is not between 0.001 and 500.000")
    if not wanted.package_type and wanted.lot_num != 1:
        raise invalid("isv.invalid-parameter", "lot_num is 1 unless sold in lots")


def _check_skus(skus: list[words.SkuWords]) -> None:
    codes = [sku.sku_code for sku in skus]
    if not all(codes):
        raise invalid("F00-00-10007-009", "a sku_code is empty")
    if not all(_SKU_CODE.fullmatch(code) for code in codes) or len(set(codes)) < len(codes):
        raise invalid("isv.invalid-parameter", "a sku_code is up to 20 letters and digits, and is used once")
    if any(sku.id not in (None, _sku_id(sku)) for sku in skus):
        raise invalid("isv.invalid-parameter", "the id of a SKU is not that of its properties")
    if len({_sku_id(sku) for sku in skus}) < len(skus):
        raise invalid("isv.invalid-parameter", "two SKUs have the same aeop_s_k_u_property")
    if len(skus) > 1 and any(not sku.aeop_s_k_u_property for sku in skus):
        raise invalid("isv.invalid-parameter", "of several SKUs each needs aeop_s_k_u_property")
    if not 1 <= sum(sku.ipm_sku_stock for sku in skus) <= 999_999:
        raise invalid("isv.invalid-parameter", "at least one SKU must have ipm_sku_stock")
    for sku in skus:
        if problem := bad_price(sku.sku_price, sku.sku_discount_price):
            raise invalid("isv.invalid-parameter", problem)


def bad_price(price: str, discount: str | None) -> str:
    """What is wrong with a price and its discount; empty if nothing is."""
    if not Decimal("0.01") <= Decimal(price) <= 100_000:
        return "a price is not between 0.01 and 100000"
    if discount is not None and not Decimal("0.01") <= Decimal(discount) < Decimal(price):
        return "a discount is not between 0.01 and the price"
    return ""
