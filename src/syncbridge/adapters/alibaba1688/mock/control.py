"""The mock's other side: sellers, buyers on the page, couriers, and whoever breaks things. Unsigned JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import get_args

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from syncbridge.adapters.alibaba1688.mock import shop
from syncbridge.adapters.alibaba1688.mock.params import Json
from syncbridge.adapters.alibaba1688.mock.pushes import Pushes
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.seller import Sellers
from syncbridge.adapters.alibaba1688.mock.state import FaultName, NewOrder, State, Switches, VendorOrder

Act = Callable[[Json, Json], Json]


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
            "/_mock/orders": self.buy,
            "/_mock/orders/{order_id:int}/pay": self.pay,
            "/_mock/orders/{order_id:int}/ship": self.ship,
            "/_mock/orders/{order_id:int}/trace": self.trace,
            "/_mock/orders/{order_id:int}/renumber": self.renumber,
            "/_mock/orders/{order_id:int}/refund": self.answer_refund,
            "/_mock/faults": self.fail,
            "/_mock/switches": self.switch,
        }
        return [Route(path, _answering(act), methods=["POST"]) for path, act in acts.items()]

    def add_account(self, path: Json, body: Json) -> Json:
        """A new buyer: ``grants_orders``, ``grants_search``, ``webhook_url``."""
        account = self._state.add_account(
            grants_orders=body.get("grants_orders", True),
            grants_search=body.get("grants_search", True),
            webhook_url=body.get("webhook_url", ""),
        )
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

    def fail(self, path: Json, body: Json) -> Json:
        """Let the next ``count`` calls of ``api`` meet a ``fault``."""
        if body["fault"] not in get_args(FaultName):
            raise ValueError(f"{body['fault']!r} is none of {get_args(FaultName)}")
        self._state.fail(body["api"], body["fault"], body.get("count", 1))
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


def _answering(act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(act(request.path_params, msgspec.json.decode(await request.body() or b"{}")))
        except (BusinessRefusal, KeyError, ValueError, StopIteration, msgspec.DecodeError) as error:
            return JSONResponse({"error": repr(error)}, status_code=400)

    return endpoint
