"""The vendor's side of the table: `syncbridge adapters check aliexpress`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace

import pytest

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.channel import AliExpressChannel
from syncbridge.adapters.aliexpress.mock import AliExpressMock
from syncbridge.adapters.aliexpress.mock.buying import (
    Basket,
    Home,
    Wish,
    accept_cancel,
    ask_to_cancel,
    buy,
    change_address,
)
from syncbridge.adapters.aliexpress.mock.pushing import message
from syncbridge.adapters.aliexpress.mock.shipping import told
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.aliexpress.shop_type import SHOP_TYPE
from syncbridge.adapters.aliexpress.webhook import AliExpressWebhook, signature
from syncbridge.adapters.http import Request
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.model.orders import BuyerAddress, Order
from syncbridge.model.shipping import Declared, Movement, ParcelDraft, Shipment
from syncbridge.ports import Clock, Tokens
from syncbridge.testing.builders import make_declared, make_order, make_parcel
from syncbridge.testing.clock import FixedClock, VirtualLoop
from syncbridge.testing.contracts.booking import BookingContract
from syncbridge.testing.contracts.channel import ChannelContract
from syncbridge.testing.contracts.tracking import TrackingContract
from syncbridge.testing.contracts.webhook import WebhookContract
from syncbridge.testing.faults import Fault, FaultTransport
from syncbridge.testing.wiring import MemoryVault, wiring_for

_READ_BEFORE = ("product.query", "findorderbyid", "getlogisticsselleraddresses")
"""What is read before a write that may be lost."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


async def _nobody_listens(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    return 0


class Store:
    """The vendor's side of the table, and our channel to it."""

    def __init__(self, clock: Clock | None = None, **settings: object) -> None:
        self.clock = clock or FixedClock()
        self.mock = AliExpressMock(self.clock, _nobody_listens)
        self.mock.world.audit_seconds = 0
        self.account = self.mock.world.open_account()
        self.secrets = (self.account.app_secret, self.account.access_token, self.account.refresh_token)
        self.next_faults: list[Fault | None] = []
        self.losing = False
        self.sent: list[Request] = []
        self.transport = FaultTransport(self.mock.asgi(), self._decide)
        keys = {"app_key": self.account.app_key, "app_secret": self.account.app_secret}
        self.settings = AliExpressSettings.model_validate(
            {"base_url": "http://mock", "auth_url": "http://mock", **keys, **settings}
        )
        tokens = Tokens(self.account.access_token, self.account.refresh_token)
        self.wiring = wiring_for(self.transport, self.clock, tokens)
        channel = adapter.connect(self.settings, self.wiring).channel
        assert isinstance(channel, AliExpressChannel)
        self.channel = channel

    @property
    def vault(self) -> MemoryVault:
        assert isinstance(self.wiring.tokens, MemoryVault)
        return self.wiring.tokens

    def buy(self, order: Order) -> None:
        lines = [Wish(ln.sku_code, ln.quantity, ln.listing_id, str(ln.price.amount)) for ln in order.lines]
        home = order.address
        assert home
        assert order.ship_by
        basket = Basket(
            lines,
            Home(**asdict(home)),
            ship_within_hours=(order.ship_by - self.clock.now()).total_seconds() / 3600,
            order_id=order.order_id,
        )
        buy(self.mock.world, self.account, basket)

    def ask_to_cancel(self, order_id: str) -> None:
        ask_to_cancel(self.mock.world, self.mock.world.orders[int(order_id)], "no longer needed")

    def accept_cancel(self, order_id: str) -> None:
        accept_cancel(self.mock.world, self.mock.world.orders[int(order_id)])

    def change_address(self, order_id: str, address: BuyerAddress) -> None:
        change_address(self.mock.world, self.mock.world.orders[int(order_id)], asdict(address))

    @property
    def vendor(self) -> AliExpressChannel:
        return self.channel

    def draft(self, number: int = 1) -> ParcelDraft:
        """All of one order, which is there from the first one on."""
        return make_parcel(f"SB7K2M{number:02d}", self._goods(), service="CAINIAO_STANDARD")

    def too_heavy(self) -> ParcelDraft:
        goods = replace(self._goods(), weight_g=30_000)
        return make_parcel("SB7K2M99", goods, service="CAINIAO_STANDARD", weight_g=60_000)

    def bookings(self) -> Mapping[str, int]:
        return Counter(one.domestic_no for one in self.mock.world.warehouse_orders)

    def _goods(self) -> Declared:
        order = self.mock.world.orders.get(8172481060036440)
        if order is None:
            self.buy(make_order("8172481060036440", self.clock.now()))
            order = self.mock.world.orders[8172481060036440]
        return make_declared(line_id=str(order.lines[0].child_id))

    def shipment(self, number: int = 1) -> Shipment:
        return Shipment("YANWEN_AM", f"UR{number:09d}YP")

    def declarations(self) -> Mapping[str, object]:
        return {str(order.order_id): order.declarations for order in self.mock.world.orders.values()}

    def listing_ids(self) -> tuple[str, ...]:
        return tuple(str(product_id) for product_id in self.mock.world.products)

    def pass_time(self, seconds: float) -> None:
        assert isinstance(self.clock, FixedClock)
        self.clock.advance(seconds)

    def limit_next_call(self) -> None:
        self.mock.world.plan_fault("*", "rate_limit")

    def lose_next_answer(self) -> None:
        self.losing = True

    def _decide(self, request: Request) -> Fault | None:
        if request.url.params.get("method") == SHOP_TYPE:
            return None  # asked once before all else; see test_shop_type.py
        self.sent.append(request)
        if self.losing and not request.url.params["method"].endswith(_READ_BEFORE):
            self.losing = False
            return Fault.LOSE_ANSWER
        return self.next_faults.pop(0) if self.next_faults else None


class TestAliExpressChannel(ChannelContract):
    @pytest.fixture
    def harness(self) -> Store:
        return Store()


class TestAliExpressChannelInLists(ChannelContract):
    """The same with ``simplify`` off, where every list is wrapped."""

    @pytest.fixture
    def harness(self) -> Store:
        return Store(simplify=False)


class TestAliExpressBooks(BookingContract):
    @pytest.fixture
    def harness(self) -> Store:
        return Store()


class TestAliExpressBooksInLists(BookingContract):
    """The same in wrapped lists, with the newer call for lines and the newer keys of goods."""

    @pytest.fixture
    def harness(self) -> Store:
        store = Store(simplify=False, quotes="query", declared_keys="snake")
        store.mock.world.declared_keys = "snake"
        return store


class Carriers:
    """What carriers tell AliExpress of the parcels of an order."""

    carrier = "CAINIAO_STANDARD"

    def __init__(self) -> None:
        self._store = Store()
        self._store.buy(make_order("8172481060036440", self._store.clock.now()))
        self.tracks = self._store.vendor
        self.clock = self._store.clock

    def move(self, number: str, movement: Movement, said: str) -> None:
        told(self._store.mock.world, number, ACTIONS[movement], said, "")

    def mumble(self, number: str) -> Movement:
        told(self._store.mock.world, number, "GWMS_DELIVERED_OTHER", "zzz", "")
        return Movement.MOVING

    def pass_time(self) -> None:
        self._store.pass_time(3600)

    def spoil(self, fault: Fault) -> None:
        self._store.next_faults = [fault] * 9


ACTIONS = {
    Movement.ANNOUNCED: "GTMS_ASN",
    Movement.MOVING: "LH_DEPART",
    Movement.TO_COLLECT: "GTMS_WAIT_SELF_PICK",
    Movement.OUT_FOR_DELIVERY: "GTMS_DELIVERING",
    Movement.DELIVERED: "GTMS_SIGNED",
    Movement.NOT_DELIVERED: "GTMS_DEL_FAILURE",
    Movement.ABNORMAL: "GWMS_EXCEPTION",
    Movement.RETURNED: "RETURNED",
}


class TestAliExpressTracks(TrackingContract):
    @pytest.fixture
    def harness(self) -> Carriers:
        return Carriers()


class AliExpressPushes:
    """The mock's own message about an order, as it leaves the mock."""

    def __init__(self, store: Store) -> None:
        self.webhook = AliExpressWebhook(store.settings)
        store.buy(make_order("8172481060036440", store.clock.now()))
        (order,) = store.mock.world.orders.values()
        self._account, self._body = store.account, message(store.account, order)

    def genuine(self) -> RawRequest:
        signed = signature(self._account.app_key, self._account.app_secret, self._body)
        return RawRequest({"authorization": signed}, "", self._body)

    def kind(self) -> EventKind:
        return EventKind.ORDER_CHANGED


class TestAliExpressWebhook(WebhookContract):
    @pytest.fixture
    def harness(self) -> AliExpressPushes:
        return AliExpressPushes(Store())
