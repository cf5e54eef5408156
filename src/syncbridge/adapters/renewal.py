"""Tokens renewed once for everybody who needs them, and to the end although nobody waits any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from syncbridge.ports import Tokens, TokenVault

PATIENCE = 10.0
"""Seconds that a closing program waits for new tokens."""


class Renewal:
    """One account's. An answer may hold the only copy of the next token, so no caller's deadline cuts it off."""

    def __init__(self, vault: TokenVault, ask: Callable[[Tokens], Awaitable[Tokens]]) -> None:
        self._vault = vault
        self._ask = ask
        self._task: asyncio.Task[Tokens] | None = None

    async def after(self, old: Tokens) -> Tokens:
        """The tokens that follow `old`: had now, or by whoever needed them first. Raises as the vendor's call does."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._renewed(old))
            self._task.add_done_callback(_heeded)
        return await asyncio.shield(self._task)

    async def ended(self) -> None:
        """Wait a while for what is under way."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=PATIENCE)

    async def _renewed(self, old: Tokens) -> Tokens:
        current = await self._vault.read(fresh=True)
        if current.access != old.access:
            return current
        if not await self._vault.claim(current):
            return await self._vault.read(fresh=True)
        try:
            fresh = await self._ask(current)
        except Exception:
            await self._vault.release()
            raise
        return await self._vault.replace(current, replace(fresh, owner=fresh.owner or current.owner))


def _heeded(task: asyncio.Task[Tokens]) -> None:
    """Its failure is for those who wait; where nobody does any more, the next call meets it again."""
    if not task.cancelled():
        task.exception()
