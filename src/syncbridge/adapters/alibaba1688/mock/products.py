"""The product APIs: a pool of offers, one offer, and following one (1688.md §4)."""

from __future__ import annotations

from copy import deepcopy

from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import State

POOL: Fields = {
    "offerPoolQueryParam": Field(
        {
            "offerPoolId": Field("Long", required=True),
            "taskId": Field("String", required=True),
            "pageNo": Field("Integer", required=True),
            "pageSize": Field("Integer", required=True),
            "cateId": Field("Long"),
            "language": Field("String"),
            "sortField": Field("String"),
            "sortType": Field("String"),
        },
        required=True,
    )
}
DETAIL: Fields = {
    "offerDetailParam": Field(
        {
            "offerId": Field("Long", required=True),
            "country": Field("String", required=True),
            "outMemberId": Field("String"),
            "currency": Field("String"),
        },
        required=True,
    )
}
PAGED: dict[str, Field] = {
    "beginPage": Field("Integer", required=True),
    "pageSize": Field("Integer", required=True),
    "country": Field("String", required=True),
    "filter": Field("String"),
    "sort": Field("String"),
    "outMemberId": Field("String"),
    "priceStart": Field("String"),
    "priceEnd": Field("String"),
    "categoryId": Field("Long"),
}
KEYWORD: Fields = {
    "offerQueryParam": Field(
        {
            **PAGED,
            "keyword": Field("String", required=True),
            "categoryIdList": Field("String"),
            "regionOpp": Field("String"),
            "productCollectionId": Field("String"),
            "snId": Field("String"),
            "keywordTranslate": Field("Boolean"),
            "saleFilterList": Field(
                {"saleType": Field("String"), "saleStart": Field("String"), "saleEnd": Field("String")}, many=True
            ),
        },
        required=True,
    )
}
SHOP: Fields = {
    "offerQueryParam": Field(
        {**PAGED, "keyword": Field("String"), "sellerOpenId": Field("String", required=True)}, required=True
    )
}
FOLLOW: Fields = {"productId": Field("Long", required=True)}


def pool(state: State, account: Account, params: Json) -> Json:
    """Ids of a pool's offers, page by page; success is a string here."""
    query = params["offerPoolQueryParam"]
    offers = state.pools.get(str(query["offerPoolId"]))
    if offers is None:
        raise BusinessRefusal("403", "没有该货盘的查询权限")
    start = (query["pageNo"] - 1) * query["pageSize"]
    page = offers[start : start + query["pageSize"]]
    entries = [{"offerId": each, "bizCategoryId": "1", "offerPoolTotal": len(offers)} for each in page]
    return {"result": {"success": "true", "code": "S0000", "message": "成功", "result": entries}}


def detail(state: State, account: Account, params: Json) -> Json:
    """One offer as it was published, with its present price and stock."""
    offer_id = params["offerDetailParam"]["offerId"]
    offer = state.offers.get(offer_id)
    if offer is None:
        raise BusinessRefusal("500", f"商品[{offer_id}]不存在")
    if offer["status"] != "published":
        raise BusinessRefusal("500", "商品已下架")
    return {"result": {"success": True, "code": "200", "message": "成功", "result": deepcopy(offer)}}


def search(state: State, account: Account, params: Json) -> Json:
    """Offers on sale with the keyword in a title, of one seller if named; both searches answer the same members."""
    query = params["offerQueryParam"]
    size = query["pageSize"]
    if not 1 <= size <= state.switches.longest_search_page or query["beginPage"] < 1:
        raise BusinessRefusal("400", "分页参数错误")
    found = [offer for offer in state.offers.values() if _fits(offer, query)]
    start = (query["beginPage"] - 1) * size
    page = {
        "totalRecords": len(found),
        "totalPage": -(-len(found) // size),
        "pageSize": size,
        "currentPage": query["beginPage"],
        "data": [_found(offer) for offer in found[start : start + size]],
    }
    return {"result": {"success": True, "code": "200", "message": "成功", "result": page}}


def follow(state: State, account: Account, params: Json) -> Json:
    """From now on the account is sent messages about the offer."""
    if params["productId"] not in state.offers:
        raise BusinessRefusal("1", "商品不存在")
    account.follows.add(params["productId"])
    return {"code": 0, "message": "success"}


def _fits(offer: Json, query: Json) -> bool:
    titles = f"{offer.get('subject') or ''}\n{offer.get('subjectTrans') or ''}".lower()
    return (
        offer["status"] == "published"
        and query.get("keyword", "").lower() in titles
        and query.get("sellerOpenId", offer["sellerOpenId"]) == offer["sellerOpenId"]
    )


def _found(offer: Json) -> Json:
    prices = [sku["price"] for sku in offer.get("productSkuInfos") or ()]
    return {
        "imageUrl": ((offer.get("productImage") or {}).get("images") or [""])[0],
        "subject": offer.get("subject"),
        "subjectTrans": offer.get("subjectTrans"),
        "offerId": offer["offerId"],
        "isJxhy": offer.get("isJxhy", False),
        "repurchaseRate": "10%",
        "monthSold": 1213,
        "traceInfo": f"object_id@{offer['offerId']}^object_type@offer",
        "isOnePsale": True,
        "priceInfo": {"price": min(prices, default=None), "jxhyPrice": None, "pfJxhyPrice": None, "consignPrice": None},
    }
