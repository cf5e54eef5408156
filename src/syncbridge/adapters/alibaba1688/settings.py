"""What an account of 1688 needs to be told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Alibaba1688Settings(BaseModel):
    """Fields of ``[accounts.NAME]`` where ``adapter = "alibaba1688"``."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = "https://gw.open.1688.com"
    """The gateway, without ``/openapi`` (1688.md §1.1)."""
    auth_url: str = "https://auth.1688.com"
    """Where a person authorises the app (1688.md §2)."""
    app_key: str = ""
    app_secret: SecretStr = SecretStr("")
    former_app_secret: SecretStr = SecretStr("")
    """While the app's secret is being replaced: messages that were signed with the old one are still taken."""
    access_token: SecretStr = SecretStr("")
    """Only the first one: the token vault is filled from it and then holds the tokens in force."""
    refresh_token: SecretStr = SecretStr("")
    offer_pool_id: str = Field(default="", pattern=r"^\d*$")
    """The pool whose offers are pulled (1688.md §4.2); without one, offers are imported by their ids."""
    country: str = "en"
    """The language offers are translated into (1688.md §4.1)."""
    isv_biz_type: str = "cross"
    pay_channel: Literal["alipay", "shegou"] = "alipay"
    signature_order: Literal["joined", "key"] = "joined"
    """How signed pairs are sorted. The vendor's own clients sort key and value joined; the gateway is UNCONFIRMED."""
