"""What people do with plans: approve them, let pass or refuse what a guard holds, take back what went out.

An approval is for exactly the changes it names, at exactly the values shown: where something else is wanted by now, the
change is stale and nothing of it goes out. Each is one transaction that also writes the jobs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows import guarded, plan
from syncbridge.flows.at_once import URGENT
from syncbridge.flows.bridge import Bridge
from syncbridge.model.catalog import Change, ChangeState, ListingState, Plan
from syncbridge.queue.job import NewJob, enqueue
from syncbridge.rules.planning import Step
from syncbridge.store import catalogue, holds, locks, plan_lists, plans, timeline
from syncbridge.store.holds import OpenHold
from syncbridge.store.plans import UNDECIDED, Pending


@dataclass(frozen=True, slots=True)
class Reverted:
    """What taking a plan back came to."""

    plan: int | None
    """The plan that restores the recorded values; None if there was nothing left to restore."""
    keys: Sequence[str]
    left: Mapping[str, int]
    """How many changes were left as they are, by reason."""


def apply(session: Session, bridge: Bridge, plan_id: int, *, only: ChangeState | None = None) -> list[str]:
    """Approve what waits of a plan, or only what is proposed or held; answers the keys of the jobs.

    Raises SyncBridgeError if there is no such plan, or its store is not live.
    """
    store = named(session, plan_id).store
    _refuse_dry_run(bridge, store)
    pending = plans.of_plan(session, plan_id, UNDECIDED if only is None else [only])
    keys, _ = _approve(session, bridge, store, pending, f"plan {plan_id}")
    return keys


def approve_hold(session: Session, bridge: Bridge, hold_id: int, *, why: str) -> str:
    """Let what a hold of the catalogue stops pass at the figures shown; answers what of it is stale.

    Raises SyncBridgeError where a person may not, or the store is not live.
    """
    hold, pending = _held(session, hold_id)
    said = _let_pass(session, bridge, pending, why)
    holds.close(session, hold.id, now=bridge.clock.now())
    return said


def approve_kind(session: Session, bridge: Bridge, store: str, kind: str, *, why: str) -> str:
    """The same for all that one kind of hold stops in a store."""
    return _let_pass(session, bridge, _of_kind(session, store, kind), why)


def drop_hold(session: Session, hold_id: int, *, why: str, now: datetime) -> None:
    """Say no to what a hold of the catalogue stops: the last values stay until the supplier's change again."""
    _, pending = _held(session, hold_id)
    _drop(session, pending, why, now)


def drop_kind(session: Session, store: str, kind: str, *, why: str, now: datetime) -> None:
    """The same for all that one kind of hold stops in a store."""
    _drop(session, _of_kind(session, store, kind), why, now)


def revert(session: Session, bridge: Bridge, plan_id: int) -> Reverted:
    """Restore what was recorded before a plan, where its values still stand, and lock it for the seller.

    Raises SyncBridgeError if there is no such plan, nothing of it was applied, or its store is not live.
    """
    store, now, why = named(session, plan_id).store, bridge.clock.now(), f"revert of plan {plan_id}"
    _refuse_dry_run(bridge, store)
    applied = plans.of_plan(session, plan_id, [ChangeState.APPLIED])
    if not applied:
        raise SyncBridgeError(f"nothing of plan {plan_id} was applied, so there is nothing to take back")
    applied = [*(one for one in applied if one.change.field != "listing"), *_stock_of_new(session, applied)]
    left = Counter(filter(None, map(_left_alone, applied)))
    back = [(one, _back(one.change, why)) for one in applied if not _left_alone(one)]
    locks.lock(session, store, [(step.sku_code, step.field) for _, step in back], why, now=now)
    back = [(one, step) for one, step in back if step.before != step.after]
    if not back:
        return Reverted(None, (), left)
    known = plans.undecided(session, {one.change.listing for one, _ in back})
    reverting = plans.begin(session, store, why, now=now)
    plans.add(session, reverting, [(one.change.listing, step) for one, step in back], ChangeState.APPROVED)
    touched = {(one.change.listing, step.sku_code, step.field) for one, step in back}
    guarded.let_go(session, store, [known[key] for key in touched & known.keys()], now=now)
    passports = {step.sku_code: {"reason": why} for _, step in back if step.field == "price"}
    catalogue.want(session, store, [step for _, step in back], passports)
    jobs = _jobs(back, str(reverting), now)
    enqueue(session, jobs, now=now)
    return Reverted(reverting, [job.key for job in jobs], left)


def named(session: Session, plan_id: int) -> Plan:
    """The plan of that number; raises SyncBridgeError if there is none."""
    found = plan_lists.get(session, plan_id)
    if found is None:
        raise SyncBridgeError(f"there is no plan {plan_id}; see: syncbridge plan list")
    return found


def _approve(
    session: Session, bridge: Bridge, store: str, pending: Sequence[Pending], why: str
) -> tuple[list[str], Mapping[int, str]]:
    """Approve what is still to the point; answers the keys of the jobs, and what is stale and why."""
    now = bridge.clock.now()
    stale = {one.change.id: said for one in pending if (said := _objection(one))}
    good = [one for one in pending if one.change.id not in stale]
    plans.end(session, stale, ChangeState.STALE)
    plans.end(session, dict.fromkeys((one.change.id for one in good), ""), ChangeState.APPROVED)
    plans.overtake_older(session, [one.change for one in good])
    steps = [_step(one.change) for one in good]
    passports = {one.change.sku_code: one.change.passport for one in good if one.change.field == "price"}
    catalogue.want(session, store, steps, passports)
    catalogue.first_plan_over(session, store, {step.sku_code for step in steps})
    catalogue.intend(session, {one.change.listing for one in good if one.change.field == "listing"})
    held = [one.change for one in pending if one.change.state is ChangeState.HELD]
    guarded.let_go(session, store, held, now=now)
    _note(session, store, [one for one in held if one.id not in stale], "approved", why, now)
    jobs = _jobs(list(zip(good, steps, strict=True)), f"approved {now.isoformat()}", now)
    enqueue(session, jobs, now=now)
    return [job.key for job in jobs], stale


def _objection(pending: Pending) -> str:
    """Why a change is stale; empty if it is still to the point."""
    change = pending.change
    if pending.lock is not None:
        return f"the seller keeps this {change.field}: {pending.lock}"
    if change.field == "listing":
        return "" if pending.standing is ListingState.PROPOSED else "the listing has gone out already"
    if pending.wanted != change.before:
        return f"{pending.wanted} is wanted by now, not {change.before}"
    return ""


def _left_alone(applied: Pending) -> str:
    """Why a change is not taken back; empty if it is."""
    if applied.lock is not None:
        return "the seller keeps it"
    if applied.wanted != applied.change.after:
        return "it has changed since"
    return "there was no value before it" if applied.change.before == "None" else ""


def _stock_of_new(session: Session, applied: Sequence[Pending]) -> list[Pending]:
    """A listing that came with the plan goes off sale, and stays: the stock of its SKUs, as if the plan had set it."""
    new = {one.change.listing: one for one in applied if one.change.field == "listing"}
    return [
        replace(
            new[binding.listing],
            change=replace(
                new[binding.listing].change,
                sku_code=binding.sku_code,
                field="stock",
                before="0",
                after=str(binding.stock_wanted),
            ),
            stock_wanted=binding.stock_wanted,
            lock=None,
        )
        for binding in catalogue.bindings_of(session, new)
    ]


def _back(change: Change, why: str) -> Step:
    return Step(change.sku_code, change.field, change.after, change.before, why, rule=change.rule)


def _step(change: Change) -> Step:
    return Step(change.sku_code, change.field, change.before, change.after, change.reason, rule=change.rule)


def _jobs(approved: Collection[tuple[Pending, Step]], reason: str, now: datetime) -> list[NewJob]:
    """The jobs that carry out approved changes, before all others: a person waits."""
    by_listing: dict[int, tuple[Pending, set[str]]] = {}
    for one, step in approved:
        _, fields = by_listing.setdefault(one.change.listing, (one, set()))
        fields.add("zero" if step.zeroes else step.field)
    return [
        replace(job, priority=now - URGENT)
        for listing, (one, fields) in by_listing.items()
        for job in plan.jobs_of(one.standing, listing, one.store, fields, reason, now)
    ]


def _note(session: Session, store: str, decided: Sequence[Change], verb: str, why: str, now: datetime) -> None:
    """Note what a person decided about held changes, with the figure."""
    of_skus = [
        (f"sku {store}/{one.sku_code}", f"{verb} by a person: {one.guard}", {"limit": one.after, "why": why})
        for one in decided
        if one.guard not in guarded.OF_RUNS
    ]
    timeline.note_all(session, of_skus, at=now)
    for guard in sorted(guarded.OF_RUNS & {one.guard for one in decided}):
        skus = sum(one.guard == guard for one in decided)
        timeline.note(session, f"store {store}", f"{verb} by a person: {guard}", at=now, skus=skus, why=why)


def _let_pass(session: Session, bridge: Bridge, pending: Sequence[Pending], why: str) -> str:
    store = pending[0].store
    _refuse_dry_run(bridge, store)
    _, stale = _approve(session, bridge, store, pending, why)
    first = next(iter(stale.values()), "")
    return f"{len(stale)} of {len(pending)} changes are stale and do not go out: {first}" if stale else ""


def _drop(session: Session, pending: Sequence[Pending], why: str, now: datetime) -> None:
    store, dropped = pending[0].store, [one.change for one in pending]
    plans.end(session, {one.id: f"dropped by a person: {why}" for one in dropped}, ChangeState.DROPPED)
    guarded.let_go(session, store, dropped, now=now)
    _note(session, store, dropped, "dropped", why, now)


def _held(session: Session, hold_id: int) -> tuple[OpenHold, list[Pending]]:
    """An open hold and the changes it stops; raises SyncBridgeError if a person cannot decide about it."""
    hold = holds.get(session, hold_id)
    if hold is None:
        raise SyncBridgeError(f"no hold {hold_id} is open; see: syncbridge holds list")
    sort, _, rest = hold.subject.partition(" ")
    store, _, sku_code = rest.partition("/")
    pending = plans.held_by(session, store, hold.kind, sku_code or None) if sort in ("sku", "store") else []
    if not pending:
        raise SyncBridgeError(f"{hold.kind} cannot be decided by a person; repair its cause")
    return hold, pending


def _of_kind(session: Session, store: str, kind: str) -> list[Pending]:
    pending = plans.held_by(session, store, kind, None)
    if not pending:
        raise SyncBridgeError(f"nothing of store {store} is held by {kind}; see: syncbridge holds list")
    return pending


def _refuse_dry_run(bridge: Bridge, store: str) -> None:
    if not bridge.terms.of(store).live:
        raise SyncBridgeError(f"store {store} is not live, so nothing goes out; set live = true for it, then try again")
