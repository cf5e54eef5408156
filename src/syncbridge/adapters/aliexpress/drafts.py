"""A listing draft in AliExpress's words, and what the vendor would refuse in it (aliexpress.md §4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from html.parser import HTMLParser

import msgspec

from syncbridge.adapters.aliexpress.reading import NO_PROPERTIES
from syncbridge.adapters.aliexpress.wire import kilograms, letters
from syncbridge.model.catalog import Attribute, ListingDraft, ListingEdit, SkuDraft, SkuProperty
from syncbridge.model.money import Money

TITLE_LIMIT = 128
"""The safe one of the two limits the vendor's texts name (128 and 218)."""
SKU_LIMIT = 500
IMAGE_LIMIT = 6
STOCK_LIMIT = 999_999
_SKU_CODE = re.compile(r"[A-Za-z0-9]{1,20}")
_LOWEST_PRICE, _HIGHEST_PRICE = Decimal("0.01"), Decimal(100_000)
_PIECE = 100000015
_LOWEST_PERCENT = -50
COUNTRIES = frozenset(
    {"RU", "US", "CA", "ES", "FR", "UK", "NL", "IL", "BR", "CL", "AU", "UA", "BY", "JP", "TH", "SG", "KR", "ID"}
    | {"MY", "PH", "VN", "IT", "DE", "SA", "AE", "PL", "TR"}
)
"""Those that may have prices of their own, in the vendor's letters."""


def problems(draft: ListingDraft, *, currency: str = "USD") -> list[str]:
    """Everything the vendor would refuse, in plain words; `currency` is the one the store is priced in."""
    return [
        *_about_page(draft),
        *_about_parcel(draft),
        *_about_skus(draft),
        *(f"SKU {sku.sku_code!r}: {said}" for sku in draft.skus for said in _about_sku(sku, currency)),
    ]


def edit_problems(edit: ListingEdit, *, currency: str = "USD") -> list[str]:
    """The same of an edit."""
    return [
        *([_long(edit.title)] if len(edit.title) > TITLE_LIMIT else []),
        *(f"SKU {sku.sku_code!r}: {said}" for sku in edit.skus for said in _about_sku(sku, currency)),
    ]


def price_problem(price: Money, currency: str, discount: Money | None = None) -> str | None:
    """Why the vendor would refuse a price with its discount, or None."""
    if discount is not None and discount.currency != price.currency:
        return f"priced in {price.currency}, its discount in {discount.currency}"
    if discount is not None and not _LOWEST_PRICE <= discount.amount < price.amount:
        return f"the discount of {discount} is not between 0.01 and the price {price}"
    if price.currency != currency:
        return f"priced in {price.currency}, the store in {currency}"
    if not _LOWEST_PRICE <= price.amount <= _HIGHEST_PRICE:
        return f"the price {price} is not between 0.01 and 100000"
    if price.rounded() != price:
        return f"the price {price.amount} has fractions of the smallest coin"
    return None


def _about_page(draft: ListingDraft) -> Iterator[str]:
    if not draft.title.strip():
        yield "the title is empty"
    if len(draft.title) > TITLE_LIMIT:
        yield _long(draft.title)
    if not draft.description_html.strip():
        yield "the description is empty"
    if not 1 <= len(draft.images) <= IMAGE_LIMIT:
        yield f"there are {len(draft.images)} main images, 1 to {IMAGE_LIMIT} are allowed"
    if any(";" in image for image in draft.images):
        yield "an image address contains ';', which separates images"
    for what, number in (("category", draft.category_id), ("freight template", draft.freight_template_id)):
        if not number.isdecimal():
            yield f"the {what} {number!r} is not a number"
    for attribute in draft.attributes:
        ids = [number for number in (attribute.name_id, attribute.value_id) if number is not None]
        if not all(number.isdecimal() for number in ids):
            yield f"the ids of the attribute {attribute.name or attribute.name_id!r} are not numbers"


def _long(title: str) -> str:
    return f"the title has {len(title)} characters, {TITLE_LIMIT} are allowed"


def _about_parcel(draft: ListingDraft) -> Iterator[str]:
    if not 1 <= draft.weight_g <= 500_000:
        yield f"the weight of {draft.weight_g} g is not between 1 g and 500 kg"
    sides = sorted(draft.package_cm, reverse=True)
    if not all(1 <= side <= 700 for side in sides):
        yield f"a side of the package {draft.package_cm} is not between 1 and 700 cm"
    if sides[0] + 2 * (sides[1] + sides[2]) > 2700:
        yield f"the package {draft.package_cm} is over 2700 cm, longest side and girth"
    if not 1 <= draft.dispatch_days <= 30:
        yield f"{draft.dispatch_days} days to dispatch are not between 1 and 30"


def _about_skus(draft: ListingDraft) -> Iterator[str]:
    skus = draft.skus
    if not 1 <= len(skus) <= SKU_LIMIT:
        yield f"there are {len(skus)} SKUs, 1 to {SKU_LIMIT} are allowed"
    if not 1 <= sum(sku.stock for sku in skus) <= STOCK_LIMIT:
        yield f"the stock of all SKUs together is not between 1 and {STOCK_LIMIT}; without stock, do not publish"
    if len({sku.sku_code for sku in skus}) < len(skus):
        yield "two SKUs have the same code"
    if len({tuple((p.property_id, p.value_id) for p in sku.properties) for sku in skus}) < len(skus):
        yield "two SKUs have the same properties"
    if len({tuple(p.property_id for p in sku.properties) for sku in skus}) > 1:
        yield "the SKUs do not have the same kinds of properties in the same order"


def _about_sku(sku: SkuDraft, currency: str) -> Iterator[str]:
    if not _SKU_CODE.fullmatch(sku.sku_code):
        yield "the code is not 1 to 20 letters and digits"
    if not 0 <= sku.stock <= STOCK_LIMIT:
        yield f"the stock {sku.stock} is not between 0 and {STOCK_LIMIT}"
    if said := price_problem(sku.price, currency, sku.discount):
        yield said
    for country, price in sku.countries.items():
        if letters(country) not in COUNTRIES:
            yield f"{country} can have no price of its own; those that can are {', '.join(sorted(COUNTRIES))}"
        elif _percent(price, sku.price) < _LOWEST_PERCENT:
            yield f"the price for {country}, {price}, is under half of {sku.price}"
    if len(sku.properties) > 3:
        yield "more than 3 properties"
    if not all(p.property_id.isdecimal() and p.value_id.isdecimal() for p in sku.properties):
        yield "a property or value id is not a number"


def product(draft: ListingDraft) -> dict[str, object]:
    """The draft as ``aeop_a_e_product``; it must be free of `problems`."""
    length, width, height = draft.package_cm
    return {
        **_quotes(draft),
        "category_id": int(draft.category_id),
        "locale": draft.locale,
        "subject_list": [{"locale": draft.locale, "value": draft.title}],
        "detail_source_list": [_detail(draft)],
        "image_u_r_ls": ";".join(draft.images),
        "package_type": False,
        "lot_num": 1,
        "product_unit": _PIECE,
        "reduce_strategy": "place_order_withhold",  # stock is held from the order on, so that nothing is oversold
        "currency_code": draft.skus[0].price.currency,
        "delivery_time": draft.dispatch_days,
        "gross_weight": kilograms(draft.weight_g),
        "package_length": length,
        "package_width": width,
        "package_height": height,
        "freight_template_id": int(draft.freight_template_id),
        "aeop_ae_product_propertys": [_attribute(attribute) for attribute in draft.attributes],
        "aeop_ae_product_s_k_us": [_sku(sku) for sku in draft.skus],
    }


def edited(product: Mapping[str, object], edit: ListingEdit) -> dict[str, object]:
    """A product as just read, in the words it is written in, with other words for its readers and more SKUs.

    Raises ValueError where it was not read whole: what is left out of an edit is lost, compliance data among it.
    """
    if missing := [name for name in _NEVER_WITHOUT if not product.get(name) and product.get(name) is not False]:
        raise ValueError(f"it has no {', '.join(missing)}")
    locale = str(product["locale"])
    found = {name: product[name] for name in _WRITTEN if product.get(name) is not None}
    there = [_sku_as_written(sku) for sku in _listed(product["aeop_ae_product_s_k_us"])]
    if len(groups := _listed(product.get("group_ids", []))) == 1:
        found["group_id"] = groups[0]  # of several it could name one only, and take the listing out of the others
    known = {sku.get("sku_code") for sku in there}
    found["aeop_ae_product_s_k_us"] = [*there, *(_sku(sku) for sku in edit.skus if sku.sku_code not in known)]
    if edit.title:
        found["subject_list"] = _in_language(product["subject_list"], {"locale": locale, "value": edit.title})
    if edit.description_html:
        words = _words(edit.description_html) or edit.title or _title(product)
        detail = {"locale": locale, **_modules_of(edit.description_html, words)}
        found["detail_source_list"] = _in_language(product["detail_source_list"], detail)
    return found


_NEVER_WITHOUT = (
    "category_id", "locale", "subject_list", "detail_source_list", "image_u_r_ls", "package_type", "reduce_strategy",
    "gross_weight", "package_length", "package_width", "package_height", "freight_template_id",
    "aeop_ae_product_s_k_us",
)  # fmt: skip
_WRITTEN = (
    *_NEVER_WITHOUT, "currency_code", "delivery_time", "product_unit", "lot_num", "promise_template_id", "sizechart_id",
    "ws_valid_num", "is_pack_sell", "base_unit", "add_unit", "add_weight", "bulk_order", "bulk_discount",
    "product_price", "aeop_qualification_struct_list", "msr_eu_id", "aeop_a_e_multimedia", "aeop_ae_product_propertys",
    "aeop_national_quote_configuration", "market_images", "mode_size_chart_list", "manufacturer_id", "hscode",
    "tax_type", "product_manual", "install_video_id", "ext_param", "sizechart_id_list", "ladder_price",
)  # fmt: skip
"""What offer.product.edit takes of what offer.product.query tells (aliexpress-fields.md)."""
_SKU_WRITTEN = (
    "id", "currency_code", "ipm_sku_stock", "sku_code", "sku_price", "sku_discount_price", "gross_weight",
    "package_length", "package_width", "package_height", "ean_code", "barcode", "package_weight", "cargo_price",
    "sku_freight_id", "logistic_attr_list", "special_product_type_list", "original_box",
)  # fmt: skip
_SKU_RENAMED = {
    "aeop_s_k_u_property_list": "aeop_s_k_u_property",
    "aeop_s_k_u_national_discount_price_list": "aeop_s_k_u_national_discount_price",
}
"""Names of what is read, and is written under another one (§10, 8)."""


def _sku_as_written(sku: object) -> dict[str, object]:
    if not isinstance(sku, dict):
        raise ValueError("a SKU is no object")
    found = {name: sku[name] for name in _SKU_WRITTEN if sku.get(name) is not None}
    return found | {new: sku[old] for old, new in _SKU_RENAMED.items() if sku.get(old) is not None}


def _in_language(listed: object, words: Mapping[str, object]) -> list[object]:
    """The words of every language, with these for theirs."""
    others = [one for one in _listed(listed) if not isinstance(one, dict) or one.get("locale") != words["locale"]]
    return [words, *others]


def _title(product: Mapping[str, object]) -> str:
    subjects = [one for one in _listed(product["subject_list"]) if isinstance(one, dict)]
    return next((str(one["value"]) for one in subjects if one.get("locale") == product["locale"]), "")


def _listed(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is no list")
    return value


def _sku(sku: SkuDraft) -> dict[str, object]:
    return _given(
        sku_code=sku.sku_code,
        sku_price=f"{sku.price.amount:f}",
        sku_discount_price=f"{sku.discount.amount:f}" if sku.discount else None,
        ipm_sku_stock=sku.stock,
        currency_code=sku.price.currency,
        aeop_s_k_u_property=[_property(value) for value in sku.properties],
    )


def _quotes(draft: ListingDraft) -> dict[str, object]:
    """Prices of countries as percents of a SKU's price, so that they move with it when it alone is replaced."""
    countries = dict.fromkeys(country for sku in draft.skus for country in sku.countries)
    if not countries:
        return {}
    quotes = [
        {
            "shiptoCountry": letters(country),
            "absoluteQuoteMap": {  # its name for percents too
                _sku_key(sku): str(_percent(sku.countries[country], sku.price))
                for sku in draft.skus
                if country in sku.countries
            },
        }
        for country in countries
    ]
    data = msgspec.json.encode(quotes).decode()
    return {"aeop_national_quote_configuration": {"configuration_type": "percentage", "configuration_data": data}}


def _percent(price: Money, base: Money) -> int:
    """Whole percents above the base, rounded up, so that nothing is sold below its price."""
    return int(((price.amount / base.amount - 1) * 100).to_integral_value(rounding=ROUND_CEILING))


def _sku_key(sku: SkuDraft) -> str:
    return ";".join(f"{value.property_id}:{value.value_id}" for value in sku.properties) or NO_PROPERTIES


def _property(value: SkuProperty) -> dict[str, object]:
    return _given(
        sku_property_id=int(value.property_id),
        property_value_id=int(value.value_id),
        property_value_definition_name=value.name,
        sku_image=value.image_url,
    )


def _attribute(attribute: Attribute) -> dict[str, object]:
    return _given(
        attr_name_id=_int(attribute.name_id),
        attr_value_id=_int(attribute.value_id),
        attr_name=attribute.name,
        attr_value=attribute.value,
    )


def _int(number: str | None) -> int | None:
    return None if number is None else int(number)


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _detail(draft: ListingDraft) -> dict[str, object]:
    """The description as two JSON texts of modules: the page's HTML, and plain text for telephones."""
    words = _words(draft.description_html) or draft.title
    return {"locale": draft.locale, **_modules_of(draft.description_html, words)}


def _modules_of(html: str, words: str) -> dict[str, object]:
    return {
        "web_detail": _modules("html", {"html": {"content": html}}),
        "mobile_detail": _modules("text", {"texts": [{"content": words, "class": "body"}]}),
    }


def _modules(kind: str, content: Mapping[str, object]) -> str:
    return msgspec.json.encode({"version": "2.0.0", "moduleList": [{"type": kind, **content}]}).decode()


def _words(html: str) -> str:
    """What a reader sees of a page: its text without tags, scripts and styles."""
    found: list[str] = []
    reader = _TextReader(found.append)
    reader.feed(html)
    reader.close()
    return " ".join(" ".join(found).split())


class _TextReader(HTMLParser):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if self._unseen <= 0:
            self._tell(data)
