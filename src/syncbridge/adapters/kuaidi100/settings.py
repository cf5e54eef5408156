"""What 快递100 needs in ``[accounts.NAME]`` of syncbridge.toml."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Kuaidi100Settings(BaseModel):
    """One customer, and what the vendor's documents leave open."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = "https://poll.kuaidi100.com"
    """The calls hang below it as ``/poll`` and ``/poll/query.do``."""
    customer: str = Field(min_length=1)
    key: SecretStr = Field(min_length=1)
    """The key of 快递100's console; queries are signed with it, subscriptions carry it."""
    callback_url: str = ""
    """Where ``/webhooks/NAME`` is reached from outside; without it no messages can be asked for."""
    salt: SecretStr = SecretStr("")
    """A secret of your own, with which messages are signed; without it none can be asked for or is believed."""
    result_version: Literal["0", "1", "4", "8"] = "4"
    """Sent as ``resultv2``: from 4 on events carry fine states. UNCONFIRMED which ones an account may ask for."""
    carriers: dict[str, str] = {}
    """快递100's word for a carrier, such as ``yuantong``, by the channel's key of it; others cannot be asked for."""
