"""One method per endpoint of 1688 that is called (1688.md §4 and §5); what an answer means is in `answers`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import msgspec

from syncbridge.adapters.alibaba1688 import answers, refunds, wire
from syncbridge.adapters.alibaba1688.answers import Api
from syncbridge.adapters.alibaba1688.settings import Alibaba1688Settings
from syncbridge.adapters.alibaba1688.signing import VENDOR, OpenSigner
from syncbridge.adapters.http import Answer, Call, VendorHttp
from syncbridge.errors import Rejected
from syncbridge.model.catalog import Search
from syncbridge.ports import Tokens, Wiring

T = TypeVar("T")

PRODUCTS = "com.alibaba.fenxiao.crossborder"
TRADE = "com.alibaba.trade"

POOL = Api(PRODUCTS, "pool.product.pull", answers.A, group="catalogue")
DETAIL = Api(PRODUCTS, "product.search.queryProductDetail", answers.A, group="catalogue")
KEYWORD = Api(PRODUCTS, "product.search.keywordQuery", answers.A, group="catalogue")
SHOP = Api(PRODUCTS, "product.search.querySellerOfferList", answers.A, group="catalogue")
FOLLOW = Api("com.alibaba.product", "alibaba.product.follow.crossborder", answers.H, group="catalogue", write=True)
PREVIEW = Api(TRADE, "alibaba.createOrder.preview", answers.D)
CREATE = Api(TRADE, "alibaba.trade.createCrossOrder", answers.C, write=True)
ORDER_LIST = Api(TRADE, "alibaba.trade.getBuyerOrderList", answers.I)
ORDER_VIEW = Api(TRADE, "alibaba.trade.get.buyerView", answers.B)
PAY = Api(TRADE, "alibaba.trade.pay.protocolPay.preparePay", answers.A, write=True)
CANCEL = Api(TRADE, "alibaba.trade.cancel", answers.F, write=True)
URGE = Api("com.alibaba.logistics", "logistics.delivery.urge", answers.A, write=True)
REFUND_REASONS = Api(TRADE, "alibaba.trade.getRefundReasonList", answers.A)
MAX_REFUND = Api(TRADE, "alibaba.trade.getMaxRefundFee", answers.A)
CREATE_REFUND = Api(TRADE, "alibaba.trade.createRefund", answers.A, write=True)
REFUND = Api(TRADE, "alibaba.trade.refund.OpQueryOrderRefund", answers.I)
REFUNDS = Api(TRADE, "alibaba.trade.refund.OpQueryBatchRefundByOrderIdAndStatus", answers.I)
CONFIRM = Api(TRADE, "trade.receivegoods.confirm", answers.G, write=True)
LOGISTICS = Api("com.alibaba.logistics", "alibaba.trade.getLogisticsInfos.buyerView", answers.B)
TRACE = Api(
    "com.alibaba.logistics",
    "alibaba.trade.getLogisticsTraceInfo.buyerView",
    replace(answers.B, result="logisticsTrace"),
)

_NOT_SHIPPED_YET = "500_2"
_UNSHIPPED = "refundWaitSellerSend"
"""The state of goods of an order that is paid and not shipped (1688.md §5.12)."""
_UNDER_WAY, _SUCCEEDED = "1", "3"


class OpenClient:
    """One account's calls of the 1688 gateway."""

    def __init__(self, settings: Alibaba1688Settings, wiring: Wiring) -> None:
        self._settings = settings
        self._http = VendorHttp(VENDOR, wiring, OpenSigner(wiring.tokens, settings, wiring.clock))

    async def pool(self, task_id: str, page: int, size: int) -> list[wire.PoolEntry]:
        """One page of the configured pool; a reading keeps one task id over its pages (1688.md §4.2)."""
        query = {
            "offerPoolId": int(self._settings.offer_pool_id),
            "taskId": task_id,
            "pageNo": page,
            "pageSize": size,
            "language": self._settings.country,
        }
        return await self._result(POOL, {"offerPoolQueryParam": query}, list[wire.PoolEntry])

    async def detail(self, offer_id: str) -> wire.ProductDetail:
        """One offer (1688.md §4.1)."""
        query = {"offerId": long(offer_id), "country": self._settings.country}
        return await self._result(DETAIL, {"offerDetailParam": query}, wire.ProductDetail)

    async def search(self, query: Search, page: int, size: int) -> wire.FoundPage:
        """One page of all offers with the keyword, or of those in one seller's shop (1688.md §4.2)."""
        asked: dict[str, object] = {"beginPage": page, "pageSize": size, "country": self._settings.country}
        if query.keyword:
            asked["keyword"] = query.keyword
        if query.shop:
            asked["sellerOpenId"] = query.shop
        api = SHOP if query.shop else KEYWORD
        return await self._call(api, {"offerQueryParam": asked}, lambda answer: found(api, answer))

    async def follow(self, offer_id: str) -> None:
        """Ask for messages about an offer (1688.md §4.4)."""
        await self._result(FOLLOW, {"productId": long(offer_id)}, int)

    async def preview(self, params: Mapping[str, object]) -> list[wire.Preview]:
        """What a purchase would cost; several elements if it would be split (1688.md §5.2)."""
        return await self._call(PREVIEW, self._crossing(params), previewed)

    async def create(self, params: Mapping[str, object]) -> wire.Creation:
        """Buy. An answer that names an order is a yes whatever its ``success`` says (1688.md §5.3)."""
        return await self._call(CREATE, self._crossing(params), created)

    async def order_list(self, params: Mapping[str, object]) -> list[msgspec.Raw]:
        """One page of the account's orders, each still to be decoded (1688.md §5.7)."""
        return await self._result(ORDER_LIST, params, list[msgspec.Raw])

    async def order_view(self, vendor_order_id: str) -> wire.TradeInfo:
        """One order (1688.md §5.6)."""
        params = {"webSite": "1688", "orderId": long(vendor_order_id)}
        return await self._result(ORDER_VIEW, params, wire.TradeInfo)

    async def logistics(self, vendor_order_id: str) -> list[wire.LogisticsOrder]:
        """Parcels of an order; that it has none yet comes as an error or as nothing at all (1688.md §5.11, §3.2)."""
        params = {"webSite": "1688", "orderId": long(vendor_order_id)}
        return await self._call(LOGISTICS, params, parcels)

    async def traces(self, vendor_order_id: str) -> list[wire.LogisticsTrace]:
        """What couriers told of the parcels of an order (1688.md §5.11)."""
        params = {"webSite": "1688", "orderId": long(vendor_order_id)}
        return await self._call(TRACE, params, traced)

    async def confirm(self, vendor_order_id: str, entry_ids: Sequence[str]) -> None:
        """Say that these lines of an order arrived (1688.md §5.9)."""
        params = {"orderId": long(vendor_order_id), "orderEntryIds": [long(entry_id) for entry_id in entry_ids]}
        await self._result(CONFIRM, params, bool)

    async def pay(self, vendor_order_id: str, request_id: str) -> wire.Withholding:
        """Pay an order by withholding (1688.md §5.8)."""
        order = {
            "orderId": long(vendor_order_id),
            "payChannel": self._settings.pay_channel,
            "opRequestId": request_id,
        }
        return await self._call(PAY, {"tradeWithholdPreparePayParam": order}, paid)

    async def cancel(self, vendor_order_id: str) -> None:
        """Close an unpaid order, in the buyer's name (1688.md §5.9)."""
        params = {"webSite": "1688", "tradeID": long(vendor_order_id), "cancelReason": "buyerCancel"}
        await self._result(CANCEL, params, bool)

    async def urge(self, vendor_order_id: str) -> None:
        """Ask the seller to ship, once in 24 hours (1688.md §5.9)."""
        await self._result(URGE, {"orderId": long(vendor_order_id)}, bool)

    async def refund_reasons(self, vendor_order_id: str, entry_ids: Sequence[str]) -> list[refunds.RefundReason]:
        """Why the money of an unshipped order may be asked back (1688.md §5.12)."""
        params = {
            "orderId": long(vendor_order_id),
            "orderEntryIds": [long(entry_id) for entry_id in entry_ids],
            "goodsStatus": _UNSHIPPED,
        }
        return (await self._result(REFUND_REASONS, params, refunds.RefundReasons)).reasons or []

    async def max_refund(self, vendor_order_id: str, counts: Mapping[str, int]) -> refunds.MaxRefund:
        """How much of an unshipped order may be asked back, by line and quantity (1688.md §5.12)."""
        asked = {
            "orderId": long(vendor_order_id),
            "goodsStatus": _UNSHIPPED,
            "refundGoodsCountList": [{"id": long(entry_id), "count": count} for entry_id, count in counts.items()],
        }
        return await self._result(MAX_REFUND, {"input": asked}, refunds.MaxRefund)

    async def create_refund(self, vendor_order_id: str, entry_ids: Sequence[str], params: Mapping[str, object]) -> str:
        """Ask for the money of an unshipped order; answers the refund's id (1688.md §5.12)."""
        asked = {
            **params,
            "orderId": long(vendor_order_id),
            "orderEntryIds": [long(entry_id) for entry_id in entry_ids],
            "disputeRequest": "refund",
            "goodsStatus": _UNSHIPPED,
        }
        return (await self._result(CREATE_REFUND, asked, refunds.CreatedRefund)).refund_id

    async def refund(self, refund_id: str) -> refunds.RefundInfo:
        """One refund, whatever became of it (1688.md §5.12)."""
        return (await self._result(REFUND, {"refundId": refund_id}, refunds.RefundDetail)).op_order_refund_model_detail

    async def refunds(self, vendor_order_id: str) -> list[refunds.RefundInfo]:
        """Refunds of an order, first those under way, then those that succeeded; no others are listed (§5.12)."""
        found: list[refunds.RefundInfo] = []
        for kind in (_UNDER_WAY, _SUCCEEDED):
            params = {"orderId": vendor_order_id, "queryType": kind}
            found += await self._call(REFUNDS, params, asked_back)
        return found

    async def renew(self) -> Tokens:
        """A new access token before the old one ends (1688.md §2)."""
        return await self._http.renew()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    def _crossing(self, params: Mapping[str, object]) -> dict[str, object]:
        return {**params, "isvBizType": self._settings.isv_biz_type}

    async def _result(self, api: Api, params: Mapping[str, object], shape: type[T]) -> T:
        return await self._call(
            api, params, lambda answer: answers.decoded(api, answer, answers.opened(api, answer), shape)
        )

    async def _call(self, api: Api, params: Mapping[str, object], judge: Callable[[Answer], T]) -> T:
        url = f"{self._settings.base_url}/openapi/param2/1/{api.namespace}/{api.name}/{self._settings.app_key}"
        call = Call(api.name, url, {key: text(value) for key, value in params.items()}, api.write, api.group)
        return await self._http.call(call, judge)


def text(value: object) -> str:
    """A parameter as it is sent and signed: scalars as text, the rest as JSON (1688.md §1.2)."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def long(number: str) -> int:
    """An id as the vendor's Long; raises Rejected if it cannot be one."""
    if not number.isdecimal():
        raise Rejected(f"{number!r} is no 1688 id, which is a number; check where it came from", vendor=VENDOR)
    return int(number)


def previewed(answer: Answer) -> list[wire.Preview]:
    """What a preview says; raises for an order of it that cannot be made (1688.md §5.2)."""
    parts = answers.decoded(PREVIEW, answer, answers.opened(PREVIEW, answer), list[wire.Preview])
    for part in parts:
        if part.status is False:
            raise answers.refusal(PREVIEW, answer, part.result_code or "", part.message or "")
        if None in (part.sum_payment, part.sum_carriage, part.sum_payment_no_carriage):
            raise answers.unreadable(PREVIEW, answer, "it names no sum")
    if not parts:
        raise answers.unreadable(PREVIEW, answer, "it names no order")
    return parts


def found(api: Api, answer: Answer) -> wire.FoundPage:
    """What a search found; both searches answer alike, and nothing found may come as null (1688.md §4.2)."""
    result = answers.opened(api, answer)
    return wire.FoundPage() if answers.is_null(result) else answers.decoded(api, answer, result, wire.FoundPage)


def parcels(answer: Answer) -> list[wire.LogisticsOrder]:
    """What is on its way."""
    result = _once_shipped(LOGISTICS, answer)
    return [] if answers.is_null(result) else answers.decoded(LOGISTICS, answer, result, list[wire.LogisticsOrder])


def traced(answer: Answer) -> list[wire.LogisticsTrace]:
    """What is told of it."""
    result = _once_shipped(TRACE, answer)
    return [] if answers.is_null(result) else answers.decoded(TRACE, answer, result, list[wire.LogisticsTrace])


def _once_shipped(api: Api, answer: Answer) -> msgspec.Raw:
    """A result about parcels; nothing yet comes as the error 500_2 or as an empty yes (1688.md §5.11, §3.2)."""
    try:
        return answers.opened(api, answer)
    except Rejected as refused:
        if refused.code == _NOT_SHIPPED_YET:
            return answers.NULL
        raise


def asked_back(answer: Answer) -> list[refunds.RefundInfo]:
    """The refunds of a list; how it says that there are none is not documented, so null and nothing both do."""
    result = answers.opened(REFUNDS, answer)
    if answers.is_null(result):
        return []
    return answers.decoded(REFUNDS, answer, result, refunds.OrderRefunds).op_order_refund_models or []


def created(answer: Answer) -> wire.Creation:
    """What was bought. Orders named anywhere count, before any verdict; none named and no refusal is unclear."""
    members = answers.from_gateway(CREATE, answer)
    nested = members.get("result", answers.NULL)
    for place in (nested, msgspec.Raw(answer.body)):
        if answers.is_null(place):
            continue
        creation = answers.decoded(CREATE, answer, place, wire.Creation)
        if creation.orders:
            return creation
        if creation.failed_offer_list:
            first = creation.failed_offer_list[0]
            raise answers.refusal(CREATE, answer, first.error_code or "", first.error_message or "")
    answers.opened(CREATE, answer)
    answers.opened(replace(CREATE, envelope=answers.A), answer)
    raise answers.unreadable(CREATE, answer, "it names no order")


def paid(answer: Answer) -> wire.Withholding:
    """Whether the money moved; a no is no proof, so it is not raised (1688.md §5.8)."""
    result = answers.from_gateway(PAY, answer).get("result", answers.NULL)
    verdict = answers.decoded(PAY, answer, result, wire.PaymentAnswer)
    if verdict.result is None and verdict.success is None:
        raise answers.unreadable(PAY, answer, "it holds no verdict")
    return verdict.result or wire.Withholding(pay_success=False)
