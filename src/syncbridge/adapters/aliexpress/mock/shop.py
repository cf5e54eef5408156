"""The seller's shop as the vendor knows it: its type, its limits, templates, groups, makers (aliexpress.md §0, §4)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from syncbridge.adapters.aliexpress.mock.words import Digits, Nothing, Words
from syncbridge.adapters.aliexpress.mock.world import Account, Refused, World

Payload = dict[str, object]
_CHANNELS = {
    "POP": "AE_GLOBAL",
    "POP_CHOICE": "AE_GLOBAL",
    "ONE_STOP_SERVICE": "AE_CHOICE",
    "LOCAL_SERVICE": "AE_LOCAL",
}
"""The channel a kind of business sells on; ``AE_CHOICE`` is the mock's own word."""
FREIGHT_TEMPLATES: Mapping[int, str] = {50164494212: "Cainiao standard", 1000: "Shipping Cost Template for New Sellers"}
_PROMISE_TEMPLATES: Mapping[int, str] = {0: "Service Template for New Sellers", 100: "Return in 15 days"}
_GROUPS: Mapping[int, str] = {501: "New arrivals", 502: "Best sellers"}
_MOST_PRODUCTS = 3000


class AskPromise(Words):
    """querypromisetemplatebyid; -1 is all of them."""

    template_id: Annotated[str, Meta(pattern=r"^(-1|[0-9]{1,18})\Z")]


class AskMaker(Words):
    """merchant.manufacture.detail."""

    manufacturer_id: Digits


class Price(Words):
    """A product's price where its freight is asked for."""

    amount: str
    currency_code: str
    cent: int | None = None


class AskFreight(Words):
    """calculatefreight; the parameters of weights by hand are not known here."""

    freight_template_id: Digits
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2,3}\Z")]
    count: Digits
    weight: Annotated[str, Meta(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3})?\Z")]
    length: Digits
    width: Digits
    height: Digits
    product_price: Price | None = None
    is_custom_pack_weight: str | None = None


def relations(world: World, account: Account, asked: Nothing) -> Payload:
    """Which channels the seller sells on, by which kind of business."""
    listed = [_relation(account, kind, place) for place, kind in enumerate(account.business_types)]
    return {"success": True, "global_currency": "USD", "seller_relation_list": listed}


def channels(world: World, account: Account, asked: Nothing) -> Payload:
    """The same by the newer call."""
    listed = [_relation(account, kind, place) for place, kind in enumerate(account.business_types)]
    data = {
        "seller_id": int(account.seller_id),
        "country": "CN",
        "global_currency": "USD",
        "seller_relation_list": listed,
    }
    return {"result": {"success": True, "data": data}}


def profile(world: World, account: Account, asked: Nothing) -> Payload:
    """The seller, and how many products the shop may have."""
    online, examined = _counts(world, account)
    return {
        "profile": {
            "seller_id": int(account.seller_id),
            "limit_store_product_number": str(_MOST_PRODUCTS),
            "online_store_product_number": str(online),
            "auth_store_product_number": str(examined),
            "country": "CN",
            "quotation_currency": "USD",
            "supply_price_tax_type": "1",
        }
    }


def limits(world: World, account: Account, asked: Nothing) -> Payload:
    """How many products may be posted."""
    online, examined = _counts(world, account)
    month = world.now().strftime("%Y-%m")
    posted = sum(
        product.seller_id == account.seller_id and product.created_at.strftime("%Y-%m") == month
        for product in world.products.values()
    )
    told = {
        "product_total_limit_num": _MOST_PRODUCTS,
        "product_total_online_num": online,
        "product_total_audit_num": examined,
        "product_current_month_limit_num": _MOST_PRODUCTS,
        "product_current_month_pub_num": posted,
    }
    return {"result": {"success": True, "seller_product_limit_data": told}}


def freight_templates(world: World, account: Account, asked: Nothing) -> Payload:
    """The seller's freight templates; the first is the default."""
    listed = [
        {"template_id": number, "template_name": name, "is_default": place == 0}
        for place, (number, name) in enumerate(FREIGHT_TEMPLATES.items())
    ]
    return {"result_success": True, "aeop_freight_template_d_t_o_list": listed}


def freight(world: World, account: Account, asked: AskFreight) -> Payload:
    """What buyers in a country pay for freight."""
    if int(asked.freight_template_id) not in FREIGHT_TEMPLATES:
        return {"result_success": False, "result_error_desc": "no such freight template"}
    cost = {"amount": f"{Decimal(2) + 5 * Decimal(asked.weight) * int(asked.count):.2f}", "currency_code": "USD"}
    told = {"error_code": 0, "freight": cost, "standard_freight": cost, "service_name": "CAINIAO_STANDARD"}
    return {"result_success": True, "aeop_freight_calculate_result_d_t_o_list": [told]}


def promise_templates(world: World, account: Account, asked: AskPromise) -> Payload:
    """The seller's service templates."""
    wanted = int(asked.template_id)
    listed = [{"id": number, "name": name} for number, name in _PROMISE_TEMPLATES.items() if wanted in (-1, number)]
    return {"result": {"template_list": listed}}


def groups(world: World, account: Account, asked: Nothing) -> Payload:
    """The shop's own groups of products."""
    listed = [{"group_id": number, "group_name": name} for number, name in _GROUPS.items()]
    return {"result": {"success": True, "target_list": listed}}


def makers(world: World, account: Account, asked: Nothing) -> Payload:
    """The makers the seller named. The vendor's shape is not published; this is the mock's own."""
    return {"result": {"success": True, "data_list": [_maker()]}}


def maker(world: World, account: Account, asked: AskMaker) -> Payload:
    """One of them, in a shape of the mock's own."""
    if int(asked.manufacturer_id) != _maker()["manufacturer_id"]:
        raise Refused("15", "Remote service error", sub_code="isv.invalid-parameter", sub_msg="no such manufacturer")
    return {"result": {"success": True, "data": _maker()}}


def _relation(account: Account, kind: str, place: int) -> Payload:
    return {
        "seller_id": int(account.seller_id),
        "channel_seller_id": int(account.seller_id) + place,
        "channel": _CHANNELS[kind],
        "channel_currency": "USD",
        "channel_shop_name": f"Shop {account.seller_id}",
        "business_type": kind,
    }


def _counts(world: World, account: Account) -> tuple[int, int]:
    now = world.now()
    statuses = [product.status(now) for product in world.products.values() if product.seller_id == account.seller_id]
    return statuses.count("onSelling"), statuses.count("auditing")


def _maker() -> Payload:
    return {"manufacturer_id": 700001, "name": "Yiwu Paper Works", "country": "CN"}
