"""What ``syncbridge accounts connect`` does: the vendor's page, what the browser brings back, the tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from syncbridge.bootstrap import Opening, SystemClock, open_database
from syncbridge.cli.output import say, show, show_json
from syncbridge.errors import ConfigError, RateLimited, SyncBridgeError
from syncbridge.flows import connect
from syncbridge.ports import Authorizes, Clock, Tokens
from syncbridge.settings import Settings
from syncbridge.store import grants
from syncbridge.store.db import Database
from syncbridge.web.callback import Returned, is_here, returned, wait_for

if TYPE_CHECKING:
    from syncbridge.texts import Texts

LONGEST_WAIT = 60.0
"""Seconds; a code of 1688 lives two minutes."""


@dataclass(frozen=True, slots=True)
class Connecting:
    """One account, and how it is told about."""

    settings: Settings
    name: str
    words: Texts
    json: bool
    clock: Clock = field(default_factory=SystemClock)
    transport: object = None

    async def run(self, code: str | None, seconds: float) -> None:
        """Raises SyncBridgeError where no tokens came of it."""
        db = open_database(self.settings)
        try:
            opening = Opening(self.settings, db, self.clock, transports={self.name: self.transport})
            vendor = await opening.authorize(self.name)
            try:
                self._told(await self._opened(db, vendor, code, seconds))
            finally:
                await vendor.close()
        finally:
            await db.close()

    async def _opened(self, db: Database, vendor: Authorizes, code: str | None, seconds: float) -> Tokens:
        if code is None:
            state = await db.run(connect.ask, self.name, now=self.clock.now())
            said = await self._asked(db, vendor.page(callback=self._callback, state=state), seconds)
        else:
            said = returned(code)
        if said.state is not None and not await self._is_ours(db, said.state):
            raise SyncBridgeError(
                f"this address answers no question of ours, or one of long ago; "
                f"begin again: syncbridge accounts connect {self.name}"
            )
        if not said.code:
            raise SyncBridgeError(f"the vendor gave no code ({said.error or 'and no reason'}); run the command again")
        await db.run(grants.ask_again, account=self.name, now=self.clock.now())  # a person is at it
        tokens = await self._exchanged(vendor, said.code)
        await db.run(connect.connected, self.name, tokens, now=self.clock.now())
        return tokens

    async def _exchanged(self, vendor: Authorizes, code: str) -> Tokens:
        """Wait for our turn, as long as the code lives; a daemon may be using the quota."""
        try:
            return await vendor.tokens(code, callback=self._callback)
        except RateLimited as limited:
            if limited.retry_after is None or limited.retry_after > LONGEST_WAIT:
                raise
            await self.clock.sleep(limited.retry_after)
        return await vendor.tokens(code, callback=self._callback)

    async def _asked(self, db: Database, page: str, seconds: float) -> Returned:
        if self.json:
            show_json({"account": self.name, "page": page})
        else:
            say(self.words.labels["connect_page"])
            show(page)
        if is_here(self._callback):
            say(self.words.labels["connect_waits"].format(account=self.name))
            return await wait_for(self._callback, lambda state: self._is_ours(db, state), seconds=seconds)
        try:
            return returned(typer.prompt(self.words.labels["connect_paste"], err=True))
        except typer.Abort:
            raise ConfigError(
                f"nothing was pasted; when you have it: syncbridge accounts connect {self.name} --code ADDRESS"
            ) from None

    async def _is_ours(self, db: Database, state: str) -> bool:
        return await db.read(connect.is_ours, self.name, state, now=self.clock.now())

    def _told(self, tokens: Tokens) -> None:
        ends = [tokens.access_expires_at, tokens.refresh_expires_at]
        if self.json:
            told = [at.isoformat(timespec="seconds") if at else None for at in ends]
            show_json({"account": self.name, "access_until": told[0], "renewable_until": told[1]})
            return
        label = self.words.labels
        until = [f"{at:%Y-%m-%d %H:%M} UTC" if at else label["value_unknown"] for at in ends]
        say(label["connect_done"].format(account=self.name))
        say(f"{label['access_until']} {until[0]} · {label['renewable_until']} {until[1]}")

    @property
    def _callback(self) -> str:
        return self.settings.accounts[self.name].callback
