"""The mock's other side: sellers, buyers on the page, couriers, and whoever breaks things. Unsigned JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import get_args

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from syncbridge.adapters.alibaba1688.mock import shop, topics
from syncbridge.adapters.alibaba1688.mock.accounts import TOKEN_LIFE
from syncbridge.adapters.alibaba1688.mock.params import Json
from syncbridge.adapters.alibaba1688.mock.pushes import Pushes
from syncbridge.adapters.alibaba1688.mock.quotas import Quota
from syncbridge.adapters.alibaba1688.mock.records import NewOrder, VendorOrder
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.seller import Sellers
from syncbridge.adapters.alibaba1688.mock.state import FaultName, State, Switches, yuan_text
from syncbridge.adapters.fault_plan import Planned

Act = Callable[[Json, Json], Json]

_CLOSINGS = {
    "seller": ("sellerGoodsLack", "CLOSE_TRADE_BY_SELLER", "ORDER_SELLER_CLOSE"),
    "bops": ("BUYER_NO_PAY", "CLOSE_TRADE_BY_BOPS", "ORDER_BOPS_CLOSE"),
}


class Control:
    """What tests, the demo and the simulation may do to the vendor's world; answers JSON, 400 with a reason if not."""

    def __init__(self, state: State, pushes: Pushes, sellers: Sellers) -> None:
        self._state = state
        self._pushes = pushes
        self._sellers = sellers

    def routes(self) -> list[Route]:
        """The routes under ``/_mock``."""
        acts: dict[str, Act] = {
            "/_mock/accounts": self.add_account,
            "/_mock/offers": self.publish,
            "/_mock/offers/{offer_id:int}/price": self.change_price,
            "/_mock/offers/{offer_id:int}/stock": self.change_stock,
            "/_mock/offers/{offer_id:int}/withdraw": self.withdraw,
            "/_mock/offers/{offer_id:int}/message": self.say_of_offer,
            "/_mock/orders": self.buy,
            "/_mock/orders/{order_id:int}/pay": self.pay,
            "/_mock/orders/{order_id:int}/ship": self.ship,
            "/_mock/orders/{order_id:int}/trace": self.trace,
            "/_mock/orders/{order_id:int}/renumber": self.renumber,
            "/_mock/orders/{order_id:int}/refund": self.answer_refund,
            "/_mock/orders/{order_id:int}/price": self.change_total,
            "/_mock/orders/{order_id:int}/close": self.close,
            "/_mock/orders/{order_id:int}/finish": self.finish,
            "/_mock/orders/{order_id:int}/message": self.say_of_order,
            "/_mock/faults": self.fail,
            "/_mock/seed": self.seed,
            "/_mock/quotas": self.limit,
            "/_mock/switches": self.switch,
        }
        return [Route(path, _answering(act), methods=["POST"]) for path, act in acts.items()]

    def add_account(self, path: Json, body: Json) -> Json:
        """A new buyer.

        Takes ``grants_orders``, ``grants_search``, ``webhook_url``, ``denied`` APIs,
        ``token_life_seconds`` (null: never), ``redirect_domain``, ``main_account``.
        """
        life = body.get("token_life_seconds", TOKEN_LIFE.total_seconds())
        account = self._state.add_account(
            grants_orders=body.get("grants_orders", True),
            grants_search=body.get("grants_search", True),
            webhook_url=body.get("webhook_url", ""),
            token_life=None if life is None else timedelta(seconds=life),
        )
        account.denied = frozenset(body.get("denied", account.denied))
        account.redirect_domain = body.get("redirect_domain", "")
        account.is_main = body.get("main_account", True)
        names = ("app_key", "app_secret", "access_token", "refresh_token", "member_id")
        return {name: getattr(account, name) for name in names}

    def publish(self, path: Json, body: Json) -> Json:
        """Put vendor wire objects into the shop and a ``pool``."""
        for offer in body["offers"]:
            missing = {"offerId", "status", "sellerOpenId", "productSaleInfo"} - offer.keys()
            if missing:
                raise ValueError(f"an offer lacks {sorted(missing)}")
            self._state.publish(offer, str(body.get("pool", "1")))
        return {"count": len(body["offers"])}

    def change_price(self, path: Json, body: Json) -> Json:
        """Set the ``price`` of ``spec_id``, in yuan."""
        shop.set_price(self._state.offers[path["offer_id"]], body["spec_id"], body["price"])
        self._pushes.price_changed(path["offer_id"])
        return {}

    def change_stock(self, path: Json, body: Json) -> Json:
        """Set the ``stock`` of ``spec_id``."""
        offer = self._state.offers[path["offer_id"]]
        change = shop.set_stock(offer, body["spec_id"], body["stock"])
        self._pushes.stock_changed(path["offer_id"], shop.sku_of(offer, body["spec_id"]), change)
        return {}

    def withdraw(self, path: Json, body: Json) -> Json:
        """Take an offer down."""
        self._state.withdraw(path["offer_id"])
        self._pushes.withdrawn(path["offer_id"])
        return {}

    def buy(self, path: Json, body: Json) -> Json:
        """A person buys on the page: ``access_token`` (any the account was given), ``lines``, ``message``, ``pay``."""
        account = next(each for each in self._state.accounts if each.was_given(body["access_token"]))
        cargo = [{**line, "offerId": int(line["offerId"])} for line in body["lines"]]
        lines = shop.checked_lines(self._state, cargo)
        shop.take(self._state, lines)
        orders = self._state.buy(NewOrder(account, lines, body.get("address", {}), body.get("message", "")))
        self._pushes.bought(orders)
        for order in orders if body.get("pay") else ():
            self._pay(order)
        return {"orderId": str(orders[0].order_id)}

    def pay(self, path: Json, body: Json) -> Json:
        """A person pays on the page."""
        self._pay(self._state.order(path["order_id"]))
        return {}

    def ship(self, path: Json, body: Json) -> Json:
        """The supplier sends a parcel: ``number`` (none: 不需要物流), ``company``, ``lines`` (from 0; all)."""
        order = self._state.order(path["order_id"])
        self._sellers.ship(order, body.get("number", ""), body.get("company", ""), body.get("lines", ()))
        return {}

    def trace(self, path: Json, body: Json) -> Json:
        """A courier tells of a parcel: ``number``, ``changed`` as messages have it, ``remark``."""
        order = self._state.order(path["order_id"])
        self._sellers.trace(order, body["number"], body["changed"], body["remark"])
        return {}

    def renumber(self, path: Json, body: Json) -> Json:
        """The supplier corrects a ``number`` into a ``new`` one."""
        self._sellers.renumber(self._state.order(path["order_id"]), body["number"], body["new"])
        return {}

    def answer_refund(self, path: Json, body: Json) -> Json:
        """The supplier answers the refund under way now: ``agree``, and a ``reason`` if not."""
        order = self._state.order(path["order_id"])
        self._sellers.answer(order, agree=body["agree"], reason=body.get("reason", "已发货"))
        return {}

    def change_total(self, path: Json, body: Json) -> Json:
        """The supplier makes an unpaid order cheaper or dearer: ``discount`` off the goods, ``freight``, in yuan."""
        order = self._state.order(path["order_id"])
        discount = _fen(body.get("discount", yuan_text(order.discount_fen)))
        freight = _fen(body.get("freight", yuan_text(order.freight_fen)))
        self._state.change_total(order, discount, freight)
        self._pushes.order_changed(order, "ORDER_PRICE_MODIFY")
        return {"total": yuan_text(order.total_fen)}

    def close(self, path: Json, body: Json) -> Json:
        """The supplier, or the platform because nobody paid, closes an unpaid order: ``by`` seller or bops."""
        reason, by, topic = _CLOSINGS[body["by"]]
        order = self._state.order(path["order_id"])
        if order.status != "waitbuyerpay":
            raise BusinessRefusal("ORDER_STATUS_ERROR", order.status)
        self._state.close(order, reason, by)
        self._pushes.order_changed(order, topic)
        return {}

    def finish(self, path: Json, body: Json) -> Json:
        """The sale of a shipped order is over."""
        order = self._state.order(path["order_id"])
        self._state.finish(order)
        self._pushes.order_changed(order, "ORDER_SUCCESS")
        return {}

    def say_of_order(self, path: Json, body: Json) -> Json:
        """Send a message of a ``topic`` about an order, whatever is true; of ORDER_BATCH_PAY also a ``status``."""
        order = self._state.order(path["order_id"])
        if body["topic"] == topics.BATCH_PAY:
            self._pushes.paid_in_a_batch(order, body.get("status", "successed"))
        else:
            self._pushes.order_said(order, body["topic"])
        return {}

    def say_of_offer(self, path: Json, body: Json) -> Json:
        """Send a message of a ``topic`` about an offer, whatever is true; of …_CHANGE also an ``action``."""
        if body["topic"] not in (*topics.RELATIONS, topics.CHANGE):
            raise ValueError(f"{body['topic']!r} is none of {(*topics.RELATIONS, topics.CHANGE)}")
        self._state.offers[path["offer_id"]]
        self._pushes.offer_changed(path["offer_id"], body["topic"], body.get("action", "modify"))
        return {}

    def fail(self, path: Json, body: Json) -> Json:
        """Let calls of ``api`` meet a ``fault``: the ``call``-th, the next ``count``, or with a ``probability``."""
        if body["fault"] not in get_args(FaultName):
            raise ValueError(f"{body['fault']!r} is none of {get_args(FaultName)}")
        moments = {name: body[name] for name in ("call", "count", "probability") if name in body} or {"count": 1}
        self._state.faults.add(Planned(body["api"], body["fault"], **moments))
        return {}

    def seed(self, path: Json, body: Json) -> Json:
        """Begin chance anew, from a ``seed``."""
        self._state.faults.seed(body["seed"])
        return {}

    def limit(self, path: Json, body: Json) -> Json:
        """Let ``api`` (or ``*``, all together) be called ``calls`` times, ``within_seconds`` or ever."""
        within = body.get("within_seconds")
        self._state.quotas[body["api"]] = Quota(body["calls"], None if within is None else timedelta(seconds=within))
        return {}

    def switch(self, path: Json, body: Json) -> Json:
        """Set switches by name."""
        known = {each.name for each in fields(Switches)}
        for name, value in body.items():
            if name not in known:
                raise ValueError(f"{name!r} is none of {sorted(known)}")
            setattr(self._state.switches, name, value)
        return {}

    def _pay(self, order: VendorOrder) -> None:
        self._state.pay(order)
        self._pushes.order_changed(order, "ORDER_PAY")


def _fen(yuan: str) -> int:
    return int(Decimal(yuan).scaleb(2))


def _answering(act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(act(request.path_params, msgspec.json.decode(await request.body() or b"{}")))
        except (BusinessRefusal, LookupError, TypeError, ValueError, InvalidOperation, StopIteration) as error:
            return JSONResponse({"error": repr(error)}, status_code=400)

    return endpoint
