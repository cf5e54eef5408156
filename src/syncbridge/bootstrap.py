"""Puts the parts together: settings in, a bridge with its accounts, its database and its worker out."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from pydantic import BaseModel, SecretStr

from syncbridge.adapters.images import SafeImages
from syncbridge.errors import ConfigError, MappingError
from syncbridge.flows import start
from syncbridge.flows.alarms import AccountHealth
from syncbridge.flows.bridge import AccountTerms, Bridge, Terms
from syncbridge.flows.jobs import JOBS, Flow
from syncbridge.ports import (
    Adapter,
    Authorizes,
    Carrier,
    Channel,
    Clock,
    Connection,
    Deadlines,
    ExchangeRates,
    Notifier,
    Supplier,
    Tokens,
    Tracks,
    Wiring,
)
from syncbridge.queue.execute import Outcome, Worker
from syncbridge.queue.job import Claim
from syncbridge.rules.following import Patience
from syncbridge.rules.mapping import Place, Rules
from syncbridge.rules.mapping_check import check
from syncbridge.rules.mapping_file import parse
from syncbridge.rules.planning import Brakes
from syncbridge.rules.polling import Bounds
from syncbridge.rules.rates import RateBrakes
from syncbridge.settings import Settings, read_mappings
from syncbridge.store import accounts
from syncbridge.store.backup import in_plain_words, remedy
from syncbridge.store.db import Database, SqliteDatabase, load_keys, open_engine
from syncbridge.store.migrate import HEAD, migrate, outdated, revision
from syncbridge.store.owner import sole_owner
from syncbridge.wiring import Apps, DatabaseGrants, DatabaseVault, GcraLimiter

ENTRY_POINTS = "syncbridge.adapters"


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Now."""
        return datetime.now(UTC)

    def passed(self) -> float:
        """Seconds of the machine's counter, which nobody sets."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass(slots=True)
class App:
    """Everything that runs."""

    settings: Settings
    bridge: Bridge
    """Replaced when the mapping files change; a job ends with the one it began with."""
    connections: Mapping[str, Connection]
    mappings: Mapping[str, str]
    """The mapping files as last read, usable or not."""

    def worker(self, flows: Mapping[str, Flow] = JOBS) -> Worker:
        """What runs the jobs."""
        return Worker(
            db=self.bridge.db,
            clock=self.bridge.clock,
            handlers={kind: functools.partial(self._run, flow) for kind, flow in flows.items()},
            policies=self.settings.retry.policies,
            lease=self.settings.jobs.lease,
            renewal=self.settings.jobs.renewal,
        )

    async def _run(self, flow: Flow, job: Claim) -> Outcome:
        return await flow(self.bridge, job)

    def reload_mappings(self) -> bool:
        """Use the mapping files as they are now; answers whether they changed.

        Raises ConfigError or MappingError and keeps the old rules if they cannot be used.
        """
        before, self.mappings = self.mappings, {}
        self.mappings = read_mappings(self.settings.mappings)
        if self.mappings == before:
            return False
        rules = _rules(self.mappings)
        _check_accounts(rules, self.bridge)
        self.bridge = replace(self.bridge, rules=rules)
        return True

    async def close(self) -> None:
        """Let go of the vendors and the database."""
        for connection in self.connections.values():
            await connection.close()
        await self.bridge.db.close()


def open_database(settings: Settings, *, owned: bool = False) -> SqliteDatabase:
    """The database of the settings, at the tables this program knows. Raises ConfigError, SyncBridgeError.

    Tables are upgraded by their owner only: beside a daemon of an older version a command changes nothing.
    """
    if settings.database_file.exists() and not settings.key_file.exists():
        raise ConfigError(
            f"the key file {settings.key_file} is missing, and the database {settings.database_file} cannot be read "
            f"without it: put the key file back, or {remedy(settings.database_file)} together with its key file"
        )
    engine = open_engine(settings.database_url, load_keys(settings.key_file))
    with contextlib.nullcontext() if owned or not outdated(engine) else sole_owner(settings.database_file):
        migrate(engine)
    return SqliteDatabase(engine)


def open_to_read(settings: Settings) -> Database | None:
    """The database as it is, for commands that only look; None if there is none. Raises ConfigError.

    Nothing is made and nothing upgraded.
    """
    if not settings.database_file.exists():
        return None
    if not settings.key_file.exists():
        raise ConfigError(f"the key file {settings.key_file} is missing, so {settings.database_file} cannot be read")
    engine = open_engine(settings.database_url, load_keys(settings.key_file))
    with in_plain_words(settings.database_file):
        found = revision(engine)
    if found != HEAD:
        raise ConfigError(
            f"the tables of {settings.database_file} are those of version {found or 'none'}, this syncbridge reads "
            f"{HEAD}: start the daemon once, which upgrades older ones"
        )
    return SqliteDatabase(engine)


@functools.cache
def find_adapter(name: str) -> Adapter[BaseModel]:
    """The adapter of that entry point; raises ConfigError naming those there are."""
    return cast(Adapter[BaseModel], _entry_point(name).load())


def contracts_of(name: str) -> str:
    """The module in which an adapter's package ships its contracts; raises ConfigError as above."""
    return f"{_entry_point(name).module}.contracts"


def _entry_point(name: str) -> EntryPoint:
    found = {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}
    if name not in found:
        raise ConfigError(f"there is no adapter {name!r}; there are {', '.join(sorted(found))}")
    return found[name]


async def assemble(
    settings: Settings,
    db: Database,
    *,
    clock: Clock | None = None,
    transports: Mapping[str, object] | None = None,
    notifiers: Sequence[Notifier] = (),
    rules: Rules | None = None,
) -> App:
    """Connect every account and bind the flows to them. Raises ConfigError or MappingError, and writes nothing then.

    The rules are read from the mapping files unless they are given.
    """
    clock = clock or SystemClock()
    texts = read_mappings(settings.mappings)
    rules = rules or _rules(texts)
    opening = Opening(settings, db, clock, notifiers, transports or {})
    connections = {name: await opening.connect(name) for name in settings.accounts}
    quarantine = timedelta(seconds=settings.quarantine)
    ledger_from = await db.read(start.ledger_from, quarantine=quarantine, now=clock.now())
    bridge = _bridge(settings, db, clock, rules, connections, ledger_from)
    images = SafeImages(settings.images.hosts) if settings.images.fetch else None
    bridge = replace(bridge, notifiers=tuple(notifiers), images=images)
    _check_accounts(rules, bridge)
    return App(settings, bridge, connections, texts)


@dataclass(frozen=True, slots=True)
class Opening:
    """What every account of one process is connected with."""

    settings: Settings
    db: Database
    clock: Clock
    notifiers: Sequence[Notifier] = ()
    transports: Mapping[str, object] = field(default_factory=dict)
    apps: Apps = field(default_factory=dict)

    async def connect(self, name: str) -> Connection:
        """One account, connected. Raises ConfigError."""
        adapter, own, wiring = await self._wired(name)
        return adapter.connect(own, wiring)

    async def authorize(self, name: str) -> Authorizes:
        """What opens one account on the vendor's page. Raises ConfigError where keys alone open it."""
        if name not in self.settings.accounts:
            there = ", ".join(sorted(self.settings.accounts)) or "none"
            raise ConfigError(f"the settings have no account {name!r} ({there}); add [accounts.{name}]")
        adapter, own, wiring = await self._wired(name)
        if adapter.authorize is None:
            raise ConfigError(
                f"{name} is opened by its keys in the settings alone ({adapter.name}); nothing to connect"
            )
        return adapter.authorize(own, wiring)

    async def _wired(self, name: str) -> tuple[Adapter[BaseModel], BaseModel, Wiring]:
        settings, db, clock = self.settings, self.db, self.clock
        account = settings.accounts[name]
        adapter = find_adapter(account.adapter)
        own = settings.adapter_settings(name, adapter.settings)
        await db.run(accounts.seed_tokens, name, configured_tokens(own))
        wiring = Wiring(
            account=name,
            clock=clock,
            limiter=self._limiter(name, str(getattr(own, "app_key", ""))),
            tokens=DatabaseVault(db, clock, name),
            health=AccountHealth(db, clock, name, self.notifiers),
            grants=DatabaseGrants(db, clock, name),
            deadlines=Deadlines(settings.deadlines.total, settings.deadlines.read),
            transport=self.transports.get(name),
        )
        return adapter, own, wiring

    def _limiter(self, name: str, app_key: str) -> GcraLimiter:
        """The account's own, or where the vendor counts by app the one of all its accounts, which share its leases."""
        settings, adapter = self.settings, self.settings.accounts[name].adapter
        app = self.apps.setdefault((adapter, app_key or name), [])
        counted_as = settings.counted_as(name)
        if counted_as != name and app:
            return app[0]
        return GcraLimiter(self.db, self.clock, counted_as, settings.limit(adapter), app)


def configured_tokens(own: BaseModel) -> Tokens:
    """The tokens that an account's settings begin with."""
    access, refresh = (getattr(own, name, None) for name in ("access_token", "refresh_token"))
    return Tokens(
        access=access.get_secret_value() if isinstance(access, SecretStr) else "",
        refresh=refresh.get_secret_value() if isinstance(refresh, SecretStr) else "",
    )


def _bridge(
    settings: Settings,
    db: Database,
    clock: Clock,
    rules: Rules,
    connections: Mapping[str, Connection],
    ledger_from: datetime,
) -> Bridge:
    suppliers: dict[str, Supplier] = {n: c.supplier for n, c in connections.items() if c.supplier is not None}
    channels: dict[str, Channel] = {n: c.channel for n, c in connections.items() if c.channel is not None}
    carriers: dict[str, Carrier] = {n: c.carrier for n, c in connections.items() if c.carrier is not None}
    trackers: dict[str, Tracks] = {n: c.tracks for n, c in connections.items() if c.tracks is not None}
    exchanges: dict[str, ExchangeRates] = {n: c.rates for n, c in connections.items() if c.rates is not None}
    brakes = settings.brakes
    terms = Terms(
        cool_off=timedelta(seconds=settings.cool_off),
        quarantine=timedelta(seconds=settings.quarantine),
        audit_wait=timedelta(seconds=settings.waits.audit),
        read_back_wait=timedelta(seconds=settings.waits.read_back),
        orders_wait=timedelta(seconds=settings.waits.orders),
        booking_wait=timedelta(seconds=settings.waits.booking),
        brakes=Brakes(brakes.price_step, brakes.repriced_share, brakes.zeroed_share),
        rate_brakes=RateBrakes(brakes.rate_band, brakes.rate_outlier, brakes.rate_days),
        margin_floor=brakes.margin_floor,
        polling=Bounds(timedelta(seconds=settings.monitor.soonest), timedelta(seconds=settings.monitor.latest)),
        history=timedelta(days=settings.monitor.history_days),
        patience=Patience(domestic=timedelta(seconds=settings.waits.domestic)),
        most_pictures=settings.images.per_run,
        accounts={
            name: AccountTerms(
                account.live,
                account.daily_spending_cap,
                account.resend_unknown,
                frozenset(account.required_labels),
                account.without_labels,
                account.approve,
                account.confirm_receipt,
                settings.limit(account.adapter).quota,
                settings.reads_per_second(name),
                settings.counted_as(name),
            )
            for name, account in settings.accounts.items()
        },
    )
    renewals = {n: c.renew for n, c in connections.items() if c.renew is not None}
    return Bridge(
        db,
        clock,
        rules,
        terms,
        suppliers,
        channels,
        carriers,
        ledger_from,
        exchanges=exchanges,
        trackers=trackers,
        renewals=renewals,
    )


def _rules(texts: Mapping[str, str]) -> Rules:
    rules = parse(texts)
    problems = check(rules)
    if problems:
        raise MappingError("\n".join(problems))
    return rules


def _check_accounts(rules: Rules, bridge: Bridge) -> None:
    """Every account a mapping file names must be one of the settings, of the right sort."""
    sorts = {"store": set(bridge.channels), "supplier": set(bridge.suppliers), "carrier": set(bridge.carriers)}
    for pair, account in rules.followed.items():
        if account not in bridge.exchanges:
            there = ", ".join(sorted(bridge.exchanges)) or "none"
            raise ConfigError(
                f"the mapping files take the rate {'/'.join(pair)} from the account {account!r}, which tells no rates "
                f'(those that do: {there}); add [accounts.{account}] with adapter = "ecb" or write the rate'
            )
    for place, who, what, name in _named_accounts(rules):
        if name not in sorts[what]:
            there = ", ".join(sorted(sorts[what])) or "none"
            raise ConfigError(
                f"{place}: {who} names the {what} account {name!r}, but the settings have "
                f"no such {what} ({there}); add [accounts.{name}] to syncbridge.toml or correct the mapping file"
            )


def _named_accounts(rules: Rules) -> Iterator[tuple[Place, str, str, str]]:
    """(place, who names it, sort, name) of each account in the mapping files."""
    for route in rules.routes:
        who = f"route {route.name}"
        yield from ((route.place, who, "store", store) for store in route.stores)
        yield route.place, who, "supplier", route.supplier
        if route.carrier:
            yield route.place, who, "carrier", route.carrier
    for sku in rules.skus:  # its stores are those of routes
        yield from ((sku.place, f"SKU {sku.code}", "supplier", way.supplier) for way in sku.backups)
