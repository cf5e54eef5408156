"""What every flow works with: the accounts by name, the rules, the terms, the database and the clock."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from syncbridge.errors import MappingError
from syncbridge.model.money import Money
from syncbridge.ports import Carrier, Channel, Clock, ExchangeRates, Images, Notifier, Renew, Supplier, Tracks
from syncbridge.rules.following import Patience
from syncbridge.rules.mapping import Route, Rules
from syncbridge.rules.planning import Brakes
from syncbridge.rules.polling import Bounds
from syncbridge.rules.quota import DayQuota
from syncbridge.rules.rates import RateBrakes
from syncbridge.store.db import Database

CHINA = ZoneInfo("Asia/Shanghai")
LEAD_TIME = timedelta(days=2)
"""Taken off the ship-by time of work that nothing is forecast of, so that it goes before the catalogue."""
CATALOGUE_PATIENCE = timedelta(days=3)
"""Catalogue work gives way to orders that must be shipped within this and the lead time."""


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What the seller allows for one account."""

    live: bool = False
    daily_cap: Money | None = None
    resend_unknown: bool = False
    required_labels: frozenset[str] = frozenset({"诚信通", "超级工厂"})
    """A supplier's labels without which nothing is bought from it by itself."""
    without_labels: str = "confirm"
    """What becomes of purchases from other suppliers: ``confirm`` or ``by_hand``."""
    approve: str = "auto"
    """Who approves what no guard stops in a store's catalogue: ``auto``, or a ``person`` with `apply`."""
    confirm_receipt: str = "never"
    """When a supplier is told that its goods arrived: ``never``, once the relay address has ``signed`` for them, or
    once they are ``delivered`` to the buyer."""
    quota: DayQuota | None = None
    """What the vendor allows on one day in China; None: nobody knows."""
    reads_per_second: float = 2.0
    """Calls that its quota leaves for the catalogue."""
    counted_as: str = ""
    """Under which name its calls are counted; empty: its own."""

    @property
    def auto(self) -> bool:
        """Whether what no guard stops goes to the store by itself."""
        return self.live and self.approve == "auto"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the seller allows, and how long things wait."""

    cool_off: timedelta = timedelta(minutes=10)
    quarantine: timedelta = timedelta(seconds=120)
    """After an unclear create, before looking."""
    audit_wait: timedelta = timedelta(minutes=5)
    """Between looks at a listing the channel is auditing."""
    read_back_wait: timedelta = timedelta(minutes=1)
    """Before a declaration that did not show is looked for again."""
    orders_wait: timedelta = timedelta(minutes=5)
    """Before a stock on the channel that no known order explains is decided on."""
    booking_wait: timedelta = timedelta(minutes=10)
    """Between looks for the number and the label of a booked parcel."""
    brakes: Brakes = field(default_factory=Brakes)
    rate_brakes: RateBrakes = field(default_factory=RateBrakes)
    margin_floor: Decimal = Decimal(0)
    """Least profit of any purchase as a fraction of its payout, whatever its route says."""
    polling: Bounds = field(default_factory=Bounds)
    history: timedelta = timedelta(days=180)
    """How long costs and stocks that no longer hold are kept."""
    patience: Patience = field(default_factory=Patience)
    most_pictures: int = 400
    """Fetched at most in one run of proposals."""
    accounts: Mapping[str, AccountTerms] = field(default_factory=dict)

    def of(self, account: str) -> AccountTerms:
        """The terms of an account; the safe ones if nothing was said."""
        return self.accounts.get(account, AccountTerms())


@dataclass(frozen=True, slots=True)
class Bridge:
    """Everything a flow may use."""

    db: Database
    clock: Clock
    rules: Rules
    terms: Terms
    suppliers: Mapping[str, Supplier]
    channels: Mapping[str, Channel]
    carriers: Mapping[str, Carrier]
    ledger_from: datetime
    """Nothing is bought before the supplier's ledger was read to its end, in a reading begun at this time or later:
    the database may be a restored backup, which does not know what was bought since."""
    notifiers: Sequence[Notifier] = ()
    exchanges: Mapping[str, ExchangeRates] = field(default_factory=dict)
    trackers: Mapping[str, Tracks] = field(default_factory=dict)
    """Who tells how far parcels are, beside the channels; asked in this order."""
    renewals: Mapping[str, Renew] = field(default_factory=dict)
    """Accounts whose tokens can be renewed."""
    images: Images | None = None
    """None: pictures are not looked at."""
    basis: str = field(init=False)
    """Digest of what a plan follows from beside its offers; an offer planned under the same one has nothing new."""

    def __post_init__(self) -> None:
        stores = sorted((name, self.terms.of(name).live, self.terms.of(name).approve) for name in self.channels)
        told = repr((self.rules, self.terms.brakes, stores))
        object.__setattr__(self, "basis", hashlib.blake2b(told.encode(), digest_size=16).hexdigest())

    def route(self, name: str) -> Route:
        """The route of that name; raises MappingError if the mapping files no longer have it."""
        for route in self.rules.routes:
            if route.name == name:
                return route
        raise MappingError(f"no mapping file has a route named {name} any more; put it back, then retry")


def order_subject(store: str, order_id: str) -> str:
    """How people name an order."""
    return f"order {store}/{order_id}"


def order_priority(ship_by: datetime | None, now: datetime, lead: timedelta = LEAD_TIME) -> datetime:
    """Ship-by time less the time expected from buying to declaring; the order with the least time left goes first.

    Where something is to be bought or paid, `lead` is `forecasts.lead_time`: what `dispatch.check` measured last.
    """
    return (ship_by or now + timedelta(days=3)) - lead


def day_began(now: datetime) -> datetime:
    """Midnight in China, when a day's spending starts from nothing."""
    return now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
