"""What an account is wired to: its tokens, its share of the quota and what it may call, kept in the database."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from syncbridge.errors import NotGranted, RateLimited
from syncbridge.ports import Clock, Tokens
from syncbridge.rules.quota import CATALOGUE
from syncbridge.settings import LimitSettings
from syncbridge.store import accounts, grants, quota
from syncbridge.store.db import Database, may_pass

LEASED_SLOTS = 10
LONGEST_WAIT = 2.0
"""Seconds a call waits for its turn; after that the job waits instead."""
RENEWAL_LEASE = timedelta(seconds=60)
"""How long one process may take to renew tokens; longer than any call."""
RENEWAL_LOOK = 0.5
"""Seconds between looks whether another process is done with it."""
DATABASE_PAUSE = 2.0
"""Seconds until tokens are stored again that the database could not take."""
ASKED_AGAIN = timedelta(days=1)
"""After that a call is made again that was not granted."""

log = structlog.get_logger("syncbridge.account")


class DatabaseVault:
    """An account's tokens, encrypted in the database."""

    def __init__(self, db: Database, clock: Clock, account: str) -> None:
        self._db = db
        self._clock = clock
        self._account = account
        self._known = Tokens("")

    async def read(self, *, fresh: bool = False) -> Tokens:
        """The tokens in force, from memory unless asked afresh, or while there are none."""
        if fresh or not self._known.access:
            self._known = await self._db.read(accounts.tokens_of, self._account)
        return self._known

    async def claim(self, old: Tokens) -> bool:
        """Wait until it is ours alone to renew these, or another process has done it."""
        claim = accounts.claim_renewal
        while True:
            mine = await self._db.run(claim, self._account, old, now=self._clock.now(), lease=RENEWAL_LEASE)
            if mine is not False:
                return mine is True
            await self._clock.sleep(RENEWAL_LOOK)

    async def release(self) -> None:
        """Let others try."""
        await self._db.run(accounts.release_renewal, self._account)

    async def replace(self, old: Tokens, new: Tokens) -> Tokens:
        """Store the new ones, however long the database cannot take them: nobody else has a copy."""
        while True:
            try:
                self._known = await self._db.run(accounts.replace_tokens, self._account, old, new)
            except DBAPIError as error:
                if not may_pass(error):
                    raise
                log.error("tokens.not_kept", account=self._account, why=str(error.orig))
                await self._clock.sleep(DATABASE_PAUSE)
            else:
                return self._known


class GcraLimiter:
    """Keeps one account, or the accounts of an app, inside a vendor's quota over all workers and restarts.

    A row, leased some slots at a time.
    """

    def __init__(
        self, db: Database, clock: Clock, account: str, limit: LimitSettings, app: list[GcraLimiter] | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self._account = account
        self._limit = limit
        self._leased: dict[str, list[datetime]] = {}
        self._turns: dict[str, float] = {}
        """When the last call of each group has its turn, in seconds as the clock passes them."""
        self._leasing = asyncio.Lock()
        self._app = [] if app is None else app
        """Those of all accounts of the app, this one too."""
        self._app.append(self)

    async def slot(self, group: str) -> None:
        """Wait for the next free slot of the group; raises RateLimited if it is more than two seconds away.

        Slots are times of day, which somebody may set while calls wait: none has its turn sooner after the one before
        than the pace allows, however the clock was set in between.
        """
        every = self._every(group)
        async with self._leasing:
            lease = await self._next(group, every)
            passed = self._clock.passed()
            wait = (lease.first - self._clock.now()).total_seconds()
            if group in self._turns:
                wait = max(wait, self._turns[group] + every.total_seconds() - passed)
            if wait > LONGEST_WAIT:
                why = lease.why and f"{group} calls of {self._account} wait {wait:.0f} s: {lease.why}"
                raise RateLimited(
                    why or f"our own quota for {self._account} is used up for {wait:.0f} s",
                    vendor=self._account,
                    code=lease.code or "own_quota",
                    retry_after=wait,
                )
            self._turns[group] = passed + wait
            self._leased[group] = self._leased.get(group, [])[1:]
        if wait > 0:
            await self._clock.sleep(wait)

    async def ban(self, group: str, error: RateLimited) -> None:
        """Let wait what the vendor's refusal is about, in all processes."""
        now = self._clock.now()
        until = now + timedelta(seconds=error.retry_after or 1.0)
        concerned = self._app if error.scope == "app" else [self]
        banned = [(each._account, group if error.scope == "group" else "") for each in concerned]
        await self._db.run(quota.ban_calls, banned, until=until, why=str(error), now=now)
        for each in concerned:
            each._forget(group if error.scope == "group" else "")

    def _forget(self, group: str) -> None:
        """What was leased before the ban is asked for anew; no group stands for all."""
        for name in [group] if group else list(self._leased):
            self._leased.pop(name, None)

    async def _next(self, group: str, every: timedelta) -> quota.Lease:
        """The first of the slots leased, none of which is used up by it; of new ones if none is left."""
        now = self._clock.now()
        last = now + every * LEASED_SLOTS + quota.LONGEST_LEAD
        leased = [slot for slot in self._leased.get(group, []) if now - every <= slot <= last]
        if not leased:
            lease = await self._db.run(
                quota.lease_slots,
                self._account,
                group,
                now=now,
                every=every,
                slots=LEASED_SLOTS,
                quota=self._limit.quota,
            )
            if lease.slots == 0:
                return lease
            leased = [lease.first + every * n for n in range(lease.slots)]
        self._leased[group] = leased
        return quota.Lease(leased[0])

    def _every(self, group: str) -> timedelta:
        share = float(self._limit.catalogue_share)
        rate = self._limit.per_second * (share if group == CATALOGUE else 1 - share)
        return timedelta(seconds=1 / rate)


Apps = dict[tuple[str, str], list[GcraLimiter]]
"""The limiters of all accounts of one app, by adapter and app key."""


class DatabaseGrants:
    """What the vendor does not let an account call, remembered for a day and over restarts."""

    def __init__(self, db: Database, clock: Clock, account: str) -> None:
        self._db = db
        self._clock = clock
        self._account = account
        self._known: dict[str, grants.Refused] | None = None

    async def check(self, api: str) -> None:
        """Raise NotGranted for what was refused within the day, unless somebody asked to try again."""
        if self._known is None or api in self._known:
            refused = await self._db.read(grants.refused, [self._account])
            self._known = {one.api: one for one in refused}
        held = self._known.get(api)
        now = self._clock.now()
        if held is not None and now < held.ask_at <= now + ASKED_AGAIN:
            again = f"{held.ask_at:%Y-%m-%d %H:%M} UTC"
            why = f"{held.why}; so since {held.since:%Y-%m-%d}, asked again after {again} or a restart"
            raise NotGranted(why, vendor=held.vendor, code=held.code)

    async def refused(self, api: str, error: NotGranted) -> None:
        """Keep it."""
        now = self._clock.now()
        told = grants.Refused(self._account, api, error.vendor, error.code, str(error), now, now + ASKED_AGAIN)
        await self._db.run(grants.refuse, told)
        if self._known is not None:
            self._known[api] = told

    async def granted(self, api: str) -> None:
        """Forget that it was refused."""
        if self._known and self._known.pop(api, None) is not None:
            await self._db.run(grants.grant, self._account, api)
