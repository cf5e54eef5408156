"""What happens in a demo: drawn from a seed, the same each time."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from importlib.resources import files

STORE = "toys"
MAIN, BY_HAND = "main", "byhand"
"""Supplier accounts: one may order by API, the other may not."""

COLOURS = ("黑色", "白色", "红色", "蓝色", "绿色", "黄色", "紫色", "灰色", "粉色", "橙色", "米色", "棕色")
A_DOLLAR = Decimal("3.66")
"""What a cost rises by, in yuan, so that the price shown rises to its next ending: less would be lost in it, and where
goods are cheap more would be stopped by the brake."""
COUNTRIES = ("BR", "ES", "US")
"""One for each way abroad that the example's mapping files know."""
GOODS = ("Notebook", "Pencil case", "Desk lamp", "Cable box", "Tea cup", "Cat toy", "Phone stand", "Key ring")


class Trouble(StrEnum):
    """What goes wrong with an order, on purpose."""

    NONE = "none"
    OUT_OF_STOCK = "out_of_stock"
    """The supplier sells out between the order and the purchase."""
    UNROUTED = "unrouted"
    """A SKU no rule routes."""
    CANCELLED = "cancelled"
    """The buyer cancels at once."""
    CANCELLED_PAID = "cancelled when paid"
    CANCELLED_SHIPPED = "cancelled when shipped"
    """Between the legs: the supplier has shipped, and nothing is declared yet."""

    @property
    def is_bought(self) -> bool:
        """Whether anything may be bought for the order."""
        return self not in (Trouble.OUT_OF_STOCK, Trouble.UNROUTED)


@dataclass(frozen=True, slots=True)
class Want:
    """A spec a buyer wants, and how many."""

    supplier: str
    offer_id: str
    spec_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class BuyerOrder:
    """An order a buyer will make."""

    order_id: str
    wants: tuple[Want, ...]
    by_webhook: bool
    """False: nobody tells us, the poll must find it."""
    country: str
    """Where it goes (ISO 3166, two letters), which decides its way abroad."""
    trouble: Trouble = Trouble.NONE


@dataclass(frozen=True, slots=True)
class Change:
    """A supplier's change of one spec, told by a signed message."""

    offer_id: str
    spec_id: str
    value: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """Offers of each supplier account in the vendor's own shape, buyers' orders, and what changes."""

    seed: int
    offers: Mapping[str, Sequence[dict[str, object]]]
    orders: tuple[BuyerOrder, ...]
    price_change: Change
    stock_change: Change
    price_jump: Change
    """More than the brake lets through."""


def make(seed: int, *, offers: int = 32, orders: int = 24, specs: int = 10) -> Scenario:
    """Draw a scenario: the documented real offer, made-up ones of so many specs or two more, and orders for some."""
    dice = random.Random(seed)  # noqa: S311  a story, not a secret
    by_hand = max(1, offers // 8)
    main = [_real_offer(), *(drawn_offer(dice, n, specs) for n in range(1, offers - by_hand))]
    hand = [drawn_offer(dice, n, specs) for n in range(offers, offers + by_hand)]
    dearer = max(main[1:], key=lambda offer: Decimal(_price(offer)))
    changed = [dearer, *dice.sample([offer for offer in main[1:] if offer is not dearer], 2)]
    quiet = [offer for offer in main[1:] if offer not in changed] + main[:1]
    return Scenario(
        seed=seed,
        offers={MAIN: main, BY_HAND: hand},
        orders=_orders(dice, orders, quiet, hand),
        price_change=_change(dearer, Decimal(_price(dearer)) + A_DOLLAR),
        stock_change=Change(_id(changed[1]), _specs(changed[1])[0]["specId"], "5"),
        price_jump=_change(changed[2], Decimal(_price(changed[2])) * 3 + 20),
    )


def _orders(
    dice: random.Random, count: int, main: Sequence[dict[str, object]], hand: Sequence[dict[str, object]]
) -> tuple[BuyerOrder, ...]:
    orders = []
    sold_out, *others = main
    first = dice.randrange(len(COUNTRIES))
    for n in range(count):
        trouble = TROUBLES.get(n, Trouble.NONE)
        wants = [_want(dice, MAIN, sold_out if trouble is Trouble.OUT_OF_STOCK else dice.choice(others))]
        if n == 3 or (n > 3 and dice.random() < 0.1):
            wants = [_want(dice, BY_HAND, dice.choice(hand))]
        elif n == 4 or (n > 4 and dice.random() < 0.15):
            wants.append(_want(dice, BY_HAND, dice.choice(hand)))
        elif trouble is Trouble.NONE and dice.random() < 0.3:
            wants.append(_want(dice, MAIN, dice.choice(others)))
        by_webhook, country = dice.random() < 0.5, COUNTRIES[(first + n) % len(COUNTRIES)]
        orders.append(BuyerOrder(f"81724810{n:08d}", _distinct(wants), by_webhook, country, trouble))
    return tuple(orders)


TROUBLES = {
    1: Trouble.OUT_OF_STOCK,
    2: Trouble.UNROUTED,
    5: Trouble.CANCELLED,
    6: Trouble.CANCELLED_PAID,
    7: Trouble.CANCELLED_SHIPPED,
    8: Trouble.CANCELLED_SHIPPED,
}
"""By the number of the order."""


def _distinct(wants: Sequence[Want]) -> tuple[Want, ...]:
    return tuple({(want.offer_id, want.spec_id): want for want in wants}.values())


def _want(dice: random.Random, supplier: str, offer: dict[str, object]) -> Want:
    spec = dice.choice([spec for spec in _specs(offer) if int(spec["amountOnSale"]) > 20])
    least = int(str(offer["minOrderQuantity"]))
    return Want(supplier, _id(offer), spec["specId"], least + dice.randrange(2))


def drawn_offer(dice: random.Random, number: int, specs: int) -> dict[str, object]:
    """One in the shape of 1688.md §4.1, with its nulls, empty stock, and numbers as strings."""
    offer_id = 620200000000 + number * 1013
    base = dice.randrange(500, 3500)
    made = [_spec(dice, offer_id, n, base) for n in range(dice.randrange(specs, specs + 3))]
    title = f"{dice.choice(GOODS)} {number}"
    return {
        "offerId": offer_id,
        "subject": f"{title} 批发",
        "subjectTrans": title,
        "description": f"<p>{title}</p>",
        "categoryId": 1037192,
        "minOrderQuantity": 1,
        "batchNumber": None,
        "status": "published",
        "isJxhy": False,
        "sellerOpenId": f"BBB{number:04d}MdAmsyZ5SmwYL4Xi_A",
        "companyName": f"义乌市第{number}日用品厂",
        "productImage": {"images": [f"https://cbu01.alicdn.com/img/ibank/{offer_id}.jpg"], "whiteImage": None},
        "productSaleInfo": {
            "amountOnSale": 9999,
            "priceRangeList": [{"startQuantity": 1, "price": _yuan(base)}],
            "quoteType": 1,
        },
        "productShippingInfo": {"weight": 0.25, "shippingTimeGuarantee": "shipIn48Hours"},
        "productSkuInfos": made,
        "offerIdentities": ["超级工厂", "诚信通"],
        "tagInfoList": None,
        "sellerMixSetting": {"generalHunpi": False, "mixAmount": None, "mixNumber": None},
        "createDate": "2024-05-24 00:00:00",
    }  # fmt: skip


def _spec(dice: random.Random, offer_id: int, number: int, base: int) -> dict[str, object]:
    stock = 0 if dice.random() < 0.1 and number else dice.randrange(100, 2000)
    return {
        "amountOnSale": str(stock) if dice.random() < 0.5 else stock,
        "price": _yuan(base + 10 * number),
        "jxhyPrice": None,
        "skuId": offer_id * 100 + number,
        "specId": f"{offer_id:016x}{number:016x}",
        "cargoNumber": f"G{offer_id}-{number}" if dice.random() < 0.7 else None,
        "skuAttributes": [
            {
                "attributeId": 3216,
                "attributeName": "颜色",
                "value": COLOURS[number],
                "skuImageUrl": f"https://cbu01.alicdn.com/img/ibank/{offer_id}_{number}.jpg",
            }
        ],
    }


def _real_offer() -> dict[str, object]:
    """The real offer of 1688.md §4.1."""
    offer: dict[str, object] = json.loads(files(__package__).joinpath("real_offer.json").read_text("utf-8"))
    return offer


def _id(offer: dict[str, object]) -> str:
    return str(offer["offerId"])


def _specs(offer: dict[str, object]) -> list[dict[str, str]]:
    specs = offer["productSkuInfos"]
    assert isinstance(specs, list)  # noqa: S101  made above
    return specs


def _price(offer: dict[str, object]) -> str:
    return _specs(offer)[0]["price"]


def _change(offer: dict[str, object], price: Decimal) -> Change:
    return Change(_id(offer), _specs(offer)[0]["specId"], f"{price:.2f}")


def _yuan(fen: int) -> str:
    return f"{fen / 100:.2f}"
