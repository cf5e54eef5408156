"""What the mock's own calls say; a word they do not know is refused."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from syncbridge.adapters.aliexpress.mock.buying import Home, Wish
from syncbridge.adapters.aliexpress.mock.issue_book import Kind
from syncbridge.adapters.aliexpress.mock.old_store import OldProduct
from syncbridge.adapters.aliexpress.mock.words import Decimals
from syncbridge.adapters.aliexpress.mock.world import FaultName


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """What a control call says; a word it does not know is refused."""


BusinessType = Literal["POP", "POP_CHOICE", "ONE_STOP_SERVICE", "LOCAL_SERVICE"]


class ChangedAccount(Asked):
    """What becomes of a seller and its app; what is not named stays."""

    platform: Annotated[str, Meta(min_length=1)] | None = None
    business_types: Annotated[tuple[BusinessType, ...], Meta(min_length=1)] | None = None
    callback: str | None = None
    ip_whitelist: tuple[str, ...] | None = None
    withdrawn: tuple[Annotated[str, Meta(min_length=1)], ...] | None = None
    in_test: bool | None = None


class NewAccount(ChangedAccount):
    """A seller with an authorised app; as an ordinary one where nothing else is said."""

    webhook_url: str = ""


class NewQuota(Asked):
    """How often a seller may call in a second, how long one too many is banned, how often an app may in a day."""

    per_second: Annotated[int, Meta(ge=1)] | None = None
    ban_seconds: Annotated[int, Meta(ge=1)] = 1
    per_day: Annotated[int, Meta(ge=0)] | None = None


class NewIssue(Asked):
    """A buyer disputes an order."""

    reason: str = "not as described"
    kind: Kind = "refund"
    amount: Decimals | None = None
    push: bool = True


class NewReview(Asked):
    """A buyer says how it was."""

    stars: Annotated[int, Meta(ge=1, le=5)]
    words: str = ""


class Settings(Asked):
    """How the vendor behaves; what is not named stays."""

    audit_seconds: Annotated[float, Meta(ge=0)] | None = None
    refresh_grace: bool | None = None
    reads_without_number: Annotated[int, Meta(ge=0)] | None = None
    labels_without_body: Annotated[int, Meta(ge=0)] | None = None
    declared_keys: Literal["camel", "snake"] | None = None
    orders_hidden_seconds: Annotated[float, Meta(ge=0)] | None = None
    mask_addresses: bool | None = None


class NewOrder(Asked):
    """A buyer orders."""

    access_token: str
    lines: list[Wish]
    order_id: Annotated[str, Meta(pattern=r"^\d{16}$")] | None = None
    address: Home = msgspec.field(default_factory=Home)
    status: Annotated[str, Meta(min_length=1)] = "WAIT_SELLER_SEND_GOODS"
    ship_within_hours: float = 72
    push: bool = True


class NewStatus(Asked):
    """An order moves on."""

    status: Annotated[str, Meta(min_length=1)]
    end_reason: str = ""
    push: bool = True


class CancelAsked(Asked):
    """The buyer asks for a cancel."""

    reason: str = "no longer needed"
    push: bool = True


class CancelAnswered(Asked):
    """Somebody answers it."""

    push: bool = True


class NewAddress(Asked):
    """The buyer changes parts of the address."""

    address: dict[str, str]
    push: bool = True


class PushAgain(Asked):
    """The same message again."""

    times: Annotated[int, Meta(ge=1)] = 1
    forged: bool = False


class Moved(Asked):
    """A carrier tells something of a parcel."""

    action_code: str
    event_desc: str = ""
    address: str = ""


class Rebooked(Asked):
    """A booked parcel gets another number, or is closed."""

    number: str = ""
    closed: bool = False


class OldStore(Asked):
    """A store that was there before."""

    access_token: str
    products: list[OldProduct]


class NewFault(Asked):
    """Calls that are to fail."""

    api: str
    fault: FaultName
    call: int | None = None
    count: int | None = None
    probability: float | None = None


class NewSeed(Asked):
    """What failures by chance are drawn from."""

    seed: int
