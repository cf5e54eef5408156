"""The mock's own API, unsigned: open accounts, let buyers buy, plan failures, read the books."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from syncbridge.adapters.aliexpress.mock.buying import (
    Basket,
    Home,
    Wish,
    accept_cancel,
    ask_to_cancel,
    buy,
    change_address,
    withdraw_cancel,
)
from syncbridge.adapters.aliexpress.mock.old_store import OldProduct, stock_up
from syncbridge.adapters.aliexpress.mock.pushing import Announcer, message
from syncbridge.adapters.aliexpress.mock.selling import Edit, delete, edit
from syncbridge.adapters.aliexpress.mock.shipping import told
from syncbridge.adapters.aliexpress.mock.world import Account, FaultName, Order, Product, World

P = TypeVar("P")
Payload = dict[str, object]


class _Asked(msgspec.Struct, forbid_unknown_fields=True):
    """What a control call says; a word it does not know is refused."""


class _NewAccount(_Asked):
    webhook_url: str = ""


class _Settings(_Asked):
    audit_seconds: Annotated[float, Meta(ge=0)] | None = None
    refresh_grace: bool | None = None
    reads_without_number: Annotated[int, Meta(ge=0)] | None = None
    labels_without_body: Annotated[int, Meta(ge=0)] | None = None
    declared_keys: Literal["camel", "snake"] | None = None


class _NewOrder(_Asked):
    access_token: str
    lines: list[Wish]
    order_id: Annotated[str, Meta(pattern=r"^\d{16}$")] | None = None
    address: Home = msgspec.field(default_factory=Home)
    status: Annotated[str, Meta(min_length=1)] = "WAIT_SELLER_SEND_GOODS"
    ship_within_hours: float = 72
    push: bool = True


class _NewStatus(_Asked):
    status: Annotated[str, Meta(min_length=1)]
    end_reason: str = ""
    push: bool = True


class _CancelAsked(_Asked):
    reason: str = "no longer needed"
    push: bool = True


class _CancelAnswered(_Asked):
    push: bool = True


class _NewAddress(_Asked):
    address: dict[str, str]
    push: bool = True


class _PushAgain(_Asked):
    times: Annotated[int, Meta(ge=1)] = 1
    forged: bool = False


class _Moved(_Asked):
    action_code: str
    event_desc: str = ""
    address: str = ""


class _Rebooked(_Asked):
    number: str = ""
    closed: bool = False


class _OldStore(_Asked):
    access_token: str
    products: list[OldProduct]


class _NewFault(_Asked):
    api: str
    fault: FaultName
    count: Annotated[int, Meta(ge=1)] = 1


class Control:
    """The routes under ``/_mock`` and ``/_books``."""

    def __init__(self, world: World, announcer: Announcer) -> None:
        self._world = world
        self._announcer = announcer

    def routes(self) -> list[Route]:
        """What is served."""
        return [
            _route("/_mock/accounts", _NewAccount, self._open_account),
            _route("/_mock/settings", _Settings, self._set),
            _route("/_mock/orders", _NewOrder, self._buy),
            _route("/_mock/orders/{order_id:int}/status", _NewStatus, self._change),
            _route("/_mock/orders/{order_id:int}/ask_to_cancel", _CancelAsked, self._ask_to_cancel),
            _route("/_mock/orders/{order_id:int}/accept_cancel", _CancelAnswered, self._accept_cancel),
            _route("/_mock/orders/{order_id:int}/withdraw_cancel", _CancelAnswered, self._withdraw_cancel),
            _route("/_mock/orders/{order_id:int}/address", _NewAddress, self._change_address),
            _route("/_mock/orders/{order_id:int}/push", _PushAgain, self._push),
            _route("/_mock/products", _OldStore, self._stock_up),
            _route("/_mock/products/{product_id:int}/edit", Edit, self._edit),
            _route("/_mock/products/{product_id:int}/delete", _Asked, self._delete),
            _route("/_mock/parcels/{number}/event", _Moved, self._move),
            _route("/_mock/warehouse_orders/{warehouse_order_id:int}", _Rebooked, self._rebook),
            _route("/_mock/faults", _NewFault, self._plan),
            Route("/_books", self._show_books, methods=["GET"]),
        ]

    async def _open_account(self, request: Request, asked: _NewAccount) -> Payload:
        account = self._world.open_account(asked.webhook_url)
        return {
            "app_key": account.app_key,
            "app_secret": account.app_secret,
            "access_token": account.access_token,
            "refresh_token": account.refresh_token,
            "seller_id": account.seller_id,
        }

    async def _set(self, request: Request, asked: _Settings) -> Payload:
        chosen = {name: value for name in asked.__struct_fields__ if (value := getattr(asked, name)) is not None}
        for name, value in chosen.items():
            setattr(self._world, name, value)
        return {name: getattr(self._world, name) for name in asked.__struct_fields__}

    async def _buy(self, request: Request, asked: _NewOrder) -> Payload:
        account = self._account(asked.access_token)
        basket = Basket(asked.lines, asked.address, asked.status, asked.ship_within_hours, asked.order_id)
        order = buy(self._world, account, basket)
        if asked.push:
            self._announcer.announce(account, order)
        return {"order_id": str(order.order_id)}

    async def _change(self, request: Request, asked: _NewStatus) -> Payload:
        account, order = self._named(request)
        self._world.change(order, asked.status, asked.end_reason)
        return self._changed(account, order, push=asked.push)

    async def _ask_to_cancel(self, request: Request, asked: _CancelAsked) -> Payload:
        account, order = self._named(request)
        ask_to_cancel(self._world, order, asked.reason)
        return self._changed(account, order, push=asked.push)

    async def _accept_cancel(self, request: Request, asked: _CancelAnswered) -> Payload:
        account, order = self._named(request)
        accept_cancel(self._world, order)
        return self._changed(account, order, push=asked.push)

    async def _withdraw_cancel(self, request: Request, asked: _CancelAnswered) -> Payload:
        account, order = self._named(request)
        withdraw_cancel(self._world, order)
        return self._changed(account, order, push=asked.push)

    async def _change_address(self, request: Request, asked: _NewAddress) -> Payload:
        account, order = self._named(request)
        change_address(self._world, order, asked.address)
        return self._changed(account, order, push=asked.push)

    def _changed(self, account: Account, order: Order, *, push: bool) -> Payload:
        if push:
            self._announcer.announce(account, order)
        return {"order_id": str(order.order_id), "status": order.status}

    async def _push(self, request: Request, asked: _PushAgain) -> Payload:
        account, order = self._named(request)
        if not account.webhook_url:
            raise ValueError("the account has no webhook_url")
        body = message(account, order)
        return {"answers": [await self._announcer.send(account, body, forged=asked.forged) for _ in range(asked.times)]}

    async def _stock_up(self, request: Request, asked: _OldStore) -> Payload:
        return {"product_ids": stock_up(self._world, self._account(asked.access_token), asked.products)}

    async def _edit(self, request: Request, asked: Edit) -> Payload:
        product = self._product(request)
        edit(self._world, product, asked)
        return {"product_id": str(product.product_id)}

    async def _delete(self, request: Request, asked: _Asked) -> Payload:
        product = self._product(request)
        delete(self._world, product)
        return {"product_id": str(product.product_id)}

    async def _move(self, request: Request, asked: _Moved) -> Payload:
        number = request.path_params["number"]
        told(self._world, number, asked.action_code, asked.event_desc, asked.address)
        return {"number": number, "events": len(self._world.trails[number])}

    async def _rebook(self, request: Request, asked: _Rebooked) -> Payload:
        given = request.path_params["warehouse_order_id"]
        found = next((one for one in self._world.warehouse_orders if one.warehouse_order_id == given), None)
        if found is None:
            raise ValueError("there is no such warehouse order")
        found.first_number, found.number = found.first_number or found.number, asked.number or found.number
        found.status = "closed" if asked.closed else found.status
        return {"warehouse_order_id": str(given), "number": found.number, "status": found.status}

    async def _plan(self, request: Request, asked: _NewFault) -> Payload:
        self._world.plan_fault(asked.api, asked.fault, asked.count)
        return {"api": asked.api, "fault": asked.fault, "count": asked.count}

    async def _show_books(self, request: Request) -> Response:
        return JSONResponse(books(self._world))

    def _account(self, access_token: str) -> Account:
        account = self._world.account_once_opened_by(access_token)
        if account is None:
            raise ValueError("no account ever had this access_token")
        return account

    def _product(self, request: Request) -> Product:
        product = self._world.products.get(request.path_params["product_id"])
        if product is None:
            raise ValueError("there is no such product")
        return product

    def _named(self, request: Request) -> tuple[Account, Order]:
        order = self._world.orders.get(request.path_params["order_id"])
        if order is None:
            raise ValueError("there is no such order")
        (account,) = (account for account in self._world.accounts if account.seller_id == order.seller_id)
        return account, order


def books(world: World) -> Payload:
    """What the vendor's ledger says."""
    now = world.now()
    return {
        "products": [
            {
                "product_id": str(product.product_id),
                "status": product.status(now),
                "title": product.title,
                "skus": [
                    {
                        "id": sku.id,
                        "sku_code": sku.sku_code,
                        "price": sku.price,
                        "discount": sku.discount,
                        "stock": sku.stock,
                        "former_prices": sku.former_prices,
                    }
                    for sku in product.skus
                ],
                "quotes": product.quotes,
                "price_calls": product.price_calls,
                "stock_calls": product.stock_calls,
            }
            for product in world.products.values()
        ],
        "orders": [
            {
                "order_id": str(order.order_id),
                "status": order.status,
                "end_reason": order.end_reason,
                "cancel_asked_at": _time(order.cancel_asked_at),
                "cancelled_at": _time(order.cancelled_at),
                "address_changed_at": [_time(at) for at in order.address_changed_at],
                "lines": [{"sku_code": line.sku_code, "quantity": line.quantity} for line in order.lines],
                "declarations": [
                    {
                        "service_name": parcel.service_name,
                        "logistics_no": parcel.logistics_no,
                        "send_type": parcel.send_type,
                        "former": list(parcel.former),
                    }
                    for parcel in order.declarations
                ],
            }
            for order in world.orders.values()
        ],
        "warehouse_orders": [
            {
                "warehouse_order_id": str(one.warehouse_order_id),
                "order_id": str(one.order_id),
                "service": one.service,
                "domestic_no": one.domestic_no,
                "number": one.number,
                "status": one.status,
                "labels_asked": one.labels_asked,
            }
            for one in world.warehouse_orders
        ],
        "calls": dict(world.calls),
        "refused": dict(world.refused),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _route(path: str, shape: type[P], act: Callable[[Request, P], Awaitable[Payload]]) -> Route:
    async def answer(request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await request.body() or b"{}", type=shape)
            return JSONResponse(await act(request, asked))
        except (ValueError, msgspec.DecodeError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return Route(path, answer, methods=["POST"])
