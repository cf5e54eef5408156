"""What we ask of any supplier, channel, carrier and of the world around us.

Behaviour every adapter keeps, checked by the contracts in `syncbridge.testing`:

- A write is sent once. If no clear answer came, raise `OutcomeUnknown`; never send it again.
- A read may be repeated inside the call, at most three times, within the total deadline.
- Errors are classified by `syncbridge.errors`; a message says what happened in plain words.
- Ids are strings, money is exact with its currency, times are UTC.
- A cursor is taken before its page is read; the same cursor may be read twice.
- `orders` also takes a moment as its cursor (`paging.cursor_at`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel

from syncbridge.errors import NotGranted, RateLimited
from syncbridge.model.catalog import (
    Listing,
    ListingDraft,
    ListingEdit,
    Offer,
    PriceUpdate,
    Refusal,
    Search,
    StockUpdate,
)
from syncbridge.model.events import RawRequest, VendorEvent
from syncbridge.model.orders import Order, OrderRef
from syncbridge.model.paging import Cursor, Page
from syncbridge.model.purchasing import (
    Found,
    IntentKey,
    PaymentResult,
    PlacedOrder,
    Placement,
    PurchaseDraft,
    Quote,
    Refund,
)
from syncbridge.model.rates import DailyRates, Pair
from syncbridge.model.shipping import (
    Booking,
    Label,
    LineQuote,
    ParcelDraft,
    Shipment,
    ShippingService,
    Track,
    Trail,
)


class Supplier(Protocol):
    """Someone we buy from."""

    def offers(self, *, since: Cursor | None) -> AsyncIterator[Page[Offer]]:
        """The offers this account follows; an unreadable one is a failure of its page, not of the read."""

    async def offer(self, offer_id: str) -> Offer:
        """One offer as it is now; raises NotFound if it was withdrawn."""

    async def preview(self, draft: PurchaseDraft) -> Quote:
        """Price, freight, flow and trade types of a purchase; raises OutOfStock or Rejected."""

    async def place(self, draft: PurchaseDraft, *, key: IntentKey) -> Placement:
        """Buy, once. Raises NotGranted, Rejected, or OutcomeUnknown if no clear answer came."""

    async def find(self, key: IntentKey, *, since: datetime) -> Found:
        """Vendor orders made under this key, whatever became of them, created at `since` or later."""

    async def pay(self, vendor_order_ids: Sequence[str]) -> PaymentResult:
        """Pay by withholding. Ids it calls unpaid may have been paid: re-read before a second try."""

    async def order(self, vendor_order_id: str) -> PlacedOrder:
        """One vendor order as it is now; raises NotFound."""

    def orders(self, *, since: Cursor | None) -> AsyncIterator[Page[PlacedOrder]]:
        """Vendor orders of the account changed since; bought by us, by hand, or by anyone."""

    async def shipments(self, vendor_order_id: str) -> Sequence[Shipment]:
        """Domestic parcels of a vendor order; empty until the supplier shipped."""


class Channel(Protocol):
    """Somewhere we sell."""

    def orders(self, *, since: Cursor | None) -> AsyncIterator[Page[OrderRef]]:
        """Orders changed since, with an overlap wide enough that none is missed."""

    async def order(self, order_id: str) -> Order:
        """One order as it is now; raises NotFound."""

    def listings(self, *, since: datetime | None, resume: Cursor | None = None) -> AsyncIterator[Page[Listing]]:
        """Listings of the store changed since, in every status, without their SKUs; `listing` reads those.

        One call for each page; with a page's cursor as `resume` reading goes on after it. The last cursor is empty.
        """

    async def listing(self, listing_id: str) -> Listing:
        """One listing with its SKUs; raises NotFound."""

    async def publish(self, draft: ListingDraft) -> str:
        """Create a listing and answer its id; raises OutcomeUnknown if no clear answer came."""

    async def edit(self, listing_id: str, edit: ListingEdit) -> None:
        """Change a listing's words, or add SKUs; repeating it changes nothing.

        Raises NotFound, OutcomeUnknown, or Rejected, with code ``auditing`` while the channel examines the listing.
        """

    async def set_prices(self, updates: Sequence[PriceUpdate]) -> Sequence[Refusal]:
        """Replace prices; the refused listings are named, the others are done."""

    async def set_stock(self, updates: Sequence[StockUpdate]) -> Sequence[Refusal]:
        """Replace stock; the refused listings are named, the others are done."""

    async def set_on_sale(self, listing_ids: Sequence[str], *, on_sale: bool) -> Sequence[Refusal]:
        """Put listings on sale or take them off."""

    async def shipping_services(self) -> Sequence[ShippingService]:
        """Carriers the channel accepts, with their number patterns."""

    async def declared(self, order_id: str) -> Sequence[Shipment]:
        """Parcels declared for an order so far."""

    async def declare(self, order_id: str, shipment: Shipment, *, complete: bool) -> None:
        """Declare a parcel; `complete` says that with it the whole order is shipped."""

    async def redeclare(self, order_id: str, old: Shipment, new: Shipment, *, complete: bool) -> None:
        """Replace a declared parcel by another, as when its number changed; raises Rejected if `old` is not there."""


class Carrier(Protocol):
    """Who moves the parcel abroad."""

    def shipments(self, *, since: Cursor | None) -> AsyncIterator[Page[Shipment]]:
        """International parcels announced since, each with the parcel mark it was received under."""


@runtime_checkable
class Books(Protocol):
    """A channel or carrier whose lines take our parcels abroad."""

    async def lines(self, draft: ParcelDraft) -> Sequence[LineQuote]:
        """The lines that would take the parcel; raises Rejected where none would."""

    async def book(self, draft: ParcelDraft) -> Booking:
        """Book a parcel on the draft's service, once. Raises Rejected, or OutcomeUnknown if no clear answer came."""

    async def booked(self, draft: ParcelDraft, *, since: datetime) -> Sequence[Booking]:
        """What was booked under the draft's mark at `since` or later, with the numbers known by now."""

    async def label(self, booking: Booking) -> Label | None:
        """The label to stick on the parcel; None while it is not ready."""


@runtime_checkable
class Tracks(Protocol):
    """Someone who tells how far parcels are."""

    async def track(self, trails: Sequence[Trail]) -> Sequence[Track]:
        """How far these parcels are, in any number of calls; one that cannot be asked for now is left out."""


@runtime_checkable
class Watches(Protocol):
    """Someone who sends a message when a parcel moves."""

    async def watch(self, trails: Sequence[Trail]) -> Mapping[str, str]:
        """Ask for messages about these parcels; twice changes nothing. Answers why it cannot be, by number."""


class ExchangeRates(Protocol):
    """Someone who tells what currencies are worth."""

    async def daily(self) -> DailyRates:
        """The newest rates there are."""

    async def packaged(self, pair: Pair) -> DailyRates | None:
        """The newest rates of both currencies that came with the program, asking nobody; None if there are none."""


class WebhookSource(Protocol):
    """A vendor that pushes messages."""

    def verify(self, request: RawRequest) -> None:
        """Raise SignatureInvalid unless the vendor signed this very body; constant time."""

    def events(self, request: RawRequest) -> Sequence[VendorEvent]:
        """What the message says; raises ValueError if it cannot be read."""


@runtime_checkable
class Follows(Protocol):
    """A supplier that sends messages only about offers the account follows."""

    async def follow(self, offer_id: str) -> None:
        """Ask for messages about an offer; doing it twice changes nothing."""


@runtime_checkable
class Searches(Protocol):
    """A supplier whose offers can be looked for."""

    def search(self, query: Search, *, since: Cursor | None) -> AsyncIterator[Page[str]]:
        """Ids of the offers that fit, the best first; no page if none does. Raises NotGranted."""


@runtime_checkable
class NamesOffers(Protocol):
    """A supplier that knows what people call its offers."""

    def offer_named(self, text: str) -> str:
        """The id of the offer meant by an id or a page's address; raises ValueError saying what to write instead."""


@runtime_checkable
class Cancels(Protocol):
    """A supplier that lets us take an unpaid vendor order back."""

    async def cancel(self, vendor_order_id: str) -> None:
        """Cancel an unpaid vendor order. Raises Rejected if it is paid, Transient if it is too young."""


@runtime_checkable
class Urges(Protocol):
    """A supplier that can be asked to ship."""

    async def urge(self, vendor_order_id: str) -> None:
        """Ask to ship a paid vendor order, once in a day.

        Raises Rejected if it is not waiting to be shipped, or was asked for already, or OutcomeUnknown.
        """


@runtime_checkable
class TracksDomestic(Protocol):
    """A supplier that tells how far the parcels are that it sends to the relay address."""

    async def whereabouts(self, vendor_order_id: str) -> Sequence[Track]:
        """How far the parcels of a vendor order are, those with a number; delivered is signed for by the relay."""


@runtime_checkable
class Confirms(Protocol):
    """A supplier that is told when its goods arrived, which ends our right to ask for the money back."""

    async def confirm(self, vendor_order_id: str) -> None:
        """Say that all of a shipped vendor order arrived. Raises Rejected if it is not shipped, or OutcomeUnknown."""


@runtime_checkable
class Refunds(Protocol):
    """A supplier that can be asked for the money of a paid vendor order it has not shipped."""

    async def refunds(self, vendor_order_id: str) -> Sequence[Refund]:
        """What was asked back for a vendor order so far, the newest first."""

    async def refund(self, vendor_order_id: str, *, why: str) -> str:
        """Ask for all its money, once; answers the refund's id. Raises Rejected, or OutcomeUnknown."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What opens an account; never logged."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    access_expires_at: datetime | None = None
    """None: nobody said. Such a token is never called expired; the vendor does that."""
    refresh_expires_at: datetime | None = None
    owner: str = ""
    """The vendor's own id of whoever opened the account; empty if it did not say."""


class Authorizes(Protocol):
    """A vendor on whose page a person opens an account to the app, for a time."""

    def page(self, *, callback: str, state: str) -> str:
        """The address where the person agrees; it sends them to `callback` with ``code`` and this `state`."""

    async def tokens(self, code: str, *, callback: str) -> Tokens:
        """What a code stands for, which works once and for minutes; raises AccessExpired for one that does not."""

    async def close(self) -> None:
        """Let go of the connections."""


Renew = Callable[[], Awaitable[Tokens]]
"""Has new tokens stored while the old ones still work; raises AccessExpired where a person is needed."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person should look at now."""

    code: str
    subject: str
    figures: Mapping[str, str]


class Notifier(Protocol):
    """Someone who passes alarms on to people."""

    async def notify(self, alarm: Alarm) -> None:
        """Pass it on; an alarm is told once, when it is new."""


class Images(Protocol):
    """Looks at pictures on the vendors' picture servers, and nowhere else."""

    async def fingerprint(self, url: str) -> str:
        """64 bits as 16 hex digits, few of which differ between pictures that look alike.

        Raises Rejected for an address that may not be asked or shows no picture, Transient where it may work later.
        """


class Clock(Protocol):
    """The time, in UTC."""

    def now(self) -> datetime:
        """Now, with zone UTC."""

    def passed(self) -> float:
        """Seconds that have passed since some moment, whatever the clock was set to meanwhile."""

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""


class Limiter(Protocol):
    """Keeps us inside a vendor's quota, over all workers."""

    async def slot(self, group: str) -> None:
        """Wait for the right to make one call; raises RateLimited if that takes longer than two seconds."""

    async def ban(self, group: str, error: RateLimited) -> None:
        """The vendor takes no more calls for a while: none of the group, of the account or of the app, as it said."""


class Grants(Protocol):
    """Knows which calls a vendor does not let an account make, as it said within the last day."""

    async def check(self, api: str) -> None:
        """Raise NotGranted again for a call that was not granted; asks the vendor once more after a day."""

    async def refused(self, api: str, error: NotGranted) -> None:
        """The vendor would not let us."""

    async def granted(self, api: str) -> None:
        """It did."""


class TokenVault(Protocol):
    """Where one account's tokens are kept, encrypted."""

    async def read(self, *, fresh: bool = False) -> Tokens:
        """The tokens in force; `fresh` asks whether another worker has renewed them meanwhile."""

    async def claim(self, old: Tokens) -> bool:
        """Wait for the sole right, over all processes, to renew `old`; False if another renewed them meanwhile.

        It ends with `replace`, with `release`, or by itself where its owner died.
        """

    async def release(self) -> None:
        """Give the right back without new tokens."""

    async def replace(self, old: Tokens, new: Tokens) -> Tokens:
        """Store `new` if `old` is still in force, else answer what another worker stored meanwhile."""


class Health(Protocol):
    """Who is told whether an account's vendor answers."""

    async def lost(self, why: str) -> None:
        """It does not answer any more."""

    async def back(self) -> None:
        """It answers again."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long one call may take, in seconds."""

    total: float = 30.0
    read: float = 15.0


@dataclass(frozen=True, slots=True)
class Wiring:
    """What an adapter is given for one account."""

    account: str
    clock: Clock
    limiter: Limiter
    tokens: TokenVault
    health: Health
    grants: Grants
    deadlines: Deadlines = Deadlines()
    transport: object | None = None
    """An HTTP transport to use instead of the network (tests, simulation)."""


async def _nothing_to_close() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Connection:
    """One account, connected: what it can be used as."""

    supplier: Supplier | None = None
    channel: Channel | None = None
    carrier: Carrier | None = None
    tracks: Tracks | None = None
    rates: ExchangeRates | None = None
    webhook: WebhookSource | None = None
    renew: Renew | None = None
    close: Callable[[], Awaitable[None]] = _nothing_to_close


S = TypeVar("S", bound=BaseModel)


Push = Callable[[str, bytes, Mapping[str, str]], Awaitable[int]]
"""Sends a webhook (URL, body, headers) and answers the HTTP status, 0 if nobody listens."""


class MockVendor(Protocol):
    """An imitation of a vendor: an ASGI app that keeps books, and can be told to fail."""

    def asgi(self) -> object:
        """The ASGI app that answers as the vendor does."""

    def books(self) -> Mapping[str, object]:
        """What the vendor's own ledger says, as JSON values."""


@dataclass(frozen=True, slots=True)
class Adapter(Generic[S]):
    """Our code for one vendor, as the entry point names it."""

    name: str
    settings: type[S]
    """Fields of ``[accounts.NAME]`` in syncbridge.toml."""
    connect: Callable[[S, Wiring], Connection]
    mock: Callable[[Clock, Push], MockVendor] | None = None
    """Makes a fresh mock of the vendor; None if there is none to imitate."""
    authorize: Callable[[S, Wiring], Authorizes] | None = None
    """Opens an account on the vendor's page; None where keys alone open it."""
