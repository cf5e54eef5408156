"""Every outward catalogue write goes through a plan: what changes, from what to what, why, and by which rule.

The daemon approves what no brake stops; what a brake stops is held for a person and the last good value stays.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import MappingError
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.model.catalog import Binding, GivenText, ListingState, Offer, OwnListing
from syncbridge.queue.job import NewJob, enqueue
from syncbridge.rules import planning
from syncbridge.rules.mapping import Route
from syncbridge.rules.planning import Shown, Step, Wanted
from syncbridge.rules.routing import routes_of_offer
from syncbridge.store import catalogue, given_texts, holds, timeline


@dataclass(frozen=True, slots=True)
class Reading:
    """A listing beside what its offer, just read, makes of it."""

    listing: OwnListing
    route: Route
    bindings: Sequence[Binding]
    wanted: Sequence[Wanted]
    steps: Sequence[Step]


def offers_read(session: Session, bridge: Bridge, supplier: str, offers: Sequence[Offer], *, cause: str) -> None:
    """Plan and approve what follows from these offers, in the transaction that keeps them."""
    by_store: dict[str, list[Reading]] = {}
    now = bridge.clock.now()
    offer_ids = [offer.offer_id for offer in offers]
    chosen = catalogue.chosen_stores(session, supplier, offer_ids)
    given = given_texts.of_offers(session, supplier, offer_ids)
    for offer in offers:
        routes = routes_of_offer(offer, supplier, bridge.rules)
        subject = f"offer {supplier}/{offer.offer_id}"
        if routes:
            holds.close_holds(session, "offer_unrouted", [subject], now=now)
        else:
            _hold(session, "offer_unrouted", subject, "no route takes this offer", now)
        for store, route in routes.items():
            listing = catalogue.listing_of(session, store, supplier, offer.offer_id)
            if listing is None and store in chosen.get(offer.offer_id, (store,)):
                _propose(session, bridge, store, route, supplier, offer, given.get((store, offer.offer_id)))
            elif listing is not None:
                by_store.setdefault(store, []).append(_read(session, bridge, listing, route, offer))
    for store, readings in by_store.items():
        _approve(session, bridge, store, readings, cause=cause)
        if bridge.terms.of(store).live:
            _catch_up(session, readings, now)


def diff(session: Session, bridge: Bridge, supplier: str, offers: Sequence[Offer]) -> list[tuple[OwnListing, Step]]:
    """What a plan of these offers would change, writing nothing."""
    result = []
    for offer in offers:
        for store, route in routes_of_offer(offer, supplier, bridge.rules).items():
            listing = catalogue.listing_of(session, store, supplier, offer.offer_id)
            if listing is not None:
                result += [(listing, step) for step in _read(session, bridge, listing, route, offer).steps]
    return result


def _propose(
    session: Session, bridge: Bridge, store: str, route: Route, supplier: str, offer: Offer, given: GivenText | None
) -> None:
    subject = f"offer {supplier}/{offer.offer_id}"
    now = bridge.clock.now()
    if not offer.buyable:
        return
    try:
        wanted = planning.wanted(offer, store, route, bridge.rules)
        draft = planning.draft(offer, route, wanted, given)
    except (ValueError, MappingError) as error:
        _hold(session, "offer_unlistable", subject, str(error), now)
        return
    holds.close_holds(session, "offer_unlistable", [subject], now=now)
    live = bridge.terms.of(store).live
    state = ListingState.INTENDED if live else ListingState.PROPOSED
    intent = OwnListing(0, store, supplier, offer.offer_id, route.name, state, None, draft, None)
    listing = catalogue.propose(session, intent, wanted, now=now)
    step = Step("", "listing", "none", draft.title, f"offer {offer.offer_id} is new")
    catalogue.write_plan(session, f"{subject} is new", [(listing, str(route.place), step)], live=live, now=now)
    if live and any(sku.stock for sku in wanted):
        enqueue(session, [_job("publish.post", listing, store, now, "new")], now=now)


def _read(session: Session, bridge: Bridge, listing: OwnListing, route: Route, offer: Offer) -> Reading:
    bindings = catalogue.bindings(session, listing.id)
    shown = [Shown(b.sku_code, b.spec_id, b.price_wanted, b.stock_wanted) for b in bindings]
    wanted = planning.wanted(offer, listing.store, route, bridge.rules, shown)
    return Reading(listing, route, bindings, wanted, planning.steps(wanted, shown, bridge.terms.brakes))


def _catch_up(session: Session, readings: Sequence[Reading], now: datetime) -> None:
    """What was decided while the store was not live goes out once it is."""
    for reading in readings:
        listing = reading.listing
        if listing.state is ListingState.PROPOSED:
            catalogue.set_state(session, listing.id, ListingState.INTENDED)
            enqueue(session, [_job("publish.post", listing.id, listing.store, now, "live")], now=now)
        elif listing.state in (ListingState.ON_SALE, ListingState.OFFLINE) and not reading.steps:
            there = [binding for binding in reading.bindings if binding.sku_key is not None]
            values = str([(b.sku_code, b.price_wanted, b.stock_wanted) for b in there])
            reason = f"behind {zlib.crc32(values.encode())}"
            enqueue(session, push_jobs(listing, there, now, reason), now=now)


def _approve(session: Session, bridge: Bridge, store: str, readings: Sequence[Reading], *, cause: str) -> None:
    now = bridge.clock.now()
    every = [(read.listing.id, str(read.route.place), step) for read in readings for step in read.steps]
    final = planning.brake([step for _, _, step in every], catalogue.sku_count(session, store), bridge.terms.brakes)
    held = {_hold_of(store, step): step for step in final if step.held}
    _release(session, store, readings, held, now)
    known = holds.open_figures(session, [subject for _, subject in held])
    rows = [
        (listing, rule, step)
        for (listing, rule, _), step in zip(every, final, strict=True)
        if not step.held or known.get(_hold_of(store, step), {}).get("after") != step.after
    ]
    if not rows:
        return
    for read in readings:
        mine = [step for listing_id, _, step in rows if listing_id == read.listing.id]
        catalogue.want(session, read.listing, mine, read.wanted)
    for _, _, step in rows:
        if step.held:
            _hold(session, *_hold_of(store, step), step.held, now, step)
    live = bridge.terms.of(store).live
    plan_id = catalogue.write_plan(session, cause, rows, live=live, now=now)
    if live:
        enqueue(session, [job for read in readings for job in _pushes(read.listing, rows, plan_id, now)], now=now)


def _hold_of(store: str, step: Step) -> tuple[str, str]:
    return f"{step.field}_step", f"sku {store}/{step.sku_code}"


def _release(
    session: Session, store: str, readings: Sequence[Reading], held: Mapping[tuple[str, str], Step], now: datetime
) -> None:
    """Close the holds of SKUs that no brake stops any more."""
    for kind in ("price_step", "stock_step"):
        subjects = [f"sku {store}/{binding.sku_code}" for read in readings for binding in read.bindings]
        holds.close_holds(session, kind, [subject for subject in subjects if (kind, subject) not in held], now=now)


def _pushes(listing: OwnListing, rows: Sequence[tuple[int, str, Step]], plan_id: int, now: datetime) -> list[NewJob]:
    """The jobs that carry out a listing's approved steps; before it is on sale, publishing carries them out."""
    mine = [step for listing_id, _, step in rows if listing_id == listing.id and not step.held]
    fields = {step.field for step in mine}
    if listing.state is ListingState.INTENDED:
        return [_job("publish.post", listing.id, listing.store, now, str(plan_id))]
    if listing.state not in (ListingState.ON_SALE, ListingState.OFFLINE):
        return []
    zeroing = any(step.field == "stock" and step.after == "0" for step in mine)
    kinds = [("stock.push", "stock"), ("prices.push", "price")]
    return [
        _job(kind, listing.id, listing.store, now, str(plan_id), urgent=zeroing and field == "stock")
        for kind, field in kinds
        if field in fields
    ]


def push_jobs(listing: OwnListing, bindings: Sequence[Binding], now: datetime, reason: str) -> list[NewJob]:
    """The jobs that bring the channel to what is wanted, for a listing whose SKUs have just been read back."""
    jobs = []
    if any(b.price_wanted is not None and b.price_wanted != b.price for b in bindings):
        jobs.append(_job("prices.push", listing.id, listing.store, now, reason))
    if any(b.stock_wanted != b.stock for b in bindings):
        jobs.append(_job("stock.push", listing.id, listing.store, now, reason))
    return jobs


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


def _hold(session: Session, kind: str, subject: str, why: str, now: datetime, step: Step | None = None) -> None:
    figures = {"why": why}
    if step is not None:
        figures |= {"before": step.before, "after": step.after, "reason": step.reason}
    if holds.open_hold(session, kind, subject, figures, now=now):
        timeline.note(session, subject, f"held: {kind}", at=now, **figures)
