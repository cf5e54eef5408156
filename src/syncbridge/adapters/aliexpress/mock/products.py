"""Products as the vendor keeps them (aliexpress.md §4.2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from syncbridge.adapters.aliexpress.mock import product_words as words
from syncbridge.adapters.aliexpress.mock import quotes
from syncbridge.adapters.aliexpress.mock.product_rules import NO_PRODUCT, checked, invalid, own
from syncbridge.adapters.aliexpress.mock.world import Account, Product, Refused, Sku, World, understood, written

Payload = dict[str, object]


def post(world: World, account: Account, asked: words.PostProduct) -> Payload:
    """Make a product; the same one twice makes two."""
    wanted = asked.aeop_a_e_product
    if wanted.product_id is not None:
        raise Refused("InvalidParameter", "product_id is not a parameter of a new product")
    skus = checked(world, wanted)
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
        quotes=quotes.understood(wanted.aeop_national_quote_configuration, {sku.id: sku.price for sku in skus}),
    )
    return {"result": {"product_id": product_id}}


def edit(world: World, account: Account, asked: words.PostProduct) -> Payload:
    """Replace a product, which is then examined anew."""
    wanted = asked.aeop_a_e_product
    if wanted.product_id is None:
        raise Refused("MissingParameter", "product_id is missing")
    product = own(world, account, str(wanted.product_id))
    if product is None:
        raise invalid("isv.invalid-parameter", f"product {wanted.product_id} does not exist")
    if product.status(world.now()) == "auditing":
        raise invalid("isv.invalid-parameter", "a product cannot be edited while it is examined")
    skus = checked(world, wanted)
    for sku in skus:
        if (old := product.sku(sku.id)) is not None:
            sku.number, sku.former_prices = old.number, old.former_prices
    product.quotes = quotes.understood(wanted.aeop_national_quote_configuration, {sku.id: sku.price for sku in skus})
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
    product = own(world, account, asked.product_id)
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
            **{name: value for name, value in product.others.items() if name != "group_id"},
            "group_ids": [product.others["group_id"]] if "group_id" in product.others else [],
        }
    }


def find(world: World, account: Account, asked: words.ListProducts) -> Payload:
    """A page of the products of one status."""
    wanted, now = asked.aeop_a_e_product_list_query, world.now()
    found = [
        product
        for product in (world.deleted if wanted.product_status_type == "deleted" else world.products).values()
        if product.seller_id == account.seller_id
        and wanted.product_status_type in ("deleted", product.status(now))
        and _is_meant(product, wanted)
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


def status(world: World, account: Account, asked: words.QueryProduct) -> Payload:
    """How the examination of a product stands."""
    product = own(world, account, asked.product_id)
    if product is None:
        world.refused[str(NO_PRODUCT)] += 1
        return {"result": {"error_code": NO_PRODUCT, "error_message": "the product does not exist"}}
    words_of_it = {"auditing": "auditing", "editingRequired": "refuse"}
    said = words_of_it.get(product.status(world.now()), "approved")
    return {"result": {"product_id": product.product_id, "status": said, "time_stamp": written(world.now())}}


def remove(world: World, account: Account, asked: words.QueryProduct) -> Payload:
    """Delete a product for good."""
    product = own(world, account, asked.product_id)
    if product is None:
        raise invalid("isv.invalid-parameter", f"product {asked.product_id} does not exist")
    world.delete(product)
    return {"product_id": product.product_id}


def _off_sale(product: Product, now: datetime) -> Payload:
    return {"ws_display": product.offline_because} if product.status(now) == "offline" else {}


def _title(wanted: words.ProductWords) -> str:
    titles = [subject.value for subject in wanted.subject_list if subject.locale == wanted.locale]
    if len(titles) != 1:
        raise invalid("isv.invalid-parameter", "subject_list has one title in the product's own language")
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
    "aeop_qualification_struct_list", "aeop_national_quote_configuration", "group_id", "manufacturer_id",
    "product_price", "sizechart_id", "sizechart_id_list", "is_pack_sell", "base_unit", "add_unit", "add_weight",
    "bulk_order", "bulk_discount", "ladder_price", "ws_valid_num", "market_images", "aeop_a_e_multimedia",
    "mode_size_chart_list",
    "hscode", "tax_type", "product_manual", "install_video_id", "ext_param",
)  # fmt: skip


def _is_meant(product: Product, wanted: words.ProductListQuery) -> bool:
    return (
        wanted.product_id in (None, product.product_id)
        and product.product_id not in wanted.excepted_product_ids
        and (wanted.subject or "").lower() in product.title.lower()
        and wanted.ws_display in (None, product.offline_because)
        and wanted.group_id in (None, product.others.get("group_id"))
        and wanted.have_national_quote in (None, "y" if product.quotes else "n")
    )


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
