"""Everybody but us: buyers who order, suppliers who reprice and ship, a forwarder, and a person who buys by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from syncbridge.adapters.forwarder_csv.mock import ForwarderMock
from syncbridge.demo.abroad import code_of, listed, mark_in, owners_of, ways_of
from syncbridge.demo.books import UNDONE, too_many
from syncbridge.demo.scenario import BY_HAND, MAIN, STORE, BuyerOrder, Scenario, Trouble, Want
from syncbridge.flows.retry_queue import Entry
from syncbridge.model.purchasing import Purchase
from syncbridge.ports import Clock
from syncbridge.rules.mapping import Rules, ShippingWay
from syncbridge.testing.control import MockControl, MockRefused

UNROUTED_SKU = "ZZ0001"
PAID = "waitsellersend"
Say = Callable[[str], None]


async def at_once(_number: int) -> None:
    """Let the next order come without waiting."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a person at the seller's desk can see of syncbridge."""

    cards: Callable[[], Awaitable[Sequence[Purchase]]]
    """Purchases to be made by hand."""
    queue: Callable[[], Awaitable[Sequence[Entry]]]
    """Everything that is not going forward."""


@dataclass(slots=True)
class World:
    """The vendors and the people, driven through the mocks' control calls."""

    scenario: Scenario
    supplier: MockControl
    channel: MockControl
    forwarder: ForwarderMock
    rules: Rules
    clock: Clock
    desk: Desk
    say: Say
    accounts: dict[str, dict[str, object]] = field(default_factory=dict)
    pace: Callable[[int], Awaitable[None]] = at_once
    """Awaited before each order, with its number."""
    webhooks_rejected: int = 0
    bought_by_hand: set[str] = field(default_factory=set)
    look: float = 0.5
    """Seconds between looks at how far everything got."""
    cancelled: set[str] = field(default_factory=set)
    _owners: Mapping[str, str] = field(init=False)
    _ways: Mapping[str, ShippingWay] = field(init=False)
    _troubles: Mapping[str, Trouble] = field(init=False)

    def __post_init__(self) -> None:
        self._owners = owners_of(self.scenario)
        self._ways = ways_of(self.scenario, self.rules)
        self._troubles = {order.order_id: order.trouble for order in self.scenario.orders}

    async def open_accounts(self, receiver: str) -> None:
        """Accounts at both vendors, with messages sent to the receiver's address."""
        for name, grants in ((MAIN, True), (BY_HAND, False)):
            url = f"{receiver}/webhooks/{name}"
            self.accounts[name] = await self.supplier.tell("accounts", grants_orders=grants, webhook_url=url)
        await self.channel.tell("settings", refresh_grace=True)  # a kill may lose the answer to a refresh
        self.accounts[STORE] = await self.channel.tell("accounts", webhook_url=f"{receiver}/webhooks/{STORE}")
        for name, pool in POOLS.items():
            await self.supplier.tell("offers", offers=list(self.scenario.offers[name]), pool=pool)

    async def trade(self, patience: float) -> None:
        """The whole day; each wait raises TimeoutError after `patience` seconds without what it waits for."""
        await self.list_everything(patience)
        await self._reprice(patience)
        await self._make_trouble()
        self.say(f"{len(self.scenario.orders)} buyers order")
        for number, order in enumerate(self.scenario.orders):
            await self.pace(number)
            await self.order(order)
        await self.settle(patience)

    async def list_everything(self, patience: float) -> None:
        """Wait until the channel shows every offer."""
        listings = sum(len(offers) for offers in self.scenario.offers.values())
        self.say(f"waiting for {listings} listings")
        await self._until(lambda: self._listed(listings), patience, "all offers to be listed")

    async def settle(self, patience: float) -> None:
        """Let everybody do their part until nothing is left to do."""
        try:
            await self._until(self.is_settled, patience, "every order to be declared, taken back or seen to")
        except TimeoutError as error:
            raise TimeoutError(f"{error}; still open: {await self._still_open()}") from None

    async def _reprice(self, patience: float) -> None:
        """A price and a stock change that must arrive, and a price jump that must not."""
        price, stock, jump = self.scenario.price_change, self.scenario.stock_change, self.scenario.price_jump
        before = await self._shown(price.offer_id, price.spec_id)
        self.say("a supplier changes a price and a stock, and another triples a price")
        await self.supplier.tell(f"offers/{price.offer_id}/price", spec_id=price.spec_id, price=price.value)
        await self.supplier.tell(f"offers/{stock.offer_id}/stock", spec_id=stock.spec_id, stock=int(stock.value))
        await self.supplier.tell(f"offers/{jump.offer_id}/price", spec_id=jump.spec_id, price=jump.value)

        async def arrived() -> bool:
            now = await self._shown(price.offer_id, price.spec_id)
            stocked = await self._shown(stock.offer_id, stock.spec_id)
            return now["price"] != before["price"] and str(stocked["stock"]) == str(int(stock.value) - BUFFER)

        await self._until(arrived, patience, "the price and the stock to arrive on the channel")

    async def _make_trouble(self) -> None:
        """Faults of the vendors, each once."""
        await self.supplier.fail("alibaba.trade.createCrossOrder", "lose_answer")
        await self.supplier.fail("alibaba.createOrder.preview", "rate_limit")
        await self.supplier.fail("alibaba.trade.get.buyerView", "unavailable")
        await self.channel.fail("aliexpress.trade.new.redefining.findorderbyid", "token_expired")
        await self.channel.fail("aliexpress.logistics.querysellershipmentinfo", "rate_limit")
        await self.channel.fail("aliexpress.logistics.sellershipmentfortop", "unavailable")

    async def order(self, order: BuyerOrder) -> None:
        """A buyer orders, with the trouble planned."""
        lines = [self._line(want) for want in order.wants]
        if order.trouble is Trouble.UNROUTED:
            lines = [{"sku_code": UNROUTED_SKU, "quantity": 1, "price": "9.99"}]
        await self.channel.tell(
            "orders",
            access_token=await self._access_token(),
            order_id=order.order_id,
            lines=lines,
            push=order.by_webhook and order.trouble is not Trouble.OUT_OF_STOCK,
            address={"country": order.country},
        )
        if order.trouble is Trouble.CANCELLED:
            await self._cancel(order.order_id)
        if order.trouble is Trouble.OUT_OF_STOCK:
            want = order.wants[0]
            await self.supplier.tell(f"offers/{want.offer_id}/stock", spec_id=want.spec_id, stock=0)
        if order.order_id == self.scenario.orders[0].order_id:
            await self._tell_twice_and_forge(order.order_id)

    async def _tell_twice_and_forge(self, order_id: str) -> None:
        await self.channel.tell(f"orders/{order_id}/push", times=2, forged=False)
        told = await self.channel.tell(f"orders/{order_id}/push", times=1, forged=True)
        answers = told["answers"]
        assert isinstance(answers, list)  # noqa: S101  the mock's own shape
        self.webhooks_rejected += answers.count(401)

    async def do_their_part(self) -> None:
        """The person buys what is to be bought by hand, buyers cancel, suppliers ship, the forwarder sends on."""
        await self._buy_by_hand()
        for order in (await self.supplier.books())["orders"]:
            mark = mark_in(str(order["message"]))
            await self._change_mind(self._owners.get(mark, ""), order)
            await self._send(mark, order)

    async def is_settled(self) -> bool:
        """Let everybody do their part; true once nothing is left to do."""
        await self.do_their_part()
        queue = await self.desk.queue()
        parked, held = ({entry.subject for entry in queue if entry.state == state} for state in ("parked", "held"))
        return await self._unsent() <= parked and await self._in_vain(too_many(queue)) <= parked | held

    async def _unsent(self) -> set[str]:
        """Subjects of the orders that buyers still wait for."""
        orders = (await self.channel.books())["orders"]
        return {f"order {STORE}/{order['order_id']}" for order in orders if order["status"] in UNSENT}

    async def _in_vain(self, told: Set[str]) -> set[str]:
        """Subjects of cancelled orders that something is left of, beside the vendor orders `told` of as too many."""
        cancelled = {order["order_id"] for order in (await self.channel.books())["orders"] if order["cancelled_at"]}
        left = [
            order
            for order in (await self.supplier.books())["orders"]
            if order["status"] not in UNDONE and str(order["orderId"]) not in told
        ]
        owners = {self._owners.get(mark_in(str(order["message"]))) for order in left}
        return {f"order {STORE}/{order_id}" for order_id in owners & cancelled}

    async def _still_open(self) -> str:
        """Each of them, with what the queue says of it."""
        said = {entry.subject: f"{entry.state}, {entry.code}: {entry.reason}" for entry in await self.desk.queue()}
        still_open = await self._unsent() | await self._in_vain(frozenset())
        return "; ".join(f"{subject} ({said.get(subject, 'not in the queue')})" for subject in sorted(still_open))

    async def _buy_by_hand(self) -> None:
        """The person buys each card on the supplier's page, with the mark in the note, and pays."""
        for card in await self.desk.cards():
            if card.mark in self.bought_by_hand:
                continue
            self.bought_by_hand.add(card.mark)
            self.say(f"the person buys {card.mark} by hand")
            await self.supplier.tell(
                "orders",
                access_token=self.accounts[card.supplier]["access_token"],
                lines=[
                    {"offerId": line.offer_id, "specId": line.spec_id, "quantity": line.quantity} for line in card.lines
                ],
                message=f"唛头 {card.mark}",
                pay=True,
            )

    async def _change_mind(self, order_id: str, bought: Mapping[str, object]) -> None:
        """A buyer cancels once the order has come as far as planned."""
        match self._troubles.get(order_id):
            case Trouble.CANCELLED_PAID if bought["payTime"]:
                await self._cancel(order_id)
            case Trouble.CANCELLED_SHIPPED if bought["parcels"]:
                await self._cancel(order_id)

    async def _cancel(self, order_id: str) -> None:
        """A buyer asks for it, and the seller agrees; or it is too late, since the parcel was declared a moment ago."""
        if order_id in self.cancelled:
            return
        self.cancelled.add(order_id)
        self.say(f"the buyer of {order_id} cancels")
        try:
            await self.channel.tell(f"orders/{order_id}/ask_to_cancel", push=True)
        except MockRefused:
            orders = (await self.channel.books())["orders"]
            if any(order["order_id"] == order_id and order["status"] == NOTHING_SENT for order in orders):
                raise
            self.say(f"too late: order {order_id} has been sent")
            return
        await self.channel.tell(f"orders/{order_id}/accept_cancel", push=True)

    async def _send(self, mark: str, order: Mapping[str, object]) -> None:
        """A supplier ships what is paid and still wanted; the forwarder sends on what arrived."""
        if order["status"] == PAID and self._troubles.get(self._owners.get(mark, "")) is not Trouble.CANCELLED_PAID:
            number = f"YT{str(order['orderId'])[-13:]}"
            await self.supplier.tell(f"orders/{order['orderId']}/ship", number=number, company="圆通速递(YTO)")
        elif order["parcels"] and self._ways.get(mark) is ShippingWay.FORWARDER:
            self.forwarder.receive(mark)

    async def _listed(self, count: int) -> bool:
        products = (await self.channel.books())["products"]
        return sum(product["status"] == "onSelling" for product in products) >= count

    async def _shown(self, offer_id: str, spec_id: str) -> dict[str, object]:
        code = self._line(Want(MAIN, offer_id, spec_id, 1))["sku_code"]
        for product in (await self.channel.books())["products"]:
            for sku in listed(product["skus"]):
                if sku["sku_code"] == code:
                    return sku
        raise LookupError(f"no SKU {code} on the channel")

    def _line(self, want: Want) -> dict[str, object]:
        return {"sku_code": code_of(want, self.rules), "quantity": want.quantity}

    async def _access_token(self) -> object:
        return self.accounts[STORE]["access_token"]

    async def _until(self, done: Callable[[], Awaitable[bool]], patience: float, what: str) -> None:
        began = self.clock.now()
        while not await done():
            if (self.clock.now() - began).total_seconds() > patience:
                raise TimeoutError(f"waited {patience:.0f} s for {what}")
            await self.clock.sleep(self.look)


NOTHING_SENT = "WAIT_SELLER_SEND_GOODS"
UNSENT = (NOTHING_SENT, "SELLER_PART_SEND_GOODS")
POOLS = {MAIN: "1", BY_HAND: "2"}
BUFFER = 2
"""Kept back by the example's stock policy."""
