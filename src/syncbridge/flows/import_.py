"""Offers come in: by pages of the pool an account follows, by those a person asked for, or as something changed."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import (
    AccessExpired,
    NotFound,
    NotGranted,
    Outage,
    OutcomeUnknown,
    RateLimited,
    Transient,
    VendorError,
)
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.flows.offers import keep, report_failures
from syncbridge.model.catalog import Offer, Search
from syncbridge.model.importing import ImportItem, ImportRun, ItemState
from syncbridge.model.paging import Cursor, Page
from syncbridge.ports import Follows, Searches
from syncbridge.queue.execute import Done, Outcome, Park, Retry
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.store import catalogue, imports

PAGE = 20
"""Offers of a run that are read and kept by one job."""
TRIES = 3
"""So often an offer is asked for that gets no answer while others do."""
AGAIN = timedelta(seconds=15)
"""Before only such offers are asked for again."""


async def page(bridge: Bridge, job: Claim) -> Outcome:
    """Read one page of the pool, keep what changed, plan what follows from it, and ask for the next page."""
    supplier = bridge.suppliers[job.account]
    since = Cursor(job.args["cursor"]) if "cursor" in job.args else None
    run = await _run(bridge, job)
    try:
        async with aclosing(supplier.offers(since=since)) as pages:  # type: ignore[type-var]  # async generators close
            read = await anext(pages, None)
    except NotGranted:
        if run is not None:
            raise
        return Done()  # the account follows no pool; its offers come one by one
    if read is None:
        return Done(lambda session: _listed(session, bridge, run))

    def write(session: Session) -> None:
        now = bridge.clock.now()
        offers = read.items if run is None else _pooled(session, run, read, now=now)
        stores = () if run is None else run.stores
        cause = f"pool of {job.account}"
        keep(session, bridge, job.account, offers, cause=cause, began=job.claimed_at, stores=stores)
        report_failures(session, job.account, read.failures, now=now)
        _ask_for_next(session, job, read.cursor, now=now)

    return Done(write)


async def search(bridge: Bridge, job: Claim) -> Outcome:
    """Read one page of what a person looks for, note which offers it names, and ask for the next page."""
    supplier, run = bridge.suppliers[job.account], await _run(bridge, job)
    assert run is not None  # noqa: S101  only runs search
    if not isinstance(supplier, Searches):
        return Park("no_search", f"account {job.account} cannot be searched; import the offers by their ids")
    query = Search(job.args.get("keyword", ""), job.args.get("shop", ""))
    since = Cursor(job.args["cursor"]) if "cursor" in job.args else None
    async with aclosing(supplier.search(query, since=since)) as pages:  # type: ignore[type-var]  # as above
        read = await anext(pages, None)

    def write(session: Session) -> None:
        now = bridge.clock.now()
        known = sum(imports.counts(session, run.id).values())
        left = None if run.most is None else run.most - known
        named: list[str | tuple[str, str]] = [*read.items, *read.failures] if read else []
        found = named[:left]
        imports.add(session, run, [_found(number, each) for number, each in enumerate(found, known + 1)])
        if read is None or (left is not None and len(found) >= left):
            _listed(session, bridge, run)
        else:
            _ask_for_next(session, job, read.cursor, now=now)

    return Done(write)


async def batch(bridge: Bridge, job: Claim) -> Outcome:
    """Read the next offers of a run, keep them, and note what became of each.

    What concerns one offer is noted with it; what concerns the account ends the batch, with what was read before it.
    """
    run = await _run(bridge, job)
    assert run is not None  # noqa: S101  only runs have batches
    items = await bridge.db.read(imports.waiting, run.id, most=PAGE)
    offers: list[Offer] = []
    settled: list[ImportItem] = []
    for item in items:
        try:
            read = await bridge.suppliers[run.account].offer(item.offer_id)
        except (RateLimited, Outage, AccessExpired, NotGranted):
            if not settled:
                raise
            break  # the next batch meets it first
        except VendorError as error:
            settled.append(_failed(item, error))
        else:
            settled.append(_read(item, read))
            offers += [read] if settled[-1].state is ItemState.IMPORTED else []

    def write(session: Session) -> None:
        now = bridge.clock.now()
        cause = f"import {run.id}"
        keep(session, bridge, run.account, offers, cause=cause, began=job.claimed_at, stores=run.stores)
        unreadable = [(item.offer_id, item.why) for item in settled if item.code == "offer_unreadable"]
        report_failures(session, run.account, unreadable, now=now)
        imports.settle(session, run.id, settled, now=now)
        if imports.waiting(session, run.id, most=1):
            later = now + AGAIN if all(item.state is ItemState.WAITING for item in settled) else now
            enqueue(session, [batch_job(run, f"after {job.id}", later)], now=now)
        else:
            imports.ended(session, run.id, now=now)

    return Done(write)


async def follow(bridge: Bridge, job: Claim) -> Outcome:
    """Ask the supplier for messages about an offer."""
    supplier = bridge.suppliers[job.account]
    if not isinstance(supplier, Follows):
        return Done()
    try:
        await supplier.follow(job.args["offer"])
    except NotGranted:
        return Done()  # no messages for this account: its offers are polled all the same
    except OutcomeUnknown as error:
        return Retry("unknown", str(error))  # following twice changes nothing
    return Done(lambda session: catalogue.followed(session, job.account, job.args["offer"]))


def run_subject(run: int) -> str:
    """How people name an import."""
    return f"import {run}"


def batch_job(run: ImportRun, occasion: str, now: datetime) -> NewJob:
    """The job that reads the next offers of a run; `occasion` tells its jobs apart."""
    return NewJob(
        kind="import_.batch",
        key=f"import_.batch:{run.id}:{occasion}",
        account=run.account,
        run_at=now,
        priority=now + CATALOGUE_PATIENCE,
        subject=run_subject(run.id),
        lock=run_subject(run.id),
        args={"import": str(run.id)},
    )


async def _run(bridge: Bridge, job: Claim) -> ImportRun | None:
    """The run a job belongs to, if a person asked for it."""
    return await bridge.db.read(imports.run_of, int(job.args["import"])) if "import" in job.args else None


def _listed(session: Session, bridge: Bridge, run: ImportRun | None) -> None:
    """It is known which offers a run is about: they are read next, where they were not already."""
    if run is None:
        return
    now = bridge.clock.now()
    imports.listed(session, run.id, now=now)
    if imports.waiting(session, run.id, most=1):
        enqueue(session, [batch_job(run, "first", now)], now=now)
    else:
        imports.ended(session, run.id, now=now)


def _pooled(session: Session, run: ImportRun, read: Page[Offer], *, now: datetime) -> list[Offer]:
    """Note a page of the pool in a run; answers the offers that no other account has."""
    begun = sum(imports.counts(session, run.id).values())
    named: list[str | tuple[str, str]] = [*(offer.offer_id for offer in read.items), *read.failures]
    items = imports.judged(session, run, [_found(number, each) for number, each in enumerate(named, begun + 1)])
    imports.add(session, run, items)
    imports.settle(
        session,
        run.id,
        [replace(item, state=ItemState.IMPORTED) for item in items if item.state is ItemState.WAITING],
        now=now,
    )
    elsewhere = {item.offer_id for item in items if item.code == "same_account"}
    return [offer for offer in read.items if offer.offer_id not in elsewhere]


def _found(number: int, each: str | tuple[str, str]) -> ImportItem:
    """An offer the vendor named, or one of which it could not be read."""
    if isinstance(each, str):
        return ImportItem(number, each, each)
    offer_id, why = each
    return ImportItem(number, offer_id, offer_id, ItemState.FAILED, "offer_unreadable", why)


def _read(item: ImportItem, read: Offer) -> ImportItem:
    if read.offer_id == item.offer_id:
        return replace(item, state=ItemState.IMPORTED)
    why = f"the supplier answered with offer {read.offer_id}"
    return replace(item, state=ItemState.FAILED, code="offer_unreadable", why=why)


def _failed(item: ImportItem, error: VendorError) -> ImportItem:
    tries = item.tries + 1
    if isinstance(error, Transient) and tries < TRIES:
        return replace(item, tries=tries)
    match error:
        case NotFound():
            code = "offer_gone"
        case Transient():
            code = "row_no_answer"
        case _:
            code = "offer_unreadable"
    return replace(item, state=ItemState.FAILED, code=code, why=str(error), tries=tries)


def _ask_for_next(session: Session, job: Claim, cursor: Cursor, *, now: datetime) -> None:
    run = job.args["run"]
    next_page = NewJob(
        kind=job.kind,
        key=f"{job.kind}:{job.account}:{run}:{cursor}",
        account=job.account,
        run_at=now,
        priority=job.priority,
        subject=job.subject,
        args={**job.args, "cursor": cursor},
    )
    enqueue(session, [next_page], now=now)
