"""What one AliExpress store needs in ``[accounts.NAME]`` of syncbridge.toml."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

SignMethod = Literal["sha256", "md5", "hmac"]


class AliExpressSettings(BaseModel):
    """One store: its app, its tokens, and what the vendor's documents leave open."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = "https://api-sg.aliexpress.com"
    """Business calls hang below it as ``/sync`` (aliexpress.md §1.1)."""
    auth_url: str = "https://api-sg.aliexpress.com"
    """Token calls hang below it as ``/rest``."""
    app_key: str
    app_secret: SecretStr
    former_app_secret: SecretStr = SecretStr("")
    """While the app's secret is being replaced: messages that were signed with the old one are still taken."""
    access_token: SecretStr = SecretStr("")
    """Seeds the token vault, which is what the calls read."""
    refresh_token: SecretStr = SecretStr("")
    token_parameter: Literal["session", "access_token"] = "session"  # noqa: S105  a parameter's name
    """Under which name /sync takes the access token; the vendor's documents and kits differ (§1.2)."""
    sign_method: SignMethod = "sha256"
    """How calls are signed; the older two are known of affiliate apps only, and unconfirmed for sellers' (§1.3)."""
    simplify: bool = True
    """Bare lists in answers; both shapes are read (§1.6)."""
    overlap_minutes: int = Field(default=75, ge=61)
    """How far a read reaches back before its cursor, in minutes; over an hour, or the autumn clock loses orders."""
    push_message_type: int = 53
    """The ``message_type`` that announces a changed order (§8)."""
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    """The currency the store's listings are priced in."""
    pop_choice: bool = False
    """Serve a shop the vendor calls ``POP_CHOICE``, whose listings the seller runs.

    The vendor calls semi-managed shops so, and in one text ordinary ones too (§0); semi-managed ones are not served.
    """
    quotes: Literal["order", "query"] = "order"
    """Which call compares lines: ``getonlinelogisticsservicelistbyorderid`` or ``logistics.service.query`` (§6.2).

    An app may be granted only one of them.
    """
    declared_keys: Literal["camel", "snake"] = "camel"
    """How the keys of declared goods are written; the vendor's texts show both (§6.2)."""
    undeliverable: Literal["return", "destroy"] = "return"
    """What becomes of a parcel booked here that cannot be delivered."""
