"""What the mock knows: accounts, offers, vendor orders, every movement of money, and how to fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, cast

from syncbridge.adapters.alibaba1688.mock.accounts import REFRESH_LIFE, TOKEN_LIFE, Account
from syncbridge.adapters.alibaba1688.mock.params import Json
from syncbridge.adapters.alibaba1688.mock.quotas import Quota
from syncbridge.adapters.alibaba1688.mock.records import Line, Message, NewOrder, Refund, VendorOrder
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.fault_plan import FaultPlan, Planned
from syncbridge.ports import Clock

_FIRST_ORDER = 218_800_000_000_000_001
_FIRST_REFUND = 8_651_493_722_000_001

FaultName = Literal["lose_answer", "rate_limit", "token_expired", "unavailable", "pay_says_no"]


@dataclass(slots=True)
class Switches:
    """What the documents leave open, and what a supplier may do one day and not another."""

    dedupe_out_order_id: bool = False
    """Whether a repeated outOrderId answers the first order again; UNCONFIRMED, so it buys twice (1688.md §5.5)."""
    filter_out_order_id: bool = False
    """Whether the order list minds the outOrderId it is asked for; it may be loose (1688.md §5.5)."""
    list_shows_out_order_id: bool = True
    """Whether listed orders carry outOrderId; the field list of the order list does not name it."""
    list_lag_seconds: float = 0.0
    """How long a new order stays out of the list."""
    longest_search_page: int = 50
    """Offers a page of a search may have at most; the documents name no bound, so it is UNCONFIRMED (1688.md §4.2)."""
    split_orders: bool = False
    """Whether each line of a purchase becomes a vendor order of its own (1688.md §8.9)."""
    freight_fen: int = 500
    refund_delay_seconds: float | None = 2.0
    """How long a seller takes to agree to a refund; None: until told."""
    trade_delay_seconds: float = 0.0
    """Between acting on a purchase or a payment and answering, so that a client may die in between."""


class State:
    """The mock's world; plain functions over dictionaries, on the given clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.switches = Switches()
        self.accounts: list[Account] = []
        self.offers: dict[int, Json] = {}
        self.pools: dict[str, list[int]] = {}
        self.orders: dict[int, VendorOrder] = {}
        self.money: list[Json] = []
        self.images: dict[str, bytes] = {}
        """Pictures sent in, by their names."""
        self.missed: list[Message] = []
        """Messages nobody took, until they are fetched (1688.md §6.3)."""
        self.arbitrations: list[Json] = []
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.faults = FaultPlan()
        self.quotas: dict[str, Quota] = {}
        """By the name of an API; ``*`` is all of them together."""

    def now(self) -> datetime:
        """The time in whole seconds, as the vendor keeps it."""
        return self.clock.now().replace(microsecond=0)

    def add_account(
        self,
        *,
        grants_orders: bool = True,
        grants_search: bool = True,
        webhook_url: str = "",
        token_life: timedelta | None = TOKEN_LIFE,
    ) -> Account:
        """A new buyer with a new app."""
        account = Account(len(self.accounts) + 1, grants_orders, grants_search, webhook_url, token_life=token_life)
        now = self.clock.now()
        account.token_expires_at = None if token_life is None else now + token_life
        account.refresh_expires_at = now + REFRESH_LIFE
        self.accounts.append(account)
        return account

    def account_of(self, app_key: str) -> Account | None:
        """Whose app it is."""
        return next((account for account in self.accounts if account.app_key == app_key), None)

    def renew_token(self, account: Account) -> None:
        """Put a new access token in force; the old one is void."""
        account.renew(self.clock.now())

    def publish(self, offer: Json, pool: str = "1") -> None:
        """Put an offer into the shop and a pool, or replace it."""
        offer_id = int(offer["offerId"])
        self.offers[offer_id] = offer
        pooled = self.pools.setdefault(pool, [])
        if offer_id not in pooled:
            pooled.append(offer_id)

    def withdraw(self, offer_id: int) -> None:
        """Take an offer down; pools are kept by hand and go on naming it."""
        self.offers[offer_id]["status"] = "member deleted"

    def order(self, order_id: int, account: Account | None = None) -> VendorOrder:
        """An order, of this account if one is given; raises BusinessRefusal."""
        order = self.orders.get(order_id)
        if order is None or (account is not None and order.account is not account):
            raise BusinessRefusal("ORDER_NOT_EXIST", "订单不存在")
        return order

    def buy(self, wanted: NewOrder) -> list[VendorOrder]:
        """Write the order into the books, or several if orders are split."""
        parts = [(line,) for line in wanted.lines] if self.switches.split_orders else [wanted.lines]
        return [self._book(wanted, lines) for lines in parts]

    def pay(self, order: VendorOrder) -> None:
        """Move the money, once; raises BusinessRefusal for an order that does not wait for it."""
        if order.status != "waitbuyerpay":
            raise BusinessRefusal("ORDER_STATUS_ERROR", "订单状态不允许付款")
        order.status = "waitsellersend"
        order.paid_at = order.modified_at = self.now()
        self.money.append({"orderId": str(order.order_id), "amount": yuan_text(order.total_fen)})

    def ship(self, order: VendorOrder, number: str, company: str, lines: Sequence[int] = ()) -> None:
        """Hand a parcel with these lines, or all, to a courier; without a number none is needed (不需要物流).

        Raises BusinessRefusal for an unpaid or cancelled order.
        """
        if order.status not in ("waitsellersend", "waitbuyerreceive"):
            raise BusinessRefusal("ORDER_STATUS_ERROR", "订单状态不允许发货")
        if (refund := order.refund_under_way) is not None:
            self._end(refund, "refundclose")
        entries = [order.entry_ids[line] for line in lines] or order.entry_ids
        order.parcels.append(
            {
                "id": f"LP{order.order_id}{len(order.parcels) or ''}",
                "number": number,
                "company": company,
                "entries": entries,
                "status": "TRANSPORT",
                "steps": [],
            }
        )
        sent = {entry for parcel in order.parcels for entry in parcel["entries"]}
        order.modified_at = self.now()
        if sent == set(order.entry_ids):
            order.status, order.shipped_at = "waitbuyerreceive", order.shipped_at or order.modified_at
        else:
            order.status = "waitsellersend"

    def parcel(self, order: VendorOrder, number: str) -> Json:
        """The parcel of an order with this number; raises BusinessRefusal."""
        found = next((parcel for parcel in order.parcels if parcel["number"] == number), None)
        if found is None:
            raise BusinessRefusal("404", f"{number} is no parcel of {order.order_id}")
        return found

    def receive(self, order: VendorOrder) -> None:
        """The buyer has it all, which ends the order."""
        order.status = "success"
        order.received_at = order.modified_at = self.now()

    def change_total(self, order: VendorOrder, discount_fen: int, freight_fen: int) -> None:
        """The seller changes what is due; raises BusinessRefusal for an order that was paid, or for no money."""
        if order.status != "waitbuyerpay":
            raise BusinessRefusal("ORDER_STATUS_ERROR", "订单状态不允许改价")
        if freight_fen < 0 or discount_fen >= order.lines[0].amount_fen:
            raise BusinessRefusal("400", "价格错误")
        order.discount_fen, order.freight_fen = discount_fen, freight_fen
        order.modified_at = self.now()

    def close(self, order: VendorOrder, reason: str, by: str) -> None:
        """End an order without a sale."""
        order.status, order.close_reason, order.closed_by = "cancel", reason, by
        order.closed_at = order.modified_at = self.now()

    def next_refund_id(self) -> str:
        """The id of the next request for money."""
        return f"TQ{_FIRST_REFUND + sum(len(each.refunds) for each in self.orders.values())}"

    def ask_back(self, order: VendorOrder, refund: Refund) -> None:
        """Write a request for money into the books."""
        order.refunds.append(refund)
        order.modified_at = refund.modified_at

    def give_back(self, order: VendorOrder, refund: Refund) -> None:
        """Move the money back, which closes an order of which nothing is left."""
        self._end(refund, "refundsuccess")
        order.modified_at = self.now()
        if order.refunded_fen >= order.total_fen or order.status == "waitsellersend":
            self.close(order, "other", "CLOSE_TRADE_BY_SELLER")

    def drop(self, order: VendorOrder, refund: Refund) -> None:
        """The buyer wants no money any more."""
        self._end(refund, "refundclose")
        order.modified_at = self.now()

    def finish(self, order: VendorOrder) -> None:
        """The sale is over; raises BusinessRefusal for an order that was not shipped."""
        if order.status != "waitbuyerreceive":
            raise BusinessRefusal("ORDER_STATUS_ERROR", "订单状态错误")
        self.receive(order)

    def turn_down(self, order: VendorOrder, refund: Refund, reason: str) -> None:
        """Refuse to give money back."""
        refund.status, refund.reject_reason = "waitbuyermodify", reason
        refund.modified_at = order.modified_at = self.now()

    def fail(self, api: str, name: FaultName, count: int) -> None:
        """Let the next calls of an API fail."""
        self.faults.add(Planned(api, name, count=count))

    def fault_for(self, api: str) -> FaultName | None:
        """What goes wrong with this call, if anything; ``*`` means any API but the token call."""
        return cast("FaultName | None", self.faults.next(api, spared=("getToken",)))

    def _end(self, refund: Refund, status: str) -> None:
        refund.status = status
        refund.ended_at = refund.modified_at = self.now()

    def _book(self, wanted: NewOrder, lines: tuple[Line, ...]) -> VendorOrder:
        now = self.now()
        order = VendorOrder(
            order_id=_FIRST_ORDER + 7919 * len(self.orders),
            account=wanted.account,
            lines=lines,
            freight_fen=self.switches.freight_fen,
            address=wanted.address,
            message=wanted.message,
            out_order_id=wanted.out_order_id,
            trade_type=wanted.trade_type,
            created_at=now,
            modified_at=now,
        )
        self.orders[order.order_id] = order
        return order


def yuan_text(fen: int) -> str:
    """Fen as yuan with two digits."""
    return f"{Decimal(fen).scaleb(-2):.2f}"
