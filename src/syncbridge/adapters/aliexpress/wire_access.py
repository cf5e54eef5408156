"""AliExpress's words about access: refusals, tokens, and what kind of shop it is (aliexpress.md §0 to §3)."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct):
    """A call refused by the gateway: ``msg`` on /sync, ``message`` on /rest (aliexpress.md §1.5)."""

    code: str = ""
    type: str = ""
    msg: str = ""
    message: str = ""
    sub_code: str = ""
    sub_msg: str = ""
    request_id: str = ""


class NewTokens(msgspec.Struct):
    """Tokens made or renewed (aliexpress.md §2): lifetimes in seconds, expiries in epoch milliseconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int
    expire_time: int | None = None
    refresh_token_valid_time: int | None = None
    account_platform: str | None = None
    seller_id: str | int | None = None


class Relation(msgspec.Struct):
    """A channel the seller sells on, and the kind of business it is there (aliexpress.md §0)."""

    business_type: str | None = None


class Relations(msgspec.Struct):
    """All of them."""

    seller_relation_list: list[Relation] = []
