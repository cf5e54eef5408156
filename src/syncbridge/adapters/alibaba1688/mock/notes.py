"""Notes on orders, addresses and couriers (1688.md §5.9, §5.11)."""

from __future__ import annotations

from collections.abc import Mapping

from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json, id_in
from syncbridge.adapters.alibaba1688.mock.refunds import COURIERS
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import State

_LONGEST = 500
REGIONS: Mapping[str, tuple[tuple[str, str, str], str]] = {
    "330108": (("浙江省", "杭州市", "滨江区"), "310051"),
    "330106": (("浙江省", "杭州市", "西湖区"), "310013"),
    "330782": (("浙江省", "金华市", "义乌市"), "322000"),
    "440307": (("广东省", "深圳市", "龙岗区"), "518116"),
    "440113": (("广东省", "广州市", "番禺区"), "511400"),
    "441900": (("广东省", "东莞市", ""), "523000"),
    "310115": (("上海市", "上海市", "浦东新区"), "200120"),
}
"""A few districts with their postcodes; the vendor knows them all."""

MEMO: Fields = {
    "orderId": Field("Long", required=True),
    "memo": Field("String", required=True),
    "remarkIcon": Field("String", required=True),
}
FEEDBACK: Fields = {
    "tradeFeedbackParam": Field(
        {"orderId": Field("String", required=True), "feedback": Field("String", required=True)}, required=True
    )
}
PARSE: Fields = {"addressInfo": Field("String", required=True)}


def memo(state: State, account: Account, params: Json) -> Json:
    """Write the buyer's own note on an order, over the former one."""
    order = state.orders.get(params["orderId"])
    if order is None or order.account is not account:
        raise BusinessRefusal("400_4", f"修改备注信息出错[ORDER_NOT_EXIST]，order[{params['orderId']}]is not exsits")
    if params["remarkIcon"] not in ("1", "2", "3", "4"):
        raise BusinessRefusal("400_1", "remarkIcon")
    order.memo, order.memo_icon = params["memo"], params["remarkIcon"]
    order.modified_at = state.now()
    return {"success": True}


def feedback(state: State, account: Account, params: Json) -> Json:
    """Add words to what the seller reads of the buyer; 500 characters altogether."""
    asked = params["tradeFeedbackParam"]
    order = state.orders.get(id_in(asked["orderId"]))
    if order is None:
        raise BusinessRefusal("500_2", "order not exist error")
    if order.account is not account:
        raise BusinessRefusal("500_2", "user order not exist error")
    text = f"{order.message} {asked['feedback']}".strip()
    if not asked["feedback"] or len(text) > _LONGEST:
        raise BusinessRefusal("400_1", "parameter invalid")
    order.message = text
    order.modified_at = state.now()
    return {"result": {"success": True, "errorCode": None, "errorInfo": None}, "success": True}


def parse(state: State, account: Account, params: Json) -> Json:
    """The district of an address with its code, and what is left of the address."""
    text = params["addressInfo"].replace(" ", "")
    for code, (names, postcode) in REGIONS.items():
        if names[1] in text and names[2] in text:
            street = text[text.index(names[2] or names[1]) + len(names[2] or names[1]) :]
            address = {
                "address": street,
                "addressCode": code,
                "addressCodeText": " ".join(filter(None, names)),
                "postCode": postcode,
                "isDefault": False,
                "latest": False,
            }
            return {"result": address}
    raise BusinessRefusal("400", "地址解析失败")


def saved_addresses(state: State, account: Account, params: Json) -> Json:
    """The addresses the buyer saved."""
    return {"result": {"receiveAddressItems": [account.saved_address]}, "success": True}


def couriers(state: State, account: Account, params: Json) -> Json:
    """The couriers 1688 knows."""
    listed = [
        {"id": number, "companyName": name, "companyNo": code, "companyPhone": None, "supportPrint": False}
        for number, (code, name) in enumerate(COURIERS.items(), 1)
    ]
    return {"result": listed, "success": True}
