"""The mock's own API, unsigned: open accounts, let buyers buy, plan failures, read the books."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from syncbridge.adapters.aliexpress.mock import control_words as words
from syncbridge.adapters.aliexpress.mock.books import books
from syncbridge.adapters.aliexpress.mock.buying import (
    Basket,
    accept_cancel,
    ask_to_cancel,
    buy,
    change_address,
    withdraw_cancel,
)
from syncbridge.adapters.aliexpress.mock.issues import open_issue
from syncbridge.adapters.aliexpress.mock.limits import Quota
from syncbridge.adapters.aliexpress.mock.old_store import stock_up
from syncbridge.adapters.aliexpress.mock.order_book import Order
from syncbridge.adapters.aliexpress.mock.pushing import Announcer, message
from syncbridge.adapters.aliexpress.mock.reviews import review
from syncbridge.adapters.aliexpress.mock.selling import Edit, delete, edit
from syncbridge.adapters.aliexpress.mock.shipping import told
from syncbridge.adapters.aliexpress.mock.world import Account, Product, World
from syncbridge.adapters.fault_plan import Planned

P = TypeVar("P")
Payload = dict[str, object]


class Control:
    """The routes under ``/_mock`` and ``/_books``."""

    def __init__(self, world: World, announcer: Announcer) -> None:
        self._world = world
        self._announcer = announcer

    def routes(self) -> list[Route]:
        """What is served."""
        return [
            _route("/_mock/accounts", words.NewAccount, self._open_account),
            _route("/_mock/accounts/{app_key}", words.ChangedAccount, self._change_account),
            _route("/_mock/quota", words.NewQuota, self._limit),
            _route("/_mock/orders/{order_id:int}/issue", words.NewIssue, self._dispute),
            _route("/_mock/orders/{order_id:int}/review", words.NewReview, self._review),
            _route("/_mock/settings", words.Settings, self._set),
            _route("/_mock/orders", words.NewOrder, self._buy),
            _route("/_mock/orders/{order_id:int}/status", words.NewStatus, self._change),
            _route("/_mock/orders/{order_id:int}/ask_to_cancel", words.CancelAsked, self._ask_to_cancel),
            _route("/_mock/orders/{order_id:int}/accept_cancel", words.CancelAnswered, self._accept_cancel),
            _route("/_mock/orders/{order_id:int}/withdraw_cancel", words.CancelAnswered, self._withdraw_cancel),
            _route("/_mock/orders/{order_id:int}/address", words.NewAddress, self._change_address),
            _route("/_mock/orders/{order_id:int}/push", words.PushAgain, self._push),
            _route("/_mock/products", words.OldStore, self._stock_up),
            _route("/_mock/products/{product_id:int}/edit", Edit, self._edit),
            _route("/_mock/products/{product_id:int}/delete", words.Asked, self._delete),
            _route("/_mock/parcels/{number}/event", words.Moved, self._move),
            _route("/_mock/warehouse_orders/{warehouse_order_id:int}", words.Rebooked, self._rebook),
            _route("/_mock/faults", words.NewFault, self._plan),
            _route("/_mock/seed", words.NewSeed, self._seed),
            Route("/_books", self._show_books, methods=["GET"]),
        ]

    async def _open_account(self, request: Request, asked: words.NewAccount) -> Payload:
        account = self._world.open_account(asked.webhook_url)
        _take(account, asked)
        if account.in_test:
            self._world.authorise(account)  # with tokens of a day
        return {
            "app_key": account.app_key,
            "app_secret": account.app_secret,
            "access_token": account.access_token,
            "refresh_token": account.refresh_token,
            "seller_id": account.seller_id,
        }

    async def _change_account(self, request: Request, asked: words.ChangedAccount) -> Payload:
        account = self._world.account_of_app(request.path_params["app_key"])
        if account is None:
            raise ValueError("there is no app of this key")
        _take(account, asked)
        return {name: getattr(account, name) for name in asked.__struct_fields__}

    async def _limit(self, request: Request, asked: words.NewQuota) -> Payload:
        limits = msgspec.structs.asdict(asked)
        self._world.quota = Quota(**limits)
        return limits

    async def _dispute(self, request: Request, asked: words.NewIssue) -> Payload:
        account, order = self._named(request)
        amount = Decimal(asked.amount) if asked.amount else None
        issue = open_issue(self._world, order, asked.reason, asked.kind, amount)
        return {"issue_id": str(issue.number), **self._changed(account, order, push=asked.push)}

    async def _review(self, request: Request, asked: words.NewReview) -> Payload:
        _, order = self._named(request)
        review(self._world, order, asked.stars, asked.words)
        return {"order_id": str(order.order_id)}

    async def _set(self, request: Request, asked: words.Settings) -> Payload:
        chosen = {name: value for name in asked.__struct_fields__ if (value := getattr(asked, name)) is not None}
        for name, value in chosen.items():
            setattr(self._world, name, value)
        return {name: getattr(self._world, name) for name in asked.__struct_fields__}

    async def _buy(self, request: Request, asked: words.NewOrder) -> Payload:
        account = self._account(asked.access_token)
        basket = Basket(asked.lines, asked.address, asked.status, asked.ship_within_hours, asked.order_id)
        order = buy(self._world, account, basket)
        if asked.push:
            self._announcer.announce(account, order)
        return {"order_id": str(order.order_id)}

    async def _change(self, request: Request, asked: words.NewStatus) -> Payload:
        account, order = self._named(request)
        self._world.change(order, asked.status, asked.end_reason)
        return self._changed(account, order, push=asked.push)

    async def _ask_to_cancel(self, request: Request, asked: words.CancelAsked) -> Payload:
        account, order = self._named(request)
        ask_to_cancel(self._world, order, asked.reason)
        return self._changed(account, order, push=asked.push)

    async def _accept_cancel(self, request: Request, asked: words.CancelAnswered) -> Payload:
        account, order = self._named(request)
        accept_cancel(self._world, order)
        return self._changed(account, order, push=asked.push)

    async def _withdraw_cancel(self, request: Request, asked: words.CancelAnswered) -> Payload:
        account, order = self._named(request)
        withdraw_cancel(self._world, order)
        return self._changed(account, order, push=asked.push)

    async def _change_address(self, request: Request, asked: words.NewAddress) -> Payload:
        account, order = self._named(request)
        change_address(self._world, order, asked.address)
        return self._changed(account, order, push=asked.push)

    def _changed(self, account: Account, order: Order, *, push: bool) -> Payload:
        if push:
            self._announcer.announce(account, order)
        return {"order_id": str(order.order_id), "status": order.status}

    async def _push(self, request: Request, asked: words.PushAgain) -> Payload:
        account, order = self._named(request)
        if not account.webhook_url:
            raise ValueError("the account has no webhook_url")
        body = message(account, order)
        return {"answers": [await self._announcer.send(account, body, forged=asked.forged) for _ in range(asked.times)]}

    async def _stock_up(self, request: Request, asked: words.OldStore) -> Payload:
        return {"product_ids": stock_up(self._world, self._account(asked.access_token), asked.products)}

    async def _edit(self, request: Request, asked: Edit) -> Payload:
        product = self._product(request)
        edit(self._world, product, asked)
        return {"product_id": str(product.product_id)}

    async def _delete(self, request: Request, asked: words.Asked) -> Payload:
        product = self._product(request)
        delete(self._world, product)
        return {"product_id": str(product.product_id)}

    async def _move(self, request: Request, asked: words.Moved) -> Payload:
        number = request.path_params["number"]
        told(self._world, number, asked.action_code, asked.event_desc, asked.address)
        return {"number": number, "events": len(self._world.trails[number])}

    async def _rebook(self, request: Request, asked: words.Rebooked) -> Payload:
        given = request.path_params["warehouse_order_id"]
        found = next((one for one in self._world.warehouse_orders if one.warehouse_order_id == given), None)
        if found is None:
            raise ValueError("there is no such warehouse order")
        found.first_number, found.number = found.first_number or found.number, asked.number or found.number
        found.status = "closed" if asked.closed else found.status
        return {"warehouse_order_id": str(given), "number": found.number, "status": found.status}

    async def _plan(self, request: Request, asked: words.NewFault) -> Payload:
        is_moment_said = (asked.call, asked.count, asked.probability) != (None, None, None)
        count = asked.count if is_moment_said else 1
        self._world.faults.add(Planned(asked.api, asked.fault, asked.call, count, asked.probability))
        return msgspec.structs.asdict(asked)

    async def _seed(self, request: Request, asked: words.NewSeed) -> Payload:
        self._world.faults.seed(asked.seed)
        return {"seed": asked.seed}

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


def _take(account: Account, asked: words.ChangedAccount) -> None:
    for name, value in msgspec.structs.asdict(asked).items():
        if value is not None:
            setattr(account, name, value)


def _route(path: str, shape: type[P], act: Callable[[Request, P], Awaitable[Payload]]) -> Route:
    async def answer(request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await request.body() or b"{}", type=shape)
            return JSONResponse(await act(request, asked))
        except (ValueError, msgspec.DecodeError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return Route(path, answer, methods=["POST"])
