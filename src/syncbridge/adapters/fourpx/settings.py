"""What an account of 4PX needs in ``[accounts.NAME]`` of syncbridge.toml, and what the vendor leaves open."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Unwanted = Literal["Y", "N", "U"]
"""What becomes of a parcel that cannot go on: Y returned, N destroyed, U kept until somebody says."""


class Sender(BaseModel):
    """Who sends the parcels, as on the label."""

    model_config = ConfigDict(extra="forbid")

    first_name: str
    phone: str
    state: str
    city: str
    street: str
    post_code: str = ""
    district: str = ""
    company: str = ""
    country: str = Field(default="CN", pattern=r"^[A-Z]{2}$")


class FourPxSettings(BaseModel):
    """Fields of ``[accounts.NAME]`` where ``adapter = "fourpx"``."""

    model_config = ConfigDict(extra="forbid")

    app_key: str
    app_secret: SecretStr
    base_url: str = "https://open.4px.com"
    """Calls go to ``/router/api/service`` below it; ``https://open-test.4px.com`` is the vendor's test."""
    sender: Sender
    product: str = ""
    """The line (``logistics_product_code``) of parcels for which none was chosen."""
    duty: Literal["U", "P"] = "U"
    """Who pays duties: U the buyer (DDU), P the sender (DDP)."""
    return_domestic: Unwanted = "Y"
    return_oversea: Unwanted = "N"
    deliver: Literal["1", "2", "3", "5"] = "2"
    """How parcels reach the warehouse: 1 collected, 2 by express, 3 brought, 5 brought to a shop."""
    warehouse: str = ""
    """The warehouse's or shop's code; empty is not sent."""
    battery_type: str = ""
    """Sent for parcels with a battery; the vendor's documents give no list, empty is not sent."""
    label_hosts: tuple[str, ...] = ("*.4px.com",)
    """Where labels may be fetched besides `base_url`."""
    watch_days: int = Field(default=30, ge=1, le=180)
    """How long a parcel's number is waited for, and how far a first read reaches back."""
