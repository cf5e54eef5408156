"""Our books held against the vendors': what both sides say, and what does not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from syncbridge.model.orders import OrderLine, OrderRef, OrderStage, OrderState
from syncbridge.model.purchasing import PlacedOrder, Purchase, SeenOrder


class Kind(StrEnum):
    """What is wrong."""

    UNREADABLE = "unreadable"
    UNREAD = "unread"
    LOST = "lost"
    FORGOTTEN = "forgotten"
    DISAGREES = "disagrees"
    OVERBOUGHT = "overbought"
    ORPHAN = "orphan"
    CONTESTED = "contested"
    DOUBLED = "doubled"
    MISSING = "missing"
    UNWITHDRAWN = "unwithdrawn"


NEXT_STEP: Mapping[Kind, str] = {
    Kind.UNREADABLE: "repair what the reason says, then audit again; --offline compares without the vendors",
    Kind.UNREAD: "start the daemon, or see in `syncbridge queue list` why its polls fail; then audit again",
    Kind.LOST: "the nightly audit takes it; if it stays, ship it by hand and report the defect with this line",
    Kind.FORGOTTEN: "buy it by hand on the supplier's page, or answer the buyer, before its ship-by time",
    Kind.DISAGREES: "look at the order on both vendors' pages; if it is right there, report the defect with this line",
    Kind.OVERBOUGHT: "cancel the purchase that is too many on the supplier's page",
    Kind.ORPHAN: "see whose it is; cancel it on the supplier's page if nobody waits for it",
    Kind.CONTESTED: "see on the supplier's page which purchase it is for, and buy the other one again if it lacks",
    Kind.DOUBLED: "cancel the vendor order that is too many on the supplier's page, or ask for its money back",
    Kind.MISSING: "look for it on the supplier's page; if it is gone, buy it again there with that mark in the note",
    Kind.UNWITHDRAWN: "cancel it on the supplier's page, or ask for its money back there",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not fit."""

    kind: Kind
    subject: str
    """As the timeline names it: ``order toys/8172…``, ``vendor order main/88…``, ``account main``."""
    why: str
    store: str = ""
    """The store whose order it is about; empty if that cannot be said."""

    @property
    def next_step(self) -> str:
        """What a person does about it."""
        return NEXT_STEP[self.kind]


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """What the ledger wants to know of a channel order we keep."""

    store: str
    order_id: str
    state: OrderState
    stage: OrderStage
    lines: tuple[OrderLine, ...]

    @property
    def subject(self) -> str:
        """As the timeline names it."""
        return f"order {self.store}/{self.order_id}"


@dataclass(frozen=True, slots=True)
class Reads:
    """When the first and the last poll of an account began that came to its end."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Books:
    """What our tables hold."""

    orders: Sequence[KeptOrder] = ()
    """Open ones, and those that changed lately."""
    kept: frozenset[tuple[str, str]] = frozenset()
    """(store, id) of all the orders we keep of those the channels showed."""
    purchases: Sequence[Purchase] = ()
    vendor_orders: Sequence[SeenOrder] = ()
    attended: frozenset[str] = frozenset()
    """Subjects of orders that a job works on, or that a person sees in the retry queue."""
    working: frozenset[int] = frozenset()
    """Purchases with such a job of their own."""
    given_up: frozenset[str] = frozenset()
    """Subjects of orders a person dropped."""
    reads: Mapping[str, Reads | None] = field(default_factory=dict)
    """By account; None: never read to the end."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the vendors showed of the time since; empty if nobody asked them."""

    orders: Mapping[str, Sequence[OrderRef]] = field(default_factory=dict)
    vendor_orders: Mapping[str, Sequence[PlacedOrder]] = field(default_factory=dict)
    gone: frozenset[tuple[str, str]] = frozenset()
    """(account, id) of vendor orders their supplier does not know."""
    unreadable: Sequence[tuple[str, str]] = ()
    """(subject, reason) of what could not be read; the rest is sound."""


@dataclass(frozen=True, slots=True)
class Audit:
    """How the books stood."""

    since: datetime
    at: datetime
    live: bool
    """Whether the vendors were asked; else only our own tables speak."""
    stages: Mapping[str, int]
    """Channel orders in each stage; open ones, and those that changed since."""
    vendor_orders: int
    """Those that belong to an intent."""
    foreign: tuple[str, ...]
    """Vendor orders of the accounts that bear no name of ours: somebody bought them for another purpose."""
    differences: tuple[Difference, ...]

    @property
    def figures(self) -> dict[str, str]:
        """How many differences there are of each kind."""
        return {kind: str(count) for kind, count in Counter(found.kind.value for found in self.differences).items()}
