"""What the gateway knows of an API: its parameters, what it does, how it refuses, and what is told afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Fields, Json
from syncbridge.adapters.alibaba1688.mock.pushes import Pushes
from syncbridge.adapters.alibaba1688.mock.seller import Sellers
from syncbridge.adapters.alibaba1688.mock.state import State

Act: TypeAlias = Callable[[State, Account, Json], Json]
After: TypeAlias = Callable[[State, Pushes, Sellers, Json], None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API."""

    fields: Fields
    act: Act
    envelope: str
    """A name in `ENVELOPES` (1688.md §3.2)."""
    writes: bool = False
    """Whether the vendor keeps anything of it."""
    needs_token: bool = True
    needs_grant: Callable[[Account], bool] = lambda _: True
    after: After | None = None
    """Tells whom it concerns, once it is done."""


Endpoints: TypeAlias = Mapping[str, Endpoint]
