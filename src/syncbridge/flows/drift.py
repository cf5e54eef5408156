"""A listing, just read, is held against what we believe: the seller's edits become locks, what is lost is due again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.flows.bridge import CATALOGUE_PATIENCE
from syncbridge.model.catalog import Binding, Listing, ListingState, Lock, OwnListing
from syncbridge.queue.job import NewJob, enqueue
from syncbridge.rules import drift
from syncbridge.rules.drift import Difference, Sales, SkuChanges, Verdict
from syncbridge.rules.planning import Step
from syncbridge.store import catalogue, holds, listings, locks, timeline

EVENT = "drift"
"""In the history of a listing: what it showed that we did not believe."""
TOLD = frozenset({"listing_gone", "listing_taken_down", "listing_skus", "listings_missing"})
"""Holds that stop no change: they tell of what the seller or the channel did, until it is so no more or is seen to."""
_REASONS = {
    Verdict.DUE: "it was pushed and does not show",
    Verdict.OURS: "an older value of ours shows",
    Verdict.SOLD: "buyers took some",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """A listing as we believe it beside what it shows."""

    own: OwnListing
    bindings: Sequence[Binding]
    shown: Listing
    locks: Mapping[str, Mapping[str, Lock]]
    """By SKU code, or none for the listing's own; then by field."""
    values: Sequence[Difference]
    """Of price and stock."""
    page: Sequence[Difference]
    """Of title, description and images."""
    status: Difference | None
    skus: SkuChanges
    sales: Mapping[str, Sales]

    @property
    def told(self) -> list[Difference]:
        """What a person is told: not what buyers took, nor what only arrived late."""
        told = [one for one in self.values if one.verdict.locks or one.verdict is Verdict.DUE]
        return [*told, *self.page, *([self.status] if self.status else [])]


def compare(session: Session, number: int, shown: Listing, *, at: datetime) -> Compared:
    """Hold a listing, read at that time, against what we believe; writes nothing."""
    own = catalogue.listing(session, number)
    bindings = catalogue.bindings(session, number)
    kept = {code: fields for (_, code), fields in locks.of(session, [number]).items()}
    there = {sku.sku_code: sku for sku in shown.skus}
    other = [b for b in bindings if b.sku_code in there and there[b.sku_code].stock != b.stock_wanted]
    sales = listings.sales(session, own.store, other, until=at, complete=False)
    return Compared(
        own,
        bindings,
        shown,
        kept,
        drift.differences(bindings, there, sales, kept),
        drift.page(own, shown, kept.get("", {}), at=at),
        drift.status(own, bindings, shown, kept="status" in kept.get("", {})),
        drift.sku_changes(own, bindings, shown),
        sales,
    )


def settle(session: Session, compared: Compared, *, orders_wait: timedelta, now: datetime) -> list[Step]:
    """Believe what is shown, lock what the seller changed, tell of the rest; answers what is to be pushed again.

    A stock that no known order explains is decided on after `orders_wait`.
    """
    own, bound = compared.own, {binding.sku_code for binding in compared.bindings}
    unsure = [one for one in compared.values if one.verdict is Verdict.UNSURE]
    there = [sku for sku in compared.shown.skus if sku.sku_code in bound]
    listings.believe(session, own.store, there, but_stock={one.sku_code for one in unsure}, now=now)
    _lock(session, compared.own, compared.values, compared.locks, now)
    if compared.page:
        why = "changed in the seller centre"
        locks.lock_listings(session, [(own.id, one.field) for one in compared.page], why, now=now)
    repairs = [_again(one) for one in compared.values if drift.repairable(one, compared.sales)]
    repairs += _switch(session, compared, now)
    _tell_skus(session, compared, now)
    listings.saw(session, own.id, drift.seen(compared.shown, at=now))
    note(session, own, compared.told, now)
    enqueue(session, _second_look(own, unsure, now + orders_wait, now), now=now)
    sold_out = own.whole and not any(b.stock_wanted for b in compared.bindings)
    return [step for step in repairs if step.field != "stock"] if sold_out else repairs


def settle_stock(session: Session, number: int, shown: Mapping[str, int], *, at: datetime, now: datetime) -> list[Step]:
    """Decide on stock that no order known then explained, now that all orders up to then are known."""
    own = catalogue.listing(session, number)
    kept = {code: fields for (_, code), fields in locks.of(session, [number]).items()}
    bindings = [
        b
        for b in catalogue.bindings(session, number)
        if b.sku_code in shown
        and b.stock_at is not None
        and b.stock_at <= at
        and "stock" not in kept.get(b.sku_code, {})
    ]
    sales = listings.sales(session, own.store, bindings, until=at, complete=True)
    found = [drift.stock(b, shown[b.sku_code], sales, kept=False) for b in bindings]
    listings.believe_stock(session, own.store, {b.sku_code: shown[b.sku_code] for b in bindings}, now=at)
    _lock(session, own, found, kept, now)
    note(session, own, [one for one in found if one.verdict.locks], now)
    return [_again(one) for one in found if drift.repairable(one, sales)]


def gone(session: Session, own: OwnListing, why: str, *, now: datetime) -> None:
    """The channel has the listing no more: nothing is pushed to it, and a person is told."""
    listings.shows(session, own.id, ListingState.GONE)
    note(session, own, [missing(own)], now)
    figures = {"why": why, "listing": own.listing_id or "", "title": own.draft.title}
    holds.open_hold(session, "listing_gone", _subject(own), figures, now=now)


def missing(own: OwnListing) -> Difference:
    """The channel has the listing no more."""
    return Difference("", "status", own.state, own.state, ListingState.GONE, Verdict.SELLERS)


def note(session: Session, own: OwnListing, found: Iterable[Difference], now: datetime) -> None:
    """Keep what differed in the listing's history."""
    for one in found:
        timeline.note(
            session,
            _subject(own),
            EVENT,
            at=now,
            sku=one.sku_code,
            field=one.field,
            wanted=one.wanted,
            pushed=one.pushed,
            shown=one.shown,
            verdict=one.verdict,
        )


def _lock(
    session: Session,
    own: OwnListing,
    found: Iterable[Difference],
    kept: Mapping[str, Mapping[str, Lock]],
    now: datetime,
) -> None:
    followed = []
    for one in found:
        if one.field in kept.get(one.sku_code, {}):
            followed.append((one.sku_code, one.field))
        elif one.verdict.locks:
            locks.lock(session, own.store, [(one.sku_code, one.field)], _why(one), now=now)
    locks.follow(session, own.store, followed)


def _why(one: Difference) -> str:
    also = f"; the rules want {one.wanted}" if one.verdict is Verdict.BOTH else ""
    return f"changed in the seller centre from {one.pushed} to {one.shown}{also}"


def _again(one: Difference) -> Step:
    return Step(one.sku_code, one.field, one.shown, one.wanted, _REASONS[one.verdict])


def _switch(session: Session, compared: Compared, now: datetime) -> list[Step]:
    """Follow a listing on sale or off; answers the step that puts it where it should be."""
    own, one = compared.own, compared.status
    if one is None:
        return []
    listings.shows(session, own.id, ListingState(one.shown))
    subject = _subject(own)
    if one.shown == ListingState.TAKEN_DOWN:
        figures = {"why": compared.shown.reason or "the channel wants it corrected", "listing": own.listing_id or ""}
        holds.open_hold(session, "listing_taken_down", subject, figures, now=now)
        return []
    for kind in ("listing_taken_down", "listing_gone"):
        holds.close_holds(session, kind, [subject], now=now)
    if one.verdict.locks:
        locks.lock_listings(session, [(own.id, "status")], f"put {one.shown} in the seller centre", now=now)
        return []
    if "status" in compared.locks.get("", {}):  # the seller put it back where the rules want it
        locks.unlock_listings(session, [(own.id, "status")])
    return [Step("", "status", one.shown, one.wanted, "it should not be")] if one.shown != one.wanted else []


def _tell_skus(session: Session, compared: Compared, now: datetime) -> None:
    own, skus, subject = compared.own, compared.skus, _subject(compared.own)
    if skus == SkuChanges():
        figures = holds.open_figures(session, [subject]).get(("listing_skus", subject), {})
        told = [code for name in ("gone", "renamed") for code in figures.get(name, "").split(", ") if code]
        if told and {code.split(" ")[0] for code in told} <= {sku.sku_code for sku in compared.shown.skus}:
            holds.close_holds(session, "listing_skus", [subject], now=now)
        return
    lost = [*skus.gone, *(old for old, _ in skus.renamed)]
    if lost:
        listings.unbind(session, own.store, lost)
    figures = {
        "why": "the listing has other SKUs than we know",
        "gone": ", ".join(skus.gone),
        "added": ", ".join(skus.added),
        "renamed": ", ".join(f"{old} → {new}" for old, new in skus.renamed),
    }
    holds.open_hold(session, "listing_skus", subject, {n: told for n, told in figures.items() if told}, now=now)
    timeline.note(session, subject, "skus changed", at=now, **figures)


def _second_look(own: OwnListing, unsure: Sequence[Difference], run_at: datetime, now: datetime) -> list[NewJob]:
    if not unsure:
        return []
    return [
        NewJob(
            kind="reconcile.stock",
            key=f"reconcile.stock:{own.id}:{now.isoformat()}",
            account=own.store,
            run_at=run_at,
            priority=now + CATALOGUE_PATIENCE,
            subject=_subject(own),
            lock=f"listing:{own.id}",
            args={
                "listing": str(own.id),
                "at": now.isoformat(),
                "shown": json.dumps({one.sku_code: int(one.shown) for one in unsure}),
            },
        )
    ]


def _subject(own: OwnListing) -> str:
    return f"listing {own.store}/{own.id}"
