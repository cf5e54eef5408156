"""Every outward catalogue write goes through a plan: what changes, from what to what, why, and by which rule.

The daemon approves what no brake stops; what a brake stops is held for a person and the last good value stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

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

Planned = list[tuple[OwnListing, Route, Sequence[Wanted], Sequence[Step]]]


def offers_read(session: Session, bridge: Bridge, supplier: str, offers: Sequence[Offer], *, cause: str) -> None:
    """Plan and approve what follows from these offers, in the transaction that keeps them."""
    by_store: dict[str, Planned] = {}
    now = bridge.clock.now()
    for offer in offers:
        routes = routes_of_offer(offer, supplier, bridge.rules)
        if not routes:
            _hold(session, "offer_unrouted", f"offer {supplier}/{offer.offer_id}", "no route takes this offer", now)
        for store, route in routes.items():
            listing = catalogue.listing_of(session, store, supplier, offer.offer_id)
            if listing is None:
                _propose(session, bridge, store, route, supplier, offer)
            else:
                planned = _changes(session, bridge, listing, route, offer)
                if planned is not None:
                    by_store.setdefault(store, []).append(planned)
    for store, planned_listings in by_store.items():
        _approve(session, bridge, store, planned_listings, cause=cause)


def diff(session: Session, bridge: Bridge, supplier: str, offers: Sequence[Offer]) -> list[tuple[OwnListing, Step]]:
    """What a plan of these offers would change, writing nothing."""
    result = []
    for offer in offers:
        for store, route in routes_of_offer(offer, supplier, bridge.rules).items():
            listing = catalogue.listing_of(session, store, supplier, offer.offer_id)
            planned = _changes(session, bridge, listing, route, offer) if listing else None
            result += [(planned[0], step) for step in planned[3]] if planned else []
    return result


def _propose(session: Session, bridge: Bridge, store: str, route: Route, supplier: str, offer: Offer) -> None:
    subject = f"offer {supplier}/{offer.offer_id}"
    now = bridge.clock.now()
    if not offer.buyable:
        return
    try:
        wanted = planning.wanted(offer, store, route, bridge.rules)
        draft = planning.draft(offer, route, wanted)
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


def _changes(
    session: Session, bridge: Bridge, listing: OwnListing, route: Route, offer: Offer
) -> tuple[OwnListing, Route, Sequence[Wanted], Sequence[Step]] | None:
    bindings = catalogue.bindings(session, listing.id)
    shown = [Shown(b.sku_code, b.spec_id, b.price_wanted, b.stock_wanted) for b in bindings]
    wanted = planning.wanted(offer, listing.store, route, bridge.rules, shown)
    steps = planning.steps(wanted, shown, bridge.terms.brakes)
    _close_price_holds(session, bridge, listing, bindings, steps)
    return (listing, route, wanted, steps) if steps else None


def _approve(session: Session, bridge: Bridge, store: str, planned: Planned, *, cause: str) -> None:
    now = bridge.clock.now()
    rows = _braked(session, bridge, store, planned)
    if not rows:
        return
    for listing, _, wanted, _ in planned:
        mine = [step for listing_id, _, step in rows if listing_id == listing.id]
        catalogue.want(session, listing, mine, wanted)
    for _, _, step in rows:
        if step.held:
            _hold(session, f"{step.field}_step", f"sku {store}/{step.sku_code}", step.held, now, step)
    live = bridge.terms.of(store).live
    plan_id = catalogue.write_plan(session, cause, rows, live=live, now=now)
    if live:
        enqueue(session, [job for item in planned for job in _pushes(item[0], rows, plan_id, now)], now=now)


def _braked(session: Session, bridge: Bridge, store: str, planned: Planned) -> list[tuple[int, str, Step]]:
    """Every step with its listing and rule after the brakes, but for those that are held already."""
    every = [(listing.id, str(route.place), step) for listing, route, _, steps in planned for step in steps]
    final = planning.brake([step for _, _, step in every], catalogue.sku_count(session, store), bridge.terms.brakes)
    subjects = [f"sku {store}/{step.sku_code}" for step in final if step.held]
    known = holds.open_figures(session, subjects) if subjects else {}
    return [
        (listing, rule, step)
        for (listing, rule, _), step in zip(every, final, strict=True)
        if not step.held
        or known.get((f"{step.field}_step", f"sku {store}/{step.sku_code}"), {}).get("after") != step.after
    ]


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
    holds.open_hold(session, kind, subject, figures, now=now)
    timeline.note(session, subject, f"held: {kind}", at=now, **figures)


def _close_price_holds(
    session: Session, bridge: Bridge, listing: OwnListing, bindings: Sequence[Binding], steps: Sequence[Step]
) -> None:
    stopped = {step.sku_code for step in steps if step.held}
    free = [f"sku {listing.store}/{b.sku_code}" for b in bindings if b.sku_code not in stopped]
    holds.close_holds(session, "price_step", free, now=bridge.clock.now())
