"""What each topic of 1688's messages says (1688.md §6.2)."""

from __future__ import annotations

from collections.abc import Mapping

from syncbridge.adapters.alibaba1688.mock.params import Json

ORDERS: Mapping[str, str] = {
    "ORDER_BUYER_VIEW_BUYER_MAKE": "waitbuyerpay",
    "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY": "waitbuyerpay",
    "ORDER_BUYER_VIEW_ORDER_PAY": "waitsellersend",
    "ORDER_BUYER_VIEW_ORDER_STEP_PAY": "staged",
    "ORDER_BUYER_VIEW_PART_PART_SENDGOODS": "waitsellersend",
    "ORDER_BUYER_VIEW_ANNOUNCE_SENDGOODS": "waitbuyerreceive",
    "ORDER_BUYER_VIEW_ORDER_COMFIRM_RECEIVEGOODS": "confirm_goods_and_has_subsidy",
    "ORDER_BUYER_VIEW_ORDER_SUCCESS": "success",
    "ORDER_BUYER_VIEW_ORDER_BUYER_CLOSE": "cancel",
    "ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE": "cancel",
    "ORDER_BUYER_VIEW_ORDER_BOPS_CLOSE": "cancel",
    "ORDER_BUYER_VIEW_MODIFY_MEMO": "",
}
"""About an order, with the status the documents name for it; empty where they name none."""
IN_SALES = "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES"
AFTER_SALES = "ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES"
BATCH_PAY = "ORDER_BATCH_PAY"
RELATIONS = tuple(
    f"PRODUCT_RELATION_VIEW_PRODUCT_{what}" for what in ("EXPIRE", "NEW_OR_MODIFY", "DELETE", "REPOST", "AUDIT")
)
CHANGE = "PRODUCT_RELATION_VIEW_PRODUCT_CHANGE"
INVENTORY = "PRODUCT_PRODUCT_INVENTORY_CHANGE"
PRICE = "FENXIAO_PRICE_CHANGE"
ACTIONS = (
    "new",
    "modify",
    "member_delete",
    "member_expired",
    "repost",
    "audit",
    "update",
    "revised",
    "publish",
    "sku_new",
    "sku_modify",
    "sku_delete",
)
BATCH_STATES = (
    "successed",
    "ACCOUNT_BALANCE_NOT_ENOUGH",
    "ACCOUNT_NOT_EXIST",
    "ACCOUNT_FROZEN",
    "PARAM_ILLEGAL",
)


def relation(topic: str, offer_id: int, sent: str, action: str) -> Json:
    """About an offer: that something became of it, and what; ValueError for an action the documents do not know."""
    if topic != CHANGE:
        return {"productIds": str(offer_id), "status": topic, "msgSendTime": sent}
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is none of {ACTIONS}")
    return {"productIds": str(offer_id), "action": action, "msgSendTime": sent}


def batch_pay(order_id: int, status: str) -> Json:
    """How the paying of many went, with ids as text; ValueError for a status the documents do not know."""
    if status not in BATCH_STATES:
        raise ValueError(f"{status!r} is none of {BATCH_STATES}")
    return {"batchPay": [{"orderId": str(order_id), "status": status}]}
