"""Offers and their stock: what is listed, what a purchase of it costs, and why it cannot be bought."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from syncbridge.adapters.alibaba1688.mock.params import Json
from syncbridge.adapters.alibaba1688.mock.records import Line
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import State

MAX_SKUS = 50


def checked_lines(state: State, cargo: list[Json]) -> tuple[Line, ...]:
    """The lines of a purchase, priced; refuses as the preview's error codes say (1688.md §5.2)."""
    if not cargo:
        raise BusinessRefusal("400", "cargoParamList is empty")
    if len(cargo) > MAX_SKUS:
        raise BusinessRefusal("400", "创建订单最多允许50个SKU")
    offers = {_offer(state, line["offerId"])["sellerOpenId"] for line in cargo}
    if len(offers) > 1:
        raise BusinessRefusal("500_002", "商品不属于同一卖家")
    lines = tuple(_line(state, line, _quantity_of_offer(cargo, line["offerId"])) for line in cargo)
    _check_terms(state, lines)
    _check_stock(state, lines)
    return lines


def take(state: State, lines: Iterable[Line]) -> None:
    """Take the lines out of stock."""
    for line in lines:
        sku = sku_of(state.offers[line.offer_id], line.spec_id)
        set_stock(state.offers[line.offer_id], line.spec_id, int(sku["amountOnSale"]) - line.quantity)


def sku_of(offer: Json, spec_id: str) -> Json:
    """The SKU with the spec id; the offer's own sale info if it has no SKUs. Raises BusinessRefusal."""
    skus = offer.get("productSkuInfos") or []
    if not skus and not spec_id:
        whole: Json = offer["productSaleInfo"]
        return whole
    if not spec_id:
        raise BusinessRefusal("500_002", f"商品[{offer['offerId']}]没有指定specId。")
    for sku in skus:
        if sku["specId"] == spec_id:
            found: Json = sku
            return found
    raise BusinessRefusal("500_003", f"规格[{spec_id}] 不属于商品[{offer['offerId']}]")


def set_stock(offer: Json, spec_id: str, stock: int) -> int:
    """Set the stock of a SKU, and the offer's sum with it; answers by how much it changed."""
    sku = sku_of(offer, spec_id)
    change = stock - int(sku["amountOnSale"])
    sku["amountOnSale"] = stock
    skus = offer.get("productSkuInfos") or []
    if skus:
        offer["productSaleInfo"]["amountOnSale"] = sum(int(each["amountOnSale"]) for each in skus)
    return change


def set_price(offer: Json, spec_id: str, price: str) -> None:
    """Set the price of a SKU, or of an offer without SKUs; yuan."""
    sku = sku_of(offer, spec_id)
    if spec_id:
        sku["price"] = price
    else:
        sku["priceRangeList"] = [{"startQuantity": 1, "price": price}]


def _offer(state: State, offer_id: int) -> Json:
    offer = state.offers.get(offer_id)
    if offer is None or offer["status"] != "published":
        raise BusinessRefusal("500_001", f"商品[{offer_id}]不支持在线交易，无法下单。")
    return offer


def _quantity_of_offer(cargo: list[Json], offer_id: int) -> int:
    return sum(int(line["quantity"]) for line in cargo if line["offerId"] == offer_id)


def _line(state: State, cargo: Json, of_offer: int) -> Line:
    offer, spec_id, quantity = _offer(state, cargo["offerId"]), str(cargo.get("specId", "")), cargo["quantity"]
    if quantity != int(quantity) or quantity < 1:
        raise BusinessRefusal("400", f"quantity {quantity}")
    sku = sku_of(offer, spec_id)
    price = _price(offer, sku, of_offer)
    if price <= 0:
        raise BusinessRefusal("500_008", f"商品规格[{cargo['offerId']}_{spec_id}]的价格为0，不可以下单")
    sku_id = sku.get("skuId")
    return Line(
        cargo["offerId"], spec_id, int(sku_id) if sku_id else None, int(quantity), price, offer.get("subject") or ""
    )


def _price(offer: Json, sku: Json, of_offer: int) -> Decimal:
    """By SKU, or by the quantity of the whole offer where it is quoted so (1688.md §4.1, quoteType)."""
    sale = offer["productSaleInfo"]
    if sale.get("quoteType") == 1:
        return Decimal(str(sku.get("price") or 0))
    ranges = sorted(sale.get("priceRangeList") or [], key=lambda each: int(each["startQuantity"]))
    reached = [each for each in ranges if int(each["startQuantity"]) <= of_offer] or ranges[:1]
    return Decimal(str(reached[-1]["price"])) if reached else Decimal(0)


def _check_terms(state: State, lines: tuple[Line, ...]) -> None:
    """Each offer's minimum, which its seller's mixed-batch rule may stand in for, and its lots.

    Of lots the vendor says no more than that too few pieces are refused; that a lot is never broken is taken from
    its name, 一手数量.
    """
    for offer_id in dict.fromkeys(line.offer_id for line in lines):
        offer = state.offers[offer_id]
        bought = sum(line.quantity for line in lines if line.offer_id == offer_id)
        if bought < int(offer.get("minOrderQuantity") or 1):
            _check_mix(offer, lines)
        if bought % int(offer.get("batchNumber") or 1):
            raise BusinessRefusal("500_009", f"商品[{offer_id}]的购买数量不满足批售起批量限制。")


def _check_mix(offer: Json, lines: tuple[Line, ...]) -> None:
    """Below its minimum an offer is sold with enough others of its seller: so many pieces, or so much money."""
    mix = offer.get("sellerMixSetting") or {}
    if not mix.get("generalHunpi"):
        raise BusinessRefusal("500_005", f"商品[{offer['offerId']}]的购买数量不满足起批量限制。")
    pieces, yuan = int(mix.get("mixNumber") or 0), int(mix.get("mixAmount") or 0)
    enough_pieces = 0 < pieces <= sum(line.quantity for line in lines)
    enough_money = 0 < yuan * 100 <= sum(line.amount_fen for line in lines)
    if not enough_pieces and not enough_money:
        raise BusinessRefusal("500_006", f"商品[{offer['offerId']}]的购买数量或者价格不满足混批限制。")


def _check_stock(state: State, lines: tuple[Line, ...]) -> None:
    for line in lines:
        wanted = sum(each.quantity for each in lines if (each.offer_id, each.spec_id) == (line.offer_id, line.spec_id))
        if int(sku_of(state.offers[line.offer_id], line.spec_id)["amountOnSale"]) < wanted:
            raise BusinessRefusal("500_004", f"商品[{line.offer_id}_{line.spec_id}]库存不足，请核实库存后订购。")
