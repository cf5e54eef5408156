"""What the European Central Bank needs in ``[accounts.NAME]`` of syncbridge.toml: no key."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class EcbSettings(BaseModel):
    """Where the rates are published."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = "https://www.ecb.europa.eu"
    """The file hangs below it as ``/stats/eurofxref/eurofxref-daily.xml``."""
