"""The product APIs: a pool of offers, one offer, and following one (1688.md §4)."""

from __future__ import annotations

from copy import deepcopy

from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import Account, State

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


def follow(state: State, account: Account, params: Json) -> Json:
    """From now on the account is sent messages about the offer."""
    if params["productId"] not in state.offers:
        raise BusinessRefusal("1", "商品不存在")
    account.follows.add(params["productId"])
    return {"code": 0, "message": "success"}
