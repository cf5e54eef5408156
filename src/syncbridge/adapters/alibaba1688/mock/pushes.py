"""Messages the mock sends: signed, unordered, and again if nobody took them (1688.md §6.1)."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable
from urllib.parse import urlencode

import msgspec

from syncbridge.adapters.alibaba1688.mock import topics
from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Json
from syncbridge.adapters.alibaba1688.mock.records import Line, Message, Refund, VendorOrder
from syncbridge.adapters.alibaba1688.mock.state import State
from syncbridge.adapters.alibaba1688.mock.views import CHINA, seller_member_id
from syncbridge.ports import Push

_TRIES = 4
_SPACING = 1.0


class Pushes:
    """Tells accounts what happened, in the background."""

    def __init__(self, state: State, push: Push) -> None:
        self._state = state
        self._push = push
        self._count = 0
        self._going: set[asyncio.Task[None]] = set()

    def price_changed(self, offer_id: int) -> None:
        """Say that a price changed, but not to what (1688.md §6.2)."""
        self._to_followers(offer_id, topics.PRICE, {"productId": offer_id, "msgSendTime": self._send_time()})

    def stock_changed(self, offer_id: int, sku: Json, change: int) -> None:
        """Say by how much the stock of a SKU changed."""
        offer = self._state.offers[offer_id]
        entry = {
            "offerId": offer_id,
            "offerOnSale": int(offer["productSaleInfo"].get("amountOnSale") or 0),
            "skuId": int(sku["skuId"]) if sku.get("skuId") else None,
            "skuOnSale": int(sku["amountOnSale"]),
            "quantity": change,
            "bizTime": str(self._now_ms()),
        }
        self._to_followers(offer_id, topics.INVENTORY, {"OfferInventoryChangeList": [entry]})

    def withdrawn(self, offer_id: int) -> None:
        """Say that an offer was taken down."""
        self.offer_changed(offer_id, "PRODUCT_RELATION_VIEW_PRODUCT_EXPIRE")

    def offer_changed(self, offer_id: int, topic: str, action: str = "") -> None:
        """Say that something became of an offer; ValueError for an action the documents do not know."""
        self._to_followers(offer_id, topic, topics.relation(topic, offer_id, self._send_time(), action))

    def paid_in_a_batch(self, order: VendorOrder, status: str) -> None:
        """Say how paying with others went; ValueError for a status the documents do not know."""
        self._send(order.account, topics.BATCH_PAY, topics.batch_pay(order.order_id, status))

    def order_said(self, order: VendorOrder, topic: str) -> None:
        """Say of an order what the documents let this topic say, whatever is true."""
        status = topics.ORDERS[topic] or order.status
        self._send(order.account, topic, self._about(order) | {"currentStatus": status})

    def order_changed(self, order: VendorOrder, topic: str) -> None:
        """Tell the buyer of an order where it stands; the id is a number."""
        self._send(order.account, f"ORDER_BUYER_VIEW_{topic}", self._about(order))

    def refund_changed(self, order: VendorOrder, refund: Refund, action: str, operator: str) -> None:
        """Tell the buyer what was done about a refund; the status is the refund's, as in the vendor's sample."""
        data = self._about(order) | {
            "currentStatus": refund.status,
            "refundAction": action,
            "operator": operator,
            "refundId": refund.refund_id,
        }
        self._send(order.account, topics.AFTER_SALES if refund.after_sale else topics.IN_SALES, data)

    def parcel_moved(self, order: VendorOrder, parcel: Json, changed: str) -> None:
        """Tell that the status of a domestic parcel changed."""
        model = {
            "logisticsId": parcel["id"],
            "cpCode": parcel["company"],
            "mailNo": parcel["number"],
            "statusChanged": changed,
            "changeTime": self._send_time(),
            "orderLogsItems": _entries(order, parcel),
        }
        self._send(order.account, "LOGISTICS_BUYER_VIEW_TRACE", {"OrderLogisticsTracingModel": model})

    def number_changed(self, order: VendorOrder, parcel: Json, old: str) -> None:
        """Tell that a domestic parcel has another number."""
        model = {
            "logisticsId": parcel["id"],
            "oldCpCode": parcel["company"],
            "newCpCode": parcel["company"],
            "oldMailNo": old,
            "newMailNo": parcel["number"],
            "eventTime": self._send_time(),
            "orderLogsItems": _entries(order, parcel),
        }
        self._send(order.account, "LOGISTICS_MAIL_NO_CHANGE", {"MailNoChangeModel": model})

    def bought(self, orders: Iterable[VendorOrder]) -> None:
        """Say that orders were made, and that they took stock."""
        for order in orders:
            self.order_changed(order, "BUYER_MAKE")
            for line in order.lines:
                self._taken(line)

    def _about(self, order: VendorOrder) -> Json:
        return {
            "orderId": order.order_id,
            "currentStatus": order.status,
            "msgSendTime": self._send_time(),
            "buyerMemberId": order.account.member_id,
            "sellerMemberId": seller_member_id(self._state, order),
        }

    def _taken(self, line: Line) -> None:
        offer = self._state.offers[line.offer_id]
        skus = offer.get("productSkuInfos") or [offer["productSaleInfo"]]
        sku = next((each for each in skus if each.get("specId", "") == line.spec_id), skus[0])
        self.stock_changed(line.offer_id, sku, -line.quantity)

    def _to_followers(self, offer_id: int, topic: str, data: Json) -> None:
        for account in self._state.accounts:
            if offer_id in account.follows:
                self._send(account, topic, {**data, "memberId": account.member_id})

    def _send(self, account: Account, topic: str, data: Json) -> None:
        self._count += 1
        message = Message(self._count, account, topic, self._state.clock.now(), data)
        if not account.webhook_url:
            self._state.missed.append(message)
            return
        task = asyncio.create_task(self._deliver(message))
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    async def _deliver(self, message: Message) -> None:
        body = signed_form(message.account.app_secret, {"message": msgspec.json.encode(envelope(message)).decode()})
        headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
        for attempt in range(_TRIES):
            if attempt:
                await self._state.clock.sleep(_SPACING)
            if 200 <= await self._push(message.account.webhook_url, body, headers) < 300:
                return
        self._state.missed.append(message)

    def _now_ms(self) -> int:
        return int(self._state.clock.now().timestamp() * 1000)

    def _send_time(self) -> str:
        return f"{self._state.clock.now().astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def envelope(message: Message) -> Json:
    """A message as it is sent (1688.md §6.1)."""
    return {
        "msgId": message.msg_id,
        "gmtBorn": int(message.born.timestamp() * 1000),
        "type": message.topic,
        "userInfo": message.account.member_id,
        "data": message.data,
    }


def _entries(order: VendorOrder, parcel: Json) -> list[Json]:
    return [{"orderId": order.order_id, "orderEntryId": entry} for entry in parcel["entries"]]


def signed_form(secret: str, params: dict[str, str]) -> bytes:
    """A form with its signature, which no path is part of."""
    return urlencode({**params, "_aop_signature": sign(secret, "", params)}).encode()


def sign(secret: str, url_path: str, params: dict[str, str]) -> str:
    """The vendor's side of the signature (1688.md §1.3): sorted joined pairs after the path."""
    joined = sorted(key + value for key, value in params.items() if key != "_aop_signature")
    return hmac.new(secret.encode(), (url_path + "".join(joined)).encode(), "sha1").hexdigest().upper()
