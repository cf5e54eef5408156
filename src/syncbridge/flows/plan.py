"""Every outward catalogue write goes through a plan: what changes, from what to what, why, and by which rule.

Here is what follows by itself from offers that were read. In a store that approves by itself, what no guard stops goes
out; everything else waits for a person (`flows/approval.py`), and the last good value stays.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.flows import guarded, new_offers, rates, stock
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.flows.new_offers import Made
from syncbridge.model.catalog import Binding, Change, ChangeState, ListingState, Lock, Offer, OwnListing
from syncbridge.model.money import Money
from syncbridge.queue.execute import Done, Outcome
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules import planning
from syncbridge.rules.mapping import Route
from syncbridge.rules.planning import RUN_GUARDS, Recent, Shown, Step, Wanted
from syncbridge.rules.pricing import STEP
from syncbridge.rules.routing import routes_of_offer
from syncbridge.rules.stock import Free
from syncbridge.store import catalogue, locks, offer_history, plans
from syncbridge.store.catalogue import Shelved
from syncbridge.store.plans import UNDECIDED, Key

RUN = timedelta(hours=1)
"""What changes within it counts as one run for the brakes, for a catalogue is read page by page."""
PAGE = 200
"""Offers that are repriced in one job."""
Row = tuple[int, Step]
"""A listing, and one of its changes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A listing's SKUs beside what their offer, just read, makes of them."""

    listing: OwnListing
    bindings: Sequence[Binding]
    wanted: Sequence[Wanted]
    steps: Sequence[Step]

    @property
    def unposted(self) -> bool:
        """Whether it is only proposed, so that all its values are."""
        return self.listing.state is ListingState.PROPOSED


@dataclass(frozen=True, slots=True)
class Read:
    """What offers make of the listings they feed, by store, and the listings they are to become."""

    readings: Mapping[str, Sequence[Reading]]
    made: Mapping[str, Sequence[Made]]


def offers_read(session: Session, bridge: Bridge, supplier: str, offers: Sequence[Offer], *, cause: str) -> None:
    """Plan what follows from these offers, and approve what may go out, in the transaction that keeps them."""
    routes = routes_by_offer(bridge, supplier, offers)
    shelf = catalogue.shelf(session, supplier, routes)
    unrouted = {offer_id for offer_id in routes if not routes[offer_id] and not shelf[offer_id]}
    new_offers.note_unrouted(session, bridge, supplier, routes, unrouted)
    read = held_against(session, bridge, supplier, offers, routes, shelf)
    for store, made in read.made.items():
        _list(session, bridge, store, made)
    for store, readings in read.readings.items():
        _decide(session, bridge, store, readings, cause=cause)
        if bridge.terms.of(store).live:
            _catch_up(session, bridge, readings)


async def reprice(bridge: Bridge, job: Claim) -> Outcome:
    """Plan a page of offers anew from what is kept of them, because a rate moved; the supplier is not asked."""

    def write(session: Session) -> None:
        known, account = rates.current(session, bridge), job.account
        offers = catalogue.offers_after(session, account, job.args["after"], PAGE)
        offers_read(session, known, account, offers, cause=job.args["cause"])
        catalogue.planned(session, account, offers, under=known.basis)
        if len(offers) == PAGE:
            now, last = bridge.clock.now(), offers[-1].offer_id
            enqueue(session, [rates.reprice_job(account, job.args["cause"], job.args["run"], last, now)], now=now)

    return Done(write)


def routes_by_offer(bridge: Bridge, supplier: str, offers: Sequence[Offer]) -> dict[str, Mapping[str, Route]]:
    """The route of each store that takes an offer, by offer id."""
    return {offer.offer_id: routes_of_offer(offer, supplier, bridge.rules) for offer in offers}


def held_against(
    session: Session,
    bridge: Bridge,
    supplier: str,
    offers: Sequence[Offer],
    routes: Mapping[str, Mapping[str, Route]],
    shelf: Mapping[str, Sequence[Shelved]],
) -> Read:
    """Offers held against the listings they feed; the listings their routes lack are written as proposals."""
    made: dict[str, list[Made]] = {}
    for listing, skus in new_offers.propose(session, bridge, supplier, offers, routes, shelf):
        made.setdefault(listing.store, []).append((listing, skus))
    readings: dict[str, list[Reading]] = {}
    every = _readings(session, bridge, supplier, offers, shelf)
    for reading in every:
        readings.setdefault(reading.listing.store, []).append(reading)
    fed: list[tuple[OwnListing, Sequence[Binding], Sequence[Wanted]]] = [
        *((listing, (), skus) for of_store in made.values() for listing, skus in of_store),
        *((read.listing, read.bindings, read.wanted) for read in every),
    ]
    stock.hold_unsure(session, fed, now=bridge.clock.now())
    return Read(readings, made)


def diff(session: Session, bridge: Bridge, supplier: str, offers: Sequence[Offer]) -> list[tuple[OwnListing, Step]]:
    """What a plan of these offers would change, writing nothing."""
    bridge = rates.current(session, bridge)
    shelf = catalogue.shelf(session, supplier, [offer.offer_id for offer in offers])
    return [(read.listing, step) for read in _readings(session, bridge, supplier, offers, shelf) for step in read.steps]


def overtake_gone(
    session: Session, store: str, readings: Sequence[Reading], known: Mapping[Key, Change], *, now: datetime
) -> None:
    """What waits for a person ends where the supplier's values came back to what is wanted already."""
    fed = {(read.listing.id, b.sku_code, field) for read in readings for b in read.bindings for field in RUN_GUARDS}
    asked = {(read.listing.id, step.sku_code, step.field) for read in readings for step in read.steps}
    waiting = (known[key] for key in (fed - asked) & known.keys() if known[key].state in UNDECIDED)
    gone = [one for one in waiting if one.rule or one.field != "price"]  # a price without a rule is a person's
    why = "the supplier's values came back"
    plans.end(session, {one.id: why for one in gone}, ChangeState.OVERTAKEN)
    guarded.let_go(session, store, gone, now=now)


def kept_back(session: Session, readings: Sequence[Reading]) -> list[Row]:
    """What the seller's locks keep back, told once for each value the rules want."""
    kept = {(read.listing.id, step.sku_code, step.field): step for read in readings for step in read.steps if step.kept}
    fresh = locks.tell(session, {which: step.after for which, step in kept.items()}) if kept else ()
    return [(which[0], step) for which, step in kept.items() if which in fresh]


def passports(readings: Sequence[Reading]) -> dict[str, Mapping[str, str]]:
    """Why each price is what it is, by SKU code."""
    return {sku.sku_code: sku.priced.passport for read in readings for sku in read.wanted if sku.priced}


def want_proposal(session: Session, store: str, readings: Sequence[Reading]) -> None:
    """A listing that is only proposed takes its new values at once: it goes out with them, or not at all."""
    unposted = [read for read in readings if read.unposted]
    steps = [replace(step, held="") for read in unposted for step in read.steps if not _doubted(step)]
    catalogue.want(session, store, steps, passports(unposted))


def _doubted(step: Step) -> bool:
    """Whether a guard stops it that knows more than how far it moves."""
    return bool(step.held) and step.guard != STEP


def _list(session: Session, bridge: Bridge, store: str, made: Sequence[Made]) -> None:
    now, auto = bridge.clock.now(), bridge.terms.of(store).auto
    plan_id = plans.begin(session, store, "new offers", now=now)
    steps = [(listing.id, new_offers.first_step(listing, skus)) for listing, skus in made]
    plans.add(session, plan_id, steps, ChangeState.APPROVED if auto else ChangeState.PROPOSED)
    if auto:
        catalogue.intend(session, [listing.id for listing, _ in made])
        sellable = [listing for listing, skus in made if any(sku.stock for sku in skus)]
        enqueue(session, [post_job(listing.id, store, now, "new") for listing in sellable], now=now)


def _decide(session: Session, bridge: Bridge, store: str, readings: Sequence[Reading], *, cause: str) -> None:
    """Approve, hold or propose what these readings ask for, unless that is so already."""
    now, auto = bridge.clock.now(), bridge.terms.of(store).auto
    known = plans.undecided(session, [read.listing.id for read in readings])
    overtake_gone(session, store, readings, known, now=now)
    _note_doubts(session, store, readings, now)
    _propose_first(session, store, readings, known, cause, now)
    asked = _braked(session, bridge, store, readings, known)
    state = ChangeState.APPROVED if auto else ChangeState.PROPOSED
    fresh = [row for row in asked if not _stands(known.get(key(row)), row[1], state)]
    listings = [listing_row(read) for read in readings if read.unposted and (auto or read.steps)]
    rows = [*fresh, *listings, *kept_back(session, readings)]
    if not rows:
        return
    want_proposal(session, store, readings)
    plan_id = plans.begin(session, store, cause, now=now)
    plans.add(session, plan_id, rows, state, passports(readings))
    plans.overtake(session, plan_id)
    overtaken = [known[key(row)] for row in rows if key(row) in known]
    guarded.let_go(session, store, overtaken, still=[step for _, step in asked if step.held], now=now)
    guarded.stopped(session, store, [step for _, step in fresh if step.held], now=now)
    if auto:
        run = Recent(sum(step.reprices for _, step in fresh), sum(step.zeroes for _, step in fresh))
        plans.count(session, plan_id, run)
        catalogue.want(session, store, [step for _, step in fresh], passports(readings))
        _push(session, readings, fresh, str(plan_id), now)


def _propose_first(
    session: Session, store: str, readings: Sequence[Reading], known: Mapping[Key, Change], cause: str, now: datetime
) -> None:
    """The first changes of adopted SKUs are proposed to a person, whatever the store's terms.

    Where the rules want what the seller had anyway, there is nothing to be asked.
    """
    first = _first_plans(readings)
    if not first:
        return
    rows = [(read.listing.id, s) for read in readings for s in read.steps if s.sku_code in first and not s.kept]
    fresh = [row for row in rows if not _stands(known.get(key(row)), row[1], ChangeState.PROPOSED)]
    if fresh:
        plan_id = plans.begin(session, store, cause, now=now)
        plans.add(session, plan_id, fresh, ChangeState.PROPOSED, passports(readings))
        plans.overtake(session, plan_id)
        guarded.stopped(session, store, [step for _, step in fresh if step.held], now=now)
    asked = {step.sku_code for _, step in rows}
    agreed = {sku.sku_code for read in readings for sku in read.wanted} & first - asked
    catalogue.first_plan_over(session, store, agreed)


def _first_plans(readings: Sequence[Reading]) -> set[str]:
    return {b.sku_code for read in readings for b in read.bindings if b.first_plan}


def _asked(step: Step, discount: Money | None) -> Step:
    """A person decides about it anyway, so a large step is no more than a reason to look twice; a doubt still holds."""
    if step.guard != STEP or (discount is not None and discount >= Money.parse(step.after)):
        return step
    return replace(step, reason=f"{step.reason}; {step.held}", held="", guard="")


def _note_doubts(session: Session, store: str, readings: Sequence[Reading], now: datetime) -> None:
    """Hold what is doubted of listings that are only proposed; end the holds of SKUs that nothing stops any more."""
    held = [step for read in readings for step in read.steps if step.held]
    codes = [binding.sku_code for read in readings for binding in read.bindings]
    guarded.end_others(session, store, codes, held, now=now)
    doubts = [step for read in readings if read.unposted for step in read.steps if _doubted(step)]
    guarded.stopped(session, store, doubts, now=now)


def _braked(
    session: Session, bridge: Bridge, store: str, readings: Sequence[Reading], known: Mapping[Key, Change]
) -> list[Row]:
    """The changes of posted listings, held where they are too many together with those of the last hour.

    What the brake on a run holds stays held while what it holds of the store is still too much, however late.
    """
    first = _first_plans(readings)
    every = [
        (read.listing.id, step)
        for read in readings
        if not read.unposted
        for step in read.steps
        if not step.kept and step.sku_code not in first
    ]
    if not every:
        return []
    brakes, skus = bridge.terms.brakes, catalogue.sku_count(session, store)
    run = plans.recent(session, store, since=bridge.clock.now() - RUN)
    new = [row for row in every if not _held_with_its_run(known.get(key(row)), row[1])]
    again = [row for row in every if _held_with_its_run(known.get(key(row)), row[1])]
    decided = planning.brake([step for _, step in new], skus, run, brakes)
    if again:
        others = {field: sum(plans.held(session, store, guard).values()) for field, guard in RUN_GUARDS.items()}
        run = Recent(
            run.repriced + others["price"] - sum(step.reprices for _, step in again),
            run.zeroed + others["stock"] - sum(step.zeroes for _, step in again),
        )
        decided += planning.brake([step for _, step in again], skus, run, brakes)
    return [(listing, step) for (listing, _), step in zip([*new, *again], decided, strict=True)]


def _held_with_its_run(known: Change | None, step: Step) -> bool:
    return known is not None and known.guard in guarded.OF_RUNS and _same(known, step)


def _stands(known: Change | None, step: Step, state: ChangeState) -> bool:
    """Whether the same change waits already as it would now, or a person has said no to it."""
    if known is None or not _same(known, step):
        return False
    return known.state is ChangeState.DROPPED or known.state is (ChangeState.HELD if step.held else state)


def _same(known: Change, step: Step) -> bool:
    return (known.before, known.after) == (step.before, step.after)


def key(row: Row) -> Key:
    """What a change is about."""
    return row[0], row[1].sku_code, row[1].field


def listing_row(read: Reading) -> Row:
    """The change that puts a proposed listing on the channel."""
    return read.listing.id, new_offers.first_step(read.listing, read.wanted)


def _readings(
    session: Session, bridge: Bridge, supplier: str, offers: Sequence[Offer], shelf: Mapping[str, Sequence[Shelved]]
) -> list[Reading]:
    bindings = [binding for entries in shelf.values() for entry in entries for binding in entry.bindings]
    if not bindings:
        return []
    free = stock.free_of(session, bridge, supplier, offers, bindings)
    recent = offer_history.recent_costs(session, supplier, {binding.offer_id for binding in bindings})
    kept = locks.of(session, {binding.listing for binding in bindings})
    shown = {
        (b.store, b.sku_code): _shown(
            b, free[b.store, b.sku_code], recent.get((b.offer_id, b.spec_id)), kept.get((b.listing, b.sku_code), {})
        )
        for b in bindings
    }
    return [_read(bridge, entry, offer, shown) for offer in offers for entry in shelf[offer.offer_id]]


def _read(bridge: Bridge, entry: Shelved, offer: Offer, every: Mapping[tuple[str, str], Shown]) -> Reading:
    shown = [every[binding.store, binding.sku_code] for binding in entry.bindings]
    wanted = planning.wanted(offer, entry.listing.store, shown, bridge.rules)
    steps = planning.steps(offer, wanted, shown, bridge.terms.brakes)
    first = {b.sku_code: b.discount for b in entry.bindings if b.first_plan}
    steps = tuple(_asked(step, first[step.sku_code]) if step.sku_code in first else step for step in steps)
    return Reading(entry.listing, entry.bindings, wanted, steps)


def _shown(binding: Binding, free: Free, recent: Money | None, kept: Mapping[str, Lock]) -> Shown:
    return Shown(
        sku_code=binding.sku_code,
        spec_id=binding.spec_id,
        price=binding.price_wanted,
        stock=binding.stock_wanted,
        passport=binding.passport,
        discount=binding.discount,
        recent=recent,
        free=free,
        locks=kept,
    )


def _catch_up(session: Session, bridge: Bridge, readings: Sequence[Reading]) -> None:
    """What was decided while the store was not live goes out once it is."""
    now = bridge.clock.now()
    for reading in readings:
        listing = reading.listing
        if reading.unposted and bridge.terms.of(listing.store).auto:
            catalogue.intend(session, [listing.id])
            enqueue(session, [post_job(listing.id, listing.store, now, "live")], now=now)
        elif listing.state in (ListingState.ON_SALE, ListingState.OFFLINE) and all(step.kept for step in reading.steps):
            there = [binding for binding in reading.bindings if binding.sku_key is not None]
            values = str([(b.sku_code, b.price_wanted, b.stock_wanted) for b in there])
            reason = f"behind {zlib.crc32(values.encode())}"
            enqueue(session, push_jobs(listing, there, now, reason), now=now)


def _push(session: Session, readings: Sequence[Reading], rows: Sequence[Row], reason: str, now: datetime) -> None:
    by_listing: dict[int, list[Step]] = {}
    for listing, step in rows:
        if step.goes:
            by_listing.setdefault(listing, []).append(step)
    listings = {read.listing.id: read.listing for read in readings}
    pushes = [
        job
        for listing, steps in by_listing.items()
        for job in jobs_of(listings[listing].state, listing, listings[listing].store, _fields(steps), reason, now)
    ]
    enqueue(session, pushes, now=now)


def _fields(steps: Iterable[Step]) -> set[str]:
    return {"zero" if step.zeroes else step.field for step in steps}


def jobs_of(
    state: ListingState, listing: int, store: str, fields: Collection[str], reason: str, now: datetime
) -> list[NewJob]:
    """The jobs that carry out a listing's approved fields; before it is on sale, publishing carries them out.

    ``zero`` is stock of which some goes to zero, which is urgent.
    """
    if state in (ListingState.PROPOSED, ListingState.INTENDED):
        return [post_job(listing, store, now, reason)]
    if state not in (ListingState.ON_SALE, ListingState.OFFLINE):
        return []
    jobs = []
    if {"stock", "zero"} & set(fields):
        jobs.append(_job("stock.push", listing, store, now, reason, urgent="zero" in fields))
    if "price" in fields:
        jobs.append(_job("prices.push", listing, store, now, reason))
    if not {"title", "description", "sku"}.isdisjoint(fields):
        jobs.append(_job("publish.edit", listing, store, now, reason))
    return jobs


def push_jobs(listing: OwnListing, bindings: Sequence[Binding], now: datetime, reason: str) -> list[NewJob]:
    """The jobs that bring the channel to what is wanted, for a listing whose SKUs have just been read back."""
    jobs = []
    if any(b.price_wanted is not None and b.price_wanted != b.price for b in bindings):
        jobs.append(_job("prices.push", listing.id, listing.store, now, reason))
    if any(b.stock_wanted != b.stock for b in bindings):
        jobs.append(_job("stock.push", listing.id, listing.store, now, reason))
    return jobs


def post_job(listing: int, store: str, now: datetime, reason: str) -> NewJob:
    """The job that puts a listing on the channel."""
    return _job("publish.post", listing, store, now, reason)


def _job(kind: str, listing: int, store: str, now: datetime, reason: str, *, urgent: bool = False) -> NewJob:
    return NewJob(
        kind=kind,
        key=f"{kind}:{listing}:{reason}",
        account=store,
        run_at=now,
        priority=now if urgent else now + CATALOGUE_PATIENCE,
        subject=f"listing {store}/{listing}",
        lock=f"listing:{listing}",
        args={"listing": str(listing)},
    )
