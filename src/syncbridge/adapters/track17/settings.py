"""What 17TRACK needs in ``[accounts.NAME]`` of syncbridge.toml."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Track17Settings(BaseModel):
    """One API key, and what the vendor's documents leave open."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = "https://api.17track.net/track/v2.2"
    """With the version; the calls hang below it."""
    token: SecretStr = Field(min_length=1)
    """The API key of 17TRACK's console; it goes out as ``17token`` and signs what is pushed."""
    push_header: str = Field(default="sign", min_length=1)
    """The header that carries a push's signature. UNCONFIRMED: several implementations agree, no document says so."""
    carriers: dict[str, int] = {}
    """17TRACK's number of a carrier by the channel's key of it; of others 17TRACK guesses by the tracking number."""
