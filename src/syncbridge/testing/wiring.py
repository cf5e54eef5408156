"""What an adapter is given in a test: no quota, tokens in memory, and the transport of your choice."""

from __future__ import annotations

from syncbridge.ports import Clock, Deadlines, Health, Tokens, Wiring


class NoLimit:
    """A quota that is never used up, and knows how much was."""

    def __init__(self) -> None:
        self.granted = 0

    async def slot(self, group: str) -> None:
        """Grant at once."""
        self.granted += 1


class MemoryVault:
    """Tokens kept in memory."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.refreshes = 0

    async def read(self, *, fresh: bool = False) -> Tokens:
        """The tokens in force."""
        return self.tokens

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
        deadlines=deadlines or Deadlines(total=2.0, read=1.0),
        transport=transport,
    )
