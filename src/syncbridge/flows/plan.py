"""Every outward catalogue write goes through a plan: what changes, from what to what, why, and by which rule.

The daemon approves what no brake stops; what a brake stops is held for a person and the last good value stays.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import MappingError
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.model.catalog import Binding, ListingState, Offer, OwnListing
from syncbridge.queue.job import NewJob, enqueue
from syncbridge.rules import planning
from syncbridge.rules.mapping import Route
from syncbridge.rules.planning import Shown, Step, Wanted
from syncbridge.rules.routing import routes_of_offer
from syncbridge.store import catalogue, holds, timeline
from syncbridge.store.catalogue import Shelved

RUN = timedelta(hours=1)
"""What changes within it counts as one run for the brakes, for a catalogue is read page by page."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A listing's SKUs beside what their offer, just read, makes of them."""

    listing: OwnListing
    bindings: Sequence[Binding]
    wanted: Sequence[Wanted]
    steps: Sequence[Step]


def offers_read(session: Session, bridge: Bridge, supplier: str, offers: Sequence[Offer], *, cause: str) -> None:
    """Plan and approve what follows from these offers, in the transaction that keeps them."""
    now = bridge.clock.now()
    routes = {offer.offer_id: routes_of_offer(offer, supplier, bridge.rules) for offer in offers}
    shelf = catalogue.shelf(session, supplier, routes)
    _note_unrouted(session, supplier, {id_ for id_ in routes if not routes[id_] and not shelf[id_]}, routes, now)
    _propose(session, bridge, supplier, offers, routes, shelf)
    by_store: dict[str, list[Reading]] = {}
    for offer in offers:
        for entry in shelf[offer.offer_id]:
            by_store.setdefault(entry.listing.store, []).append(_read(bridge, entry, offer))
    for store, readings in by_store.items():
        _approve(session, bridge, store, readings, cause=cause)
        if bridge.terms.of(store).live:
            _catch_up(session, readings, now)


def diff(session: Session, bridge: Bridge, supplier: str, offers: Sequence[Offer]) -> list[tuple[OwnListing, Step]]:
    """What a plan of these offers would change, writing nothing."""
    shelf = catalogue.shelf(session, supplier, [offer.offer_id for offer in offers])
    readings = [_read(bridge, entry, offer) for offer in offers for entry in shelf[offer.offer_id]]
    return [(read.listing, step) for read in readings for step in read.steps]


def _note_unrouted(
    session: Session, supplier: str, unrouted: set[str], offer_ids: Mapping[str, object], now: datetime
) -> None:
    """An offer that no route takes, and that feeds no listing, is told of."""
    routed = [f"offer {supplier}/{offer_id}" for offer_id in offer_ids if offer_id not in unrouted]
    holds.close_holds(session, "offer_unrouted", routed, now=now)
    for offer_id in sorted(unrouted):
        _hold(session, "offer_unrouted", f"offer {supplier}/{offer_id}", "no route takes this offer", now)


def _propose(
    session: Session,
    bridge: Bridge,
    supplier: str,
    offers: Sequence[Offer],
    routes: Mapping[str, Mapping[str, Route]],
    shelf: Mapping[str, Sequence[Shelved]],
) -> None:
    """List the offers in the stores whose route takes them and that do not have them yet."""
    fresh: list[tuple[OwnListing, Sequence[Wanted]]] = []
    for offer in offers:
        there = {entry.listing.store for entry in shelf[offer.offer_id]}
        for store, route in routes[offer.offer_id].items():
            if store not in there and offer.buyable:
                fresh += _drafted(session, bridge, store, route, supplier, offer)
    fresh = _with_codes_of_their_own(session, bridge, supplier, fresh)
    if not fresh:
        return
    now = bridge.clock.now()
    drafted = [f"offer {supplier}/{listing.offer_id}" for listing, _ in fresh]
    holds.close_holds(session, "offer_unlistable", drafted, now=now)
    listings = catalogue.propose(session, fresh, now=now)
    made = [(listing, skus) for listing, (_, skus) in zip(listings, fresh, strict=True)]
    for store in dict.fromkeys(listing.store for listing in listings):
        steps = [(listing.id, _first_step(listing, skus)) for listing, skus in made if listing.store == store]
        catalogue.write_plan(session, store, "new offers", steps, live=bridge.terms.of(store).live, now=now)
    sellable = [listing for listing, skus in made if any(sku.stock for sku in skus)]
    posts = [_job("publish.post", one.id, one.store, now, "new") for one in sellable if bridge.terms.of(one.store).live]
    enqueue(session, posts, now=now)


def _with_codes_of_their_own(
    session: Session, bridge: Bridge, supplier: str, fresh: Sequence[tuple[OwnListing, Sequence[Wanted]]]
) -> list[tuple[OwnListing, Sequence[Wanted]]]:
    """Those whose SKU codes nothing else in their store has; the others are held."""
    codes: dict[str, set[str]] = {}
    for listing, skus in fresh:
        codes.setdefault(listing.store, set()).update(sku.sku_code for sku in skus)
    taken = {
        (store, code): f"{bound.offer_id}/{bound.spec_id}"
        for store, wanted in codes.items()
        for code, bound in catalogue.bound_specs(session, store, wanted).items()
    }
    free = []
    for listing, skus in fresh:
        clash = next((sku.sku_code for sku in skus if (listing.store, sku.sku_code) in taken), None)
        if clash is None:
            free.append((listing, skus))
            taken |= {(listing.store, sku.sku_code): f"{listing.offer_id}/{sku.spec.spec_id}" for sku in skus}
        else:
            why = f"SKU code {clash} of store {listing.store} is that of {taken[listing.store, clash]} already"
            _hold(session, "offer_unlistable", f"offer {supplier}/{listing.offer_id}", why, bridge.clock.now())
    return free


def _first_step(listing: OwnListing, skus: Sequence[Wanted]) -> Step:
    reason = f"offer {listing.offer_id} is new"
    return Step("", "listing", "none", listing.draft.title, reason, rule=skus[0].rule)


def _drafted(
    session: Session, bridge: Bridge, store: str, route: Route, supplier: str, offer: Offer
) -> list[tuple[OwnListing, Sequence[Wanted]]]:
    """The listing an offer makes, or none and a hold that says why."""
    try:
        wanted = planning.fresh(offer, store, route, bridge.rules)
        draft = planning.draft(offer, route, wanted)
    except (ValueError, MappingError) as error:
        _hold(session, "offer_unlistable", f"offer {supplier}/{offer.offer_id}", str(error), bridge.clock.now())
        return []
    state = ListingState.INTENDED if bridge.terms.of(store).live else ListingState.PROPOSED
    return [(OwnListing(0, store, supplier, offer.offer_id, route.name, state, None, draft, None), wanted)]


def _read(bridge: Bridge, entry: Shelved, offer: Offer) -> Reading:
    shown = [Shown(b.sku_code, b.spec_id, b.price_wanted, b.stock_wanted) for b in entry.bindings]
    wanted = planning.wanted(offer, entry.listing.store, shown, bridge.rules)
    steps = planning.steps(offer, wanted, shown, bridge.terms.brakes)
    return Reading(entry.listing, entry.bindings, wanted, steps)


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
    every = [(read.listing.id, step) for read in readings for step in read.steps]
    recent = catalogue.recent(session, store, since=now - RUN)
    skus = catalogue.sku_count(session, store)
    final = planning.brake([step for _, step in every], skus, recent, bridge.terms.brakes)
    held = {_hold_of(store, step): step for step in final if step.held}
    _release(session, store, readings, held, now)
    known = holds.open_figures(session, [subject for _, subject in held])
    rows = [
        (listing, step)
        for (listing, _), step in zip(every, final, strict=True)
        if not step.held or known.get(_hold_of(store, step), {}).get("after") != step.after
    ]
    if not rows:
        return
    catalogue.want(session, store, [step for _, step in rows], [sku for read in readings for sku in read.wanted])
    for _, step in rows:
        if step.held:
            _hold(session, *_hold_of(store, step), step.held, now, step)
    live = bridge.terms.of(store).live
    plan_id = catalogue.write_plan(session, store, cause, rows, live=live, now=now)
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


def _pushes(listing: OwnListing, rows: Sequence[tuple[int, Step]], plan_id: int, now: datetime) -> list[NewJob]:
    """The jobs that carry out a listing's approved steps; before it is on sale, publishing carries them out."""
    mine = [step for listing_id, step in rows if listing_id == listing.id and not step.held]
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
