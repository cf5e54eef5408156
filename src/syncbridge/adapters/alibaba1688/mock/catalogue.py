"""Products beyond search and detail: pictures, categories, relations, freight and mixed batches (1688.md §4, §5.9)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256

from syncbridge.adapters.alibaba1688.mock import products
from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import State, yuan_text
from syncbridge.adapters.alibaba1688.mock.views import member_id_of

_IMAGES = "https://cbu01.alicdn.com/"
_MOST_PUSHED = 20
CATEGORIES: Mapping[int, tuple[str, str, int]] = {
    0: ("根类目", "root", -1),
    10166: ("女装", "Women's clothing", 0),
    1031910: ("连衣裙", "Dress", 10166),
    54: ("日用百货", "Daily necessities", 0),
    1034340: ("笔记本", "Notebook", 54),
}
"""Names in Chinese and English, and the category above; a few of the vendor's thousands."""

UPLOAD: Fields = {
    "uploadImageParam": Field(
        {"imageBase64": Field("String", required=True), "outMemberId": Field("String")}, required=True
    )
}
IMAGE_QUERY: Fields = {
    "offerQueryParam": Field(
        {
            **products.PAGED,
            "imageId": Field("String", required=True),
            "region": Field("String"),
            "imageAddress": Field("String"),
            "keyword": Field("String"),
            "auxiliaryText": Field("String"),
            "productCollectionId": Field("String"),
            "keywordTranslate": Field("Boolean"),
            "itemTitle": Field("String"),
        },
        required=True,
    )
}
CATEGORY: Fields = {
    "outMemberId": Field("String"),
    "language": Field("String", required=True),
    "categoryId": Field("Long", required=True),
    "parentCateId": Field("Long"),
}
OFFER: Fields = {"offerId": Field("Long", required=True)}
PRODUCT: Fields = {"productId": Field("Long", required=True)}
PRODUCTS: Fields = {"productIdList": Field("Long", required=True, many=True)}
FREIGHT: Fields = {
    "productFreightQueryParamsNew": Field(
        {
            "offerId": Field("Long", required=True),
            "toProvinceCode": Field("String", required=True),
            "toCityCode": Field("String", required=True),
            "toCountryCode": Field("String", required=True),
            "totalNum": Field("Long", required=True),
            "logisticsSkuNumModels": Field(
                {"skuId": Field("String", required=True), "number": Field("Long", required=True)},
                required=True,
                many=True,
            ),
        },
        required=True,
    )
}
MIX: Fields = {"sellerMemberId": Field("String"), "sellerLoginId": Field("String")}


def upload(state: State, account: Account, params: Json) -> Json:
    """Take a picture to search with, as base64; answers its id."""
    try:
        picture = base64.b64decode(params["uploadImageParam"]["imageBase64"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise BusinessRefusal("400", "imageBase64") from error
    if not picture:
        raise BusinessRefusal("400", "imageBase64")
    image_id = str(int(sha256(picture).hexdigest()[:15], 16))
    state.images[image_id] = picture
    return {"result": {"success": "true", "code": "200", "message": "成功", "result": image_id}}


def image_query(state: State, account: Account, params: Json) -> Json:
    """Offers like a picture sent in before. The mock sees nothing in pictures: it finds what fits the other filters."""
    if params["offerQueryParam"]["imageId"] not in state.images:
        raise BusinessRefusal("400", "imageId")
    found = products.search(state, account, params)
    found["result"]["success"] = "true"
    found["result"]["result"]["picRegionInfo"] = {"currentRegion": "", "yoloCropRegion": ""}
    return found


def category(state: State, account: Account, params: Json) -> Json:
    """A category with those below it; what is text above is no text among the children, as in the documents."""
    number, language = params["categoryId"], params["language"]
    if number not in CATEGORIES:
        raise BusinessRefusal("404", "类目不存在")
    below = [each for each, (_, _, above) in CATEGORIES.items() if above == number]
    one = _category(number, language)
    result = one | {
        "leaf": str(one["leaf"]).lower(),
        "parentCateId": str(one["parentCateId"]),
        "children": [_category(each, language) for each in below] or None,
    }
    return {"result": {"success": True, "code": "S0000", "message": "成功", "result": result}}


def push_list(state: State, account: Account, params: Json) -> Json:
    """Say that the account lists these offers, at most twenty at a time."""
    offer_ids = params["productIdList"]
    if not offer_ids:
        raise BusinessRefusal("OFFERIDS_IS_NULL", "商品ID列表参数为空")
    if len(offer_ids) > _MOST_PUSHED:
        raise BusinessRefusal("400", "列表长度不能超过20个")
    account.pushed.update(offer_ids)
    return {"result": {"success": True, "errorCode": None, "errorMsg": None}}


def product_info(state: State, account: Account, params: Json) -> Json:
    """An offer in the older words: relative pictures, weights in kg, prices as numbers (1688.md §4.3)."""
    offer_id = params["productId"]
    if offer_id not in state.offers:
        raise BusinessRefusal("", f"商品[{offer_id}]不存在")
    if offer_id not in account.pushed:
        raise BusinessRefusal("", "没有该商品的查询权限")
    return {"success": True, "message": None, "bizGroupInfos": [], "productInfo": _info(state.offers[offer_id])}


def product_list(state: State, account: Account, params: Json) -> Json:
    """Several offers without their SKUs; those that are not there are named in the message."""
    wanted = params["productIdList"]
    listed = [_info(state.offers[each]) for each in wanted if each in state.offers and each in account.pushed]
    for each in listed:
        del each["skuInfos"]
    missing = ";".join(f"{each}:商品不存在" for each in wanted if each not in state.offers)
    return {"success": True, "message": missing or None, "productList": listed}


def unfollow(state: State, account: Account, params: Json) -> Json:
    """From now on no message is sent about the offer."""
    account.follows.discard(params["productId"])
    return {"code": 0, "message": "success"}


def add_relation(state: State, account: Account, params: Json) -> Json:
    """The other way to follow an offer (1688.md §4.4)."""
    if params["offerId"] not in state.offers:
        raise BusinessRefusal("", "商品不存在")
    account.follows.add(params["offerId"])
    return _noted()


def remove_relation(state: State, account: Account, params: Json) -> Json:
    """The other way to follow an offer no more."""
    account.follows.discard(params["offerId"])
    return _noted()


def consign(state: State, account: Account, params: Json) -> Json:
    """Become a reseller of an offer's seller, which the flow saleproxy asks for."""
    if params["offerId"] not in state.offers:
        raise BusinessRefusal("404", "商品不存在")
    account.consigns.add(state.offers[params["offerId"]]["sellerOpenId"])
    return {"result": {"success": True, "code": "200", "message": None, "result": True}}


def freight(state: State, account: Account, params: Json) -> Json:
    """What sending would cost, in yuan; names SKUs by skuId, and calls the district a country (1688.md §5.10)."""
    asked = params["productFreightQueryParamsNew"]
    offer = state.offers.get(asked["offerId"])
    if offer is None:
        raise BusinessRefusal("404", "商品不存在")
    sku_ids = {str(sku.get("skuId")) for sku in offer.get("productSkuInfos") or ()}
    unknown = [each["skuId"] for each in asked["logisticsSkuNumModels"] if each["skuId"] not in sku_ids]
    numbers = [each["number"] for each in asked["logisticsSkuNumModels"]]
    if unknown or asked["totalNum"] != sum(numbers) or any(number < 1 for number in numbers):
        raise BusinessRefusal("400", f"logisticsSkuNumModels {unknown}")
    amount = yuan_text(state.switches.freight_fen)
    result = {
        "offerId": asked["offerId"],
        "freight": amount,
        "templateId": 2324342,
        "templateName": "默认",
        "templateType": 2 if state.switches.freight_fen else 1,
        "subTemplateType": 0,
        "subTemplateName": "快递",
        "firstFee": amount,
        "firstUnit": "1",
        "nextFee": "0",
        "nextUnit": "1",
        "discount": "1",
        "chargeType": "1",
        "freePostage": not state.switches.freight_fen,
        "singleProductWeight": (offer.get("productShippingInfo") or {}).get("weight"),
        "productFreightSkuInfoModels": [],
        "sizeValueType": 1,
    }
    return {"result": {"success": True, "code": "S0000", "message": "成功", "result": result}}


def mix(state: State, account: Account, params: Json) -> Json:
    """A seller's mixed-batch rule, asked for by member id or login id."""
    wanted = params.get("sellerMemberId") or params.get("sellerLoginId")
    if not wanted:
        raise BusinessRefusal("500_1", "卖家信息不得为空。")
    for offer in state.offers.values():
        member_id = member_id_of(offer["sellerOpenId"])
        if wanted in (member_id, offer.get("companyName")):
            rule = offer.get("sellerMixSetting") or {"generalHunpi": False, "mixAmount": 0, "mixNumber": 0}
            return {"result": {**rule, "memberId": member_id}, "success": True}
    raise BusinessRefusal("404", "卖家不存在")


def _noted() -> Json:
    return {"result": {"success": True, "msg": None, "traceId": "mock"}}


def _category(number: int, language: str) -> Json:
    chinese, english, above = CATEGORIES[number]
    level = 0
    while number and above >= 0:
        level, above = level + 1, CATEGORIES[above][2]
    return {
        "categoryId": number,
        "chineseName": chinese,
        "translatedName": english if language == "en" else chinese,
        "language": language,
        "leaf": not any(parent == number for _, _, parent in CATEGORIES.values()),
        "level": str(level),
        "parentCateId": max(CATEGORIES[number][2], 0),
        "fromCache": False,
    }


def _info(offer: Json) -> Json:
    sale, shipping = offer["productSaleInfo"], offer.get("productShippingInfo") or {}
    images = ((offer.get("productImage") or {}).get("images")) or []
    ranges = sale.get("priceRangeList") or []
    return {
        "productID": offer["offerId"],
        "productType": "wholesale",
        "categoryID": offer.get("categoryId"),
        "subject": offer.get("subject"),
        "description": offer.get("description"),
        "language": "CHINESE",
        "status": offer["status"],
        "attributes": [],
        "image": {"images": [url.removeprefix(_IMAGES) for url in images]},
        "skuInfos": [_sku(sku) for sku in offer.get("productSkuInfos") or ()],
        "saleInfo": {
            "supportOnlineTrade": True,
            "mixWholeSale": bool((offer.get("sellerMixSetting") or {}).get("generalHunpi")),
            "saleType": "normal",
            "priceAuth": False,
            "priceRanges": [
                {"startQuantity": each["startQuantity"], "price": _number(each["price"])} for each in ranges
            ],
            "amountOnSale": sale.get("amountOnSale"),
            "unit": (sale.get("unitInfo") or {}).get("unit"),
            "minOrderQuantity": offer.get("minOrderQuantity"),
            "batchNumber": offer.get("batchNumber"),
            "quoteType": sale.get("quoteType"),
        },
        "shippingInfo": {"freightTemplateID": 1, "unitWeight": shipping.get("weight")},
        "supplierLoginId": offer.get("companyName"),
        "sellerLoginId": offer.get("companyName"),
        "productCargoNumber": offer.get("productCargoNumber"),
        "crossBorderOffer": True,
    }


def _sku(sku: Json) -> Json:
    return {
        "skuId": sku.get("skuId"),
        "specId": sku["specId"],
        "cargoNumber": sku.get("cargoNumber"),
        "amountOnSale": sku["amountOnSale"],
        "price": _number(sku.get("price")),
        "attributes": [
            {
                "attributeID": each.get("attributeId"),
                "attributeValue": each.get("value"),
                "attributeDisplayName": each.get("attributeName"),
                "skuImageUrl": (each.get("skuImageUrl") or "").removeprefix(_IMAGES),
            }
            for each in sku.get("skuAttributes") or ()
        ],
    }


def _number(price: object) -> float | None:
    return float(Decimal(str(price))) if price else None
