"""An import a person asked for: begun, gone on with, and told about. Its jobs are those of `import_`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows.attended import Standing, calls_left
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.flows.import_ import batch_job, run_subject
from syncbridge.flows.retry_queue import Entry, entries
from syncbridge.model.catalog import Search
from syncbridge.model.importing import ImportItem, ImportRun, ItemState, Source
from syncbridge.ports import NamesOffers, Searches
from syncbridge.queue import job as jobs
from syncbridge.queue.job import NewJob
from syncbridge.store import imports

KINDS = ("import_.page", "import_.search", "import_.batch")
NOT_AN_OFFER = "row_not_an_offer"
LONGEST = 200
"""Of what stands in a row, so much is kept to be told."""


@dataclass(frozen=True, slots=True)
class Request:
    """Which offers a person wants."""

    account: str
    source: Source
    what: str = ""
    """The file, the words, or the shop."""
    items: tuple[ImportItem, ...] = ()
    search: Search | None = None
    """What is looked for, where it does not name the offers."""
    stores: tuple[str, ...] = ()
    most: int | None = None

    @property
    def is_listed(self) -> bool:
        """Whether it names the offers, rather than where to find them."""
        return self.source in (Source.OFFERS, Source.FILE)


@dataclass(frozen=True, slots=True)
class Report:
    """How an import stands."""

    run: ImportRun
    counts: Mapping[ItemState, int]
    stores: Mapping[str, Mapping[str, int]]
    """Listings of its offers, by store and state."""
    failures: Sequence[ImportItem]
    doubles: Sequence[ImportItem]
    per_second: float | None
    seconds_left: int | None
    calls_left: int | None
    """Of the account's quota of today; None: nobody knows."""
    stuck: Entry | None = None
    """What it waits for, if not for its turn."""


def account_of(bridge: Bridge, name: str | None) -> str:
    """The supplier account meant: the named one, or the only one. Raises SyncBridgeError."""
    there = ", ".join(sorted(bridge.suppliers)) or "none"
    if name is None and len(bridge.suppliers) == 1:
        return next(iter(bridge.suppliers))
    if name is None:
        raise SyncBridgeError(f"say which account the offers come through, with --account ({there})")
    if name not in bridge.suppliers:
        raise SyncBridgeError(f"there is no supplier account {name} ({there})")
    return name


def check_stores(bridge: Bridge, account: str, stores: Collection[str]) -> None:
    """Raise SyncBridgeError for a store that no route leads to from the account."""
    reached = {store for route in bridge.rules.routes if route.supplier == account for store in route.stores}
    for store in stores:
        if store not in bridge.channels:
            there = ", ".join(sorted(bridge.channels)) or "none"
            raise SyncBridgeError(f"there is no store {store} ({there})")
        if store not in reached:
            raise SyncBridgeError(
                f"no route lists offers of account {account} in store {store}; add one to the mapping files"
            )


def named(bridge: Bridge, account: str, number: int, written: str, spoilt: str = "") -> ImportItem:
    """The item of what a person wrote; failed if it names no offer, or if a spreadsheet spoilt it."""
    item = ImportItem(number, written[:LONGEST], "")
    if spoilt:
        return replace(item, state=ItemState.FAILED, code=spoilt)
    supplier = bridge.suppliers[account]
    try:
        offer_id = supplier.offer_named(written) if isinstance(supplier, NamesOffers) else written
    except ValueError as error:
        return replace(item, state=ItemState.FAILED, code=NOT_AN_OFFER, why=str(error))
    return replace(item, offer_id=offer_id)


async def look_for(bridge: Bridge, request: Request) -> list[ImportItem]:
    """The items a search would find, writing nothing. Raises VendorError."""
    supplier, items = bridge.suppliers[request.account], list[ImportItem]()
    if request.search is None or not isinstance(supplier, Searches):
        return items
    async with aclosing(supplier.search(request.search, since=None)) as pages:  # type: ignore[type-var]  # as in import_
        async for page in pages:
            items += [ImportItem(number, found, found) for number, found in enumerate(page.items, len(items) + 1)]
            if request.most is not None and len(items) >= request.most:
                return items[: request.most]
    return items


async def shop_of(bridge: Bridge, account: str, text: str) -> str:
    """The id of the shop meant: written as it is, or that of the offer a person named. Raises VendorError."""
    supplier = bridge.suppliers[account]
    try:
        offer_id = supplier.offer_named(text) if isinstance(supplier, NamesOffers) else ""
    except ValueError:
        return text
    return (await supplier.offer(offer_id)).supplier_id if offer_id else text


def planned(session: Session, request: Request, *, now: datetime) -> list[ImportItem]:
    """The items as a run would take them, writing nothing."""
    return imports.judged(session, _run(request, now), request.items)


def begin(session: Session, request: Request, *, now: datetime) -> int:
    """Write a run with its items and its first job; answers its number."""
    run = _run(request, now)
    run = replace(run, id=imports.begin(session, run))
    imports.add(session, run, request.items)
    if not request.is_listed:
        jobs.enqueue(session, [_finding_job(run, request.search or Search(), now)], now=now)
    elif imports.waiting(session, run.id, most=1):
        jobs.enqueue(session, [batch_job(run, "first", now)], now=now)
    else:
        imports.ended(session, run.id, now=now)
    return run.id


def resume(session: Session, number: int, *, now: datetime) -> None:
    """Go on with a run: what failed at the supplier is asked for once more. Raises SyncBridgeError."""
    run = _known(session, number)
    imports.reopen(session, number)
    if jobs.wake_about(session, run_subject(number), KINDS, now=now):
        return
    if imports.waiting(session, number, most=1):
        jobs.enqueue(session, [batch_job(run, f"resumed {now.isoformat()}", now)], now=now)
    elif run.listed_at is not None:
        imports.ended(session, number, now=now)


def standing(session: Session, bridge: Bridge, number: int) -> Standing:
    """How far a run got; nothing is left if it ended, or if it waits for a person."""
    run, counts = _known(session, number), imports.counts(session, number)
    waiting = counts.get(ItemState.WAITING, 0)
    goes_on = run.ended_at is None and jobs.is_about(session, run_subject(number), KINDS)
    done = sum(counts.values()) - waiting
    return Standing(max(waiting, 1) if goes_on else 0, done, calls_left(session, bridge, run.account))


def report(session: Session, bridge: Bridge, number: int | None) -> Report:
    """How a run stands, the newest if none is named. Raises SyncBridgeError."""
    number = number if number is not None else imports.newest(session)
    if number is None:
        raise SyncBridgeError("nothing was imported yet; see: syncbridge import --help")
    run, counts = _known(session, number), imports.counts(session, number)
    pace = imports.per_second(session, number)
    waiting = counts.get(ItemState.WAITING, 0)
    failures = [*imports.items(session, number, ItemState.FAILED), *imports.not_listed(session, run)]
    return Report(
        run,
        counts,
        imports.listings(session, run),
        sorted(failures, key=lambda item: item.number),
        imports.items(session, number, ItemState.DOUBLE),
        pace,
        round(waiting / pace) if pace and waiting else None,
        calls_left(session, bridge, run.account),
        next((entry for entry in entries(session) if entry.subject == run_subject(number)), None),
    )


def _known(session: Session, number: int) -> ImportRun:
    run = imports.run_of(session, number)
    if run is None:
        raise SyncBridgeError(f"there is no import {number}; see: syncbridge import status")
    return run


def _run(request: Request, now: datetime) -> ImportRun:
    listed_at = now if request.is_listed else None
    return ImportRun(0, request.account, request.source, request.what, request.stores, request.most, now, listed_at)


def _finding_job(run: ImportRun, search: Search, now: datetime) -> NewJob:
    kind = "import_.page" if run.source is Source.POOL else "import_.search"
    args = {"run": f"import{run.id}", "import": str(run.id), "keyword": search.keyword, "shop": search.shop}
    return NewJob(
        kind=kind,
        key=f"{kind}:{run.account}:import{run.id}",
        account=run.account,
        run_at=now,
        priority=now + CATALOGUE_PATIENCE,
        subject=run_subject(run.id),
        args=args,
    )
