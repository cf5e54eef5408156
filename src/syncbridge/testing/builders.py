"""Offers, drafts, orders and shipments for tests, valid unless told otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta

from syncbridge.model.catalog import ListingDraft, Offer, SkuDraft, SkuProperty, Spec, Tier
from syncbridge.model.money import Money
from syncbridge.model.orders import BuyerAddress, Order, OrderLine, OrderState
from syncbridge.model.purchasing import IntentKey, PurchaseDraft, PurchaseLine, RelayAddress
from syncbridge.model.shipping import Declared, ParcelDraft

COLOURS = (("黑色", "Black"), ("白色", "White"), ("红色", "Red"), ("蓝色", "Blue"), ("绿色", "Green"))

RELAY = RelayAddress(
    name="转运仓",
    mobile="13800000000",
    province="浙江省",
    city="杭州市",
    district="滨江区",
    street="网商路699号",
)


def cny(amount: str) -> Money:
    """Yuan."""
    return Money.of(amount, "CNY")


def usd(amount: str) -> Money:
    """Dollars."""
    return Money.of(amount, "USD")


def make_spec(number: int = 1, *, cost: str | None = "13.90", stock: int | None = 100, code: str | None = None) -> Spec:
    """A spec with a 32-digit id made from its number."""
    return Spec(
        spec_id=f"{number:032x}",
        sku_id=str(4878065000000 + number),
        goods_code=code,
        attributes=(("颜色", COLOURS[number % len(COLOURS)][0]), ("款号", str(number))),
        cost=cny(cost) if cost is not None else None,
        stock=stock,
        weight_g=200,
    )


def make_offer(offer_id: str = "676651652931", *specs: Spec, **changes: object) -> Offer:
    """A published offer of an eligible supplier; two specs unless given."""
    chosen = specs or (make_spec(1), make_spec(2, cost="14.90", stock=7))
    values: dict[str, object] = {
        "offer_id": offer_id,
        "title": "Notebook B5",
        "status": "published",
        "buyable": True,
        "supplier_id": "BBBspz8Z4AmsyZ5SmwYL4Xi_A",
        "supplier_name": "杭州文具有限公司",
        "specs": chosen,
        "tiers": (Tier(1, cny("13.90")),),
        "images": ("https://cbu01.alicdn.com/img/ibank/O1CN01AGwXXl21zhP0URFzQ_!!3330047056-0-cib.jpg",),
        "description_html": "<p>Notebook</p>",
        "identities": frozenset({"诚信通", "超级工厂"}),
    }
    return Offer(**(values | changes))  # type: ignore[arg-type]  # a builder's keywords are the class's own


def make_draft(*lines: PurchaseLine, note: str = "mark SB7K2M") -> PurchaseDraft:
    """A purchase of the first spec of the first offer unless told otherwise."""
    return PurchaseDraft(lines or (PurchaseLine("676651652931", f"{1:032x}", 3),), RELAY, note=note)


def make_key(number: int = 1) -> IntentKey:
    """An intent key, different for each number."""
    return IntentKey(f"SB{number:014d}", f"M{number:05d}")


def make_listing_draft(*skus: SkuDraft, **changes: object) -> ListingDraft:
    """A listing in a leaf category with two SKUs unless given."""
    chosen = skus or (
        SkuDraft("TYA001", usd("19.90"), 7, (SkuProperty("14", "193", "Black"),)),
        SkuDraft("TYA002", usd("21.50"), 0, (SkuProperty("14", "175", "White"),)),
    )
    values: dict[str, object] = {
        "title": "Notebook B5",
        "description_html": "<p>Notebook</p>",
        "category_id": "200135143",
        "images": ("https://ae01.alicdn.com/kf/one.jpg",),
        "skus": chosen,
        "freight_template_id": "50164494212",
    }
    return ListingDraft(**(values | changes))  # type: ignore[arg-type]  # a builder's keywords are the class's own


def make_order(order_id: str, at: datetime, *lines: OrderLine, **changes: object) -> Order:
    """A paid order to be shipped within three days; one line unless given."""
    chosen = lines or (make_order_line(),)
    values: dict[str, object] = {
        "order_id": order_id,
        "state": OrderState.TO_SHIP,
        "modified_at": at,
        "created_at": at,
        "lines": chosen,
        "total": usd("39.80"),
        "address": BuyerAddress("Ana García", "612345678", "ES", "Madrid", "Madrid", "28001", "Calle Mayor 1"),
        "paid_at": at,
        "ship_by": at + timedelta(days=3),
    }
    return Order(**(values | changes))  # type: ignore[arg-type]  # a builder's keywords are the class's own


def make_order_line(
    sku_code: str = "TYA001", quantity: int = 2, *, line_id: str = "1", listing_id: str = "1005"
) -> OrderLine:
    """A line the seller ships."""
    return OrderLine(line_id, listing_id, sku_code, quantity, "Notebook B5", usd("19.90"))


def make_parcel(mark: str = "SB7K2M9Q", *goods: Declared, **changes: object) -> ParcelDraft:
    """A parcel of 320 g to Spain with two notebooks, unless told otherwise."""
    chosen = goods or (make_declared(),)
    values: dict[str, object] = {
        "mark": mark,
        "order_id": "8172481060036440",
        "weight_g": 320,
        "size_cm": (25, 18, 3),
        "goods": chosen,
        "receiver": BuyerAddress("Ana García", "612345678", "ES", "Madrid", "Madrid", "28001", "Calle Mayor 1"),
    }
    return ParcelDraft(**(values | changes))  # type: ignore[arg-type]  # a builder's keywords are the class's own


def make_declared(**changes: object) -> Declared:
    """Two notebooks without a battery, unless told otherwise."""
    values: dict[str, object] = {
        "name_cn": "笔记本",
        "name_en": "notebook",
        "quantity": 2,
        "value": usd("4.50"),
        "weight_g": 150,
        "hs_code": "4820.10.00.00",
        "material": "paper",
        "line_id": "1",
    }
    return Declared(**(values | changes))  # type: ignore[arg-type]  # a builder's keywords are the class's own
