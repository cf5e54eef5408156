"""The vendor's side of the table: `syncbridge adapters check alibaba1688`."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import SecretStr

from syncbridge.adapters.alibaba1688 import adapter
from syncbridge.adapters.alibaba1688.mock.app import Mock1688
from syncbridge.adapters.alibaba1688.mock.pushes import signed_form
from syncbridge.adapters.alibaba1688.mock.records import NewOrder
from syncbridge.adapters.alibaba1688.mock.shop import checked_lines, set_price, take
from syncbridge.adapters.alibaba1688.mock.words import wire_offer
from syncbridge.adapters.alibaba1688.settings import Alibaba1688Settings
from syncbridge.adapters.alibaba1688.supplier import Alibaba1688Supplier
from syncbridge.adapters.alibaba1688.webhook import Alibaba1688Webhook
from syncbridge.adapters.http import Request
from syncbridge.model.catalog import Offer
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.model.purchasing import PurchaseDraft
from syncbridge.ports import Tokens
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.contracts.following import FollowsContract
from syncbridge.testing.contracts.receiving import ConfirmsContract, TracksDomesticContract
from syncbridge.testing.contracts.searching import SearchesContract
from syncbridge.testing.contracts.supplier import SupplierContract
from syncbridge.testing.contracts.webhook import WebhookContract
from syncbridge.testing.contracts.withdrawing import CancelsContract, RefundsContract, UrgesContract
from syncbridge.testing.faults import Fault, FaultTransport
from syncbridge.testing.wiring import MemoryVault, wiring_for

WRITES = (
    "alibaba.trade.createCrossOrder",
    "alibaba.trade.pay.protocolPay.preparePay",
    "alibaba.trade.cancel",
    "alibaba.trade.createRefund",
    "trade.receivegoods.confirm",
)


class Account:
    """One account of the mock, and our supplier connected to it."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.pushed: list[tuple[str, bytes]] = []
        self.push_answers: list[int] = []
        self.mock = Mock1688(self.clock, self._take_push)
        self.account = self.mock.state.add_account()
        self.faults: list[tuple[str, Fault]] = []
        self.losing = False
        self.settings = Alibaba1688Settings(
            app_key=self.account.app_key, app_secret=SecretStr(self.account.app_secret), offer_pool_id="1"
        )
        self.secrets = (self.account.app_secret, self.account.access_token, self.account.refresh_token)
        self.wiring = wiring_for(
            FaultTransport(self.mock.asgi(), self._decide),
            self.clock,
            Tokens(self.account.access_token, self.account.refresh_token),
        )
        self.connection = adapter.connect(self.settings, self.wiring)

    @property
    def supplier(self) -> Alibaba1688Supplier:
        assert isinstance(self.connection.supplier, Alibaba1688Supplier)
        return self.connection.supplier

    @property
    def vault(self) -> MemoryVault:
        assert isinstance(self.wiring.tokens, MemoryVault)
        return self.wiring.tokens

    def publish(self, offer: Offer) -> None:
        self.mock.state.publish(wire_offer(offer))

    def withdraw(self, offer_id: str) -> None:
        self.mock.state.withdraw(int(offer_id))

    def reprice(self, offer_id: str) -> int:
        before = len(self.mock.state.missed)  # messages nobody takes; no address is given here
        offer = self.mock.state.offers[int(offer_id)]
        set_price(offer, offer["productSkuInfos"][0]["specId"], "99.00")
        self.mock.pushes.price_changed(int(offer_id))
        return len(self.mock.state.missed) - before

    def refuse_orders(self) -> None:
        self.account.grants_orders = False

    def refuse_search(self) -> None:
        self.account.grants_search = False

    def vendor_orders(self) -> Mapping[str, object]:
        return {str(order_id): order for order_id, order in self.mock.state.orders.items()}

    def buy_on_the_page(self, draft: PurchaseDraft) -> str:
        cargo = [
            {"offerId": int(line.offer_id), "specId": line.spec_id, "quantity": line.quantity} for line in draft.lines
        ]
        lines = checked_lines(self.mock.state, cargo)
        take(self.mock.state, lines)
        (order,) = self.mock.state.buy(NewOrder(self.account, lines, {}, draft.note))
        return str(order.order_id)

    def ship(self, vendor_order_id: str, number: str) -> None:
        self.mock.state.ship(self.mock.state.order(int(vendor_order_id)), number, "圆通速递(YTO)")

    def tell(self, vendor_order_id: str, number: str, said: str, *, signed: bool) -> None:
        order = self.mock.state.order(int(vendor_order_id))
        self.mock.sellers.trace(order, number, "SIGN" if signed else "TRANSPORT", said)

    def answer_refund(self, vendor_order_id: str, *, agree: bool) -> None:
        self.mock.sellers.answer(self.mock.state.order(int(vendor_order_id)), agree=agree, reason="已发货")

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def limit_next_call(self) -> None:
        self.mock.state.fail("*", "rate_limit", 1)

    def lose_next_answer(self) -> None:
        self.losing = True

    def break_next(self, api: str, fault: Fault) -> None:
        self.faults.append((api, fault))

    def _decide(self, request: Request) -> Fault | None:
        if self.losing and any(f"/{api}/" in request.url.path for api in WRITES):
            self.losing = False
            return Fault.RESET
        for api, fault in self.faults:
            if f"/{api}/" in request.url.path:
                self.faults.remove((api, fault))
                return fault
        return None

    async def _take_push(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.pushed.append((url, body))
        return self.push_answers.pop(0) if self.push_answers else 200


class Pushes:
    """A message about a paid order, as the vendor sends it."""

    secret = "sesame"
    webhook = Alibaba1688Webhook(SecretStr(secret))

    def genuine(self) -> RawRequest:
        data = '{"orderId":167539019420540000,"currentStatus":"waitsellersend"}'
        message = '{"msgId":123456789,"gmtBorn":1728273600000,"type":"ORDER_BUYER_VIEW_ORDER_PAY","data":' + data + "}"
        headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
        return RawRequest(headers, "", signed_form(self.secret, {"message": message}))

    def kind(self) -> EventKind:
        return EventKind.PURCHASE_CHANGED


class TestAlibaba1688Supplier(
    SupplierContract,
    CancelsContract,
    RefundsContract,
    UrgesContract,
    SearchesContract,
    TracksDomesticContract,
    ConfirmsContract,
    FollowsContract,
):
    @pytest.fixture
    def harness(self) -> Account:
        account = Account()
        account.mock.state.switches.refund_delay_seconds = None
        return account


class TestAlibaba1688Webhook(WebhookContract):
    @pytest.fixture
    def harness(self) -> Pushes:
        return Pushes()
