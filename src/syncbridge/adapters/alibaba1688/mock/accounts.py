"""The mock's buyers: each with an app of its own, its keys, its tokens and what it may not call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from syncbridge.adapters.alibaba1688.mock.params import Json

TOKEN_LIFE = timedelta(hours=10)
"""The documented ``expires_in`` of 36000 seconds (1688.md §2)."""
REFRESH_LIFE = timedelta(days=180)
CODE_LIFE = timedelta(minutes=2)
SELDOM_GRANTED = frozenset({"alibaba.trade.fenxiaoOrder.create"})
"""Wants ten thousand orders a day (1688.md §3.4), so an account has it only if told so."""


@dataclass(slots=True)
class Code:
    """What an authorisation handed out, to be exchanged once, for the address it was asked from."""

    redirect_uri: str
    ends_at: datetime


@dataclass(slots=True)
class Account:
    """A buyer with an app of its own."""

    number: int
    grants_orders: bool = True
    grants_search: bool = True
    webhook_url: str = ""
    denied: frozenset[str] = SELDOM_GRANTED
    """Names of APIs the app was not granted."""
    redirect_domain: str = ""
    """The only host people may be sent back to; any if empty."""
    is_main: bool = True
    """Whether the token is the main account's; a sub-account may not see ways to pay and refunds (1688.md §8.16)."""
    token_life: timedelta | None = TOKEN_LIFE
    """None: the token was copied from the console, and never ends by itself."""
    token_generation: int = 1
    token_expires_at: datetime | None = None
    refresh_generation: int = 1
    refresh_expires_at: datetime | None = None
    codes: dict[str, Code] = field(default_factory=dict)
    follows: set[int] = field(default_factory=set)
    pushed: set[int] = field(default_factory=set)
    """Offers it told 1688 it lists, without which alibaba.cross.productInfo shows none (1688.md §4.3)."""
    consigns: set[str] = field(default_factory=set)
    """Sellers it may buy from with the flow ``saleproxy`` (1688.md §4.4)."""

    @property
    def app_key(self) -> str:
        """Digits, as the vendor's are."""
        return str(1_000_000 + self.number)

    @property
    def app_secret(self) -> str:
        """What signs."""
        return self._made_up("secret")[:32]

    @property
    def access_token(self) -> str:
        """The only one in force."""
        return self._token(self.token_generation)

    @property
    def refresh_token(self) -> str:
        """The newest; a postponed one leaves the older in force (1688.md §2)."""
        return self._refresh(self.refresh_generation)

    @property
    def member_id(self) -> str:
        """``b2b-`` and the user's number."""
        return f"b2b-{2_248_544_000 + self.number}"

    @property
    def saved_address(self) -> Json:
        """The one address the buyer saved at 1688, as alibaba.trade.receiveAddress.get shows it."""
        return {
            "id": 322_683_000 + self.number,
            "fullName": "张三",
            "address": "网商路699号",
            "post": "310051",
            "phone": "0517-88990077",
            "mobilePhone": "15251667788",
            "addressCode": "330108",
            "addressCodeText": "浙江省 杭州市 滨江区",
            "townCode": "330108002",
            "townName": "长河街道",
            "isDefault": True,
        }

    def was_given(self, token: str) -> bool:
        """Whether this is one of the account's access tokens, in force or void."""
        return any(self._token(generation) == token for generation in range(1, self.token_generation + 1))

    def is_refresh_token(self, token: str) -> bool:
        """Whether it may be renewed with this token, as far as time allows."""
        return any(self._refresh(generation) == token for generation in range(1, self.refresh_generation + 1))

    def renew(self, now: datetime) -> None:
        """Put a new access token in force; the old one is void."""
        self.token_generation += 1
        self.token_expires_at = None if self.token_life is None else now + self.token_life

    def postpone(self, now: datetime) -> None:
        """A new refresh token, with its whole life before it."""
        self.refresh_generation += 1
        self.refresh_expires_at = now + REFRESH_LIFE

    def new_code(self, redirect_uri: str, now: datetime) -> str:
        """What a person's yes is worth: a code for this address."""
        code = self._made_up(f"code{now.isoformat()}{len(self.codes)}")[:36]
        self.codes[code] = Code(redirect_uri, now + CODE_LIFE)
        return code

    def _token(self, generation: int) -> str:
        return self._made_up(f"access{generation}")[:36]

    def _refresh(self, generation: int) -> str:
        return self._made_up("refresh" if generation == 1 else f"refresh{generation}")[:36]

    def _made_up(self, what: str) -> str:
        return sha256(f"1688 mock {what} {self.number}".encode()).hexdigest()
