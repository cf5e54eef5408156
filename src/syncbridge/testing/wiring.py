"""What an adapter is given in a test: no quota, tokens in memory, and the transport of your choice."""

from __future__ import annotations

from syncbridge.errors import NotGranted, RateLimited
from syncbridge.ports import Clock, Deadlines, Health, Tokens, Wiring


class NoLimit:
    """A quota that is never used up, and knows how much was."""

    def __init__(self) -> None:
        self.granted = 0

        self.bans: list[RateLimited] = []

    async def slot(self, group: str) -> None:
        """Grant at once."""
        self.granted += 1

    async def ban(self, group: str, error: RateLimited) -> None:
        """Note it."""
        self.bans.append(error)


class Unprobed:
    """Everything may be asked for, as if for the first time."""

    async def check(self, api: str) -> None:
        """It may."""

    async def refused(self, api: str, error: NotGranted) -> None:
        """It is asked again all the same."""

    async def granted(self, api: str) -> None:
        """As was thought."""


class MemoryVault:
    """Tokens kept in memory."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.refreshes = 0

    async def read(self, *, fresh: bool = False) -> Tokens:
        """The tokens in force."""
        return self.tokens

    async def claim(self, old: Tokens) -> bool:
        """There is nobody else."""
        return True

    async def release(self) -> None:
        """There was nothing to wait for."""

    async def replace(self, old: Tokens, new: Tokens) -> Tokens:
        """Store the new ones unless others came first."""
        if self.tokens == old:
            self.tokens = new
            self.refreshes += 1
        return self.tokens


class Chart:
    """Notes whether the vendor answers."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def lost(self, why: str) -> None:
        """It does not."""
        self.told.append("lost")

    async def back(self) -> None:
        """It does again."""
        self.told.append("back")


def wiring_for(
    transport: object,
    clock: Clock,
    tokens: Tokens,
    *,
    account: str = "main",
    deadlines: Deadlines | None = None,
    health: Health | None = None,
) -> Wiring:
    """A wiring for one account that reaches the transport only."""
    return Wiring(
        account=account,
        clock=clock,
        limiter=NoLimit(),
        tokens=MemoryVault(tokens),
        health=health or Chart(),
        grants=Unprobed(),
        deadlines=deadlines or Deadlines(total=2.0, read=1.0),
        transport=transport,
    )
