"""What people do with plans: approve them, let pass or refuse what a guard holds, take back what went out.

An approval is for exactly the changes it names, at exactly the values shown: where something else is wanted by now, the
change is stale and nothing of it goes out. Some listings make a transaction, which also writes their jobs; what a kill
leaves undecided still waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows import drift, guarded, new_variants, plan
from syncbridge.flows.attended import URGENT
from syncbridge.flows.bridge import Bridge
from syncbridge.model.catalog import Change, ChangeState, ListingState, Plan
from syncbridge.queue.job import enqueue
from syncbridge.rules.following import Worry
from syncbridge.rules.planning import UNKNOWN, Step
from syncbridge.store import catalogue, edits, holds, locks, plan_lists, plans, timeline
from syncbridge.store.plans import UNDECIDED, WORDS, Key, Pending

NEW = ("listing", new_variants.FIELD)
"""Fields of changes that add something."""
NO_PRICE = "no price can be made of this cost; repair its cause"
Which = tuple[str, str, str | None]
"""What is held: store, guard, and the SKU if it is one."""


@dataclass(slots=True)
class Decided:
    """What became of a decision so far."""

    keys: list[str] = field(default_factory=list)
    """Of the jobs that carry it out."""
    left: Counter[str] = field(default_factory=Counter)
    """How many changes were left as they are, by reason."""
    plan: int | None = None
    """Whose changes go out; of a revert the one that restores the recorded values, if there is something to."""
    last: int = 0
    """The listing up to which it was decided."""


async def apply(bridge: Bridge, plan_id: int, *, only: ChangeState | None = None) -> Decided:
    """Approve what waits of a plan, or only what is proposed or held.

    Raises SyncBridgeError if there is no such plan, or its store is not live.
    """
    decided, states = Decided(plan=plan_id), UNDECIDED if only is None else (only,)
    while await bridge.db.run(_apply_some, bridge, plan_id, states, decided):
        pass
    return decided


async def revert(bridge: Bridge, plan_id: int) -> Decided:
    """Restore what was recorded before a plan, where its values still stand, and lock it for the seller.

    Raises SyncBridgeError if there is no such plan, nothing of it was applied, or its store is not live.
    """
    decided = Decided()
    while await bridge.db.run(_revert_some, bridge, plan_id, decided):
        pass
    if not decided.last:
        raise SyncBridgeError(f"nothing of plan {plan_id} was applied, so there is nothing to take back")
    return decided


async def approve_hold(bridge: Bridge, hold_id: int, *, why: str) -> Decided:
    """Let what a hold of the catalogue stops pass at the figures shown.

    Raises SyncBridgeError where a person may not, or the store is not live.
    """
    return await _let_pass(bridge, await bridge.db.read(_held, hold_id), why)


async def approve_kind(bridge: Bridge, store: str, kind: str, *, why: str) -> Decided:
    """The same for all that one kind of hold stops in a store."""
    return await _let_pass(bridge, (store, kind, None), why)


async def drop_hold(bridge: Bridge, hold_id: int, *, why: str) -> Decided:
    """Say no to what a hold of the catalogue stops: the last values stay until the supplier's change again.

    One that only tells of something a person has seen to is closed.
    """
    if await bridge.db.run(_seen_to, bridge, hold_id, why):
        return Decided()
    return await _drop(bridge, await bridge.db.read(_held, hold_id), why)


async def drop_kind(bridge: Bridge, store: str, kind: str, *, why: str) -> Decided:
    """The same for all that one kind of hold stops in a store."""
    return await _drop(bridge, (store, kind, None), why)


def named(session: Session, plan_id: int) -> Plan:
    """The plan of that number; raises SyncBridgeError if there is none."""
    found = plan_lists.get(session, plan_id)
    if found is None:
        raise SyncBridgeError(f"there is no plan {plan_id}; see: syncbridge plan list")
    return found


def _apply_some(
    session: Session, bridge: Bridge, plan_id: int, states: Collection[ChangeState], decided: Decided
) -> bool:
    store = named(session, plan_id).store
    _refuse_dry_run(bridge, store)
    pending = plans.of_plan(session, plan_id, states, after=decided.last)
    if pending:
        _approve(session, bridge, store, pending, f"plan {plan_id}", decided)
    return bool(pending)


def _revert_some(session: Session, bridge: Bridge, plan_id: int, decided: Decided) -> bool:
    store, now, why = named(session, plan_id).store, bridge.clock.now(), f"revert of plan {plan_id}"
    _refuse_dry_run(bridge, store)
    applied = plans.of_plan(session, plan_id, [ChangeState.APPLIED], after=decided.last)
    if not applied:
        return False
    decided.last = applied[-1].change.listing
    values = [one for one in applied if one.change.field not in NEW] + _stock_of_new(session, applied)
    decided.left += Counter(filter(None, map(_left_alone, values)))
    back = [(one, _back(one.change, why)) for one in values if not _left_alone(one)]
    ruled = [(step.sku_code, step.field) for _, step in back if step.field not in WORDS]  # no rule asks for words
    locks.lock(session, store, ruled, why, now=now)
    back = [(one, step) for one, step in back if step.before != step.after]
    if not back:
        return True
    decided.plan = decided.plan or plans.begin(session, store, why, now=now)
    known = plans.undecided(session, {one.change.listing for one, _ in back})
    plans.add(session, decided.plan, [(one.change.listing, step) for one, step in back], ChangeState.APPROVED)
    plans.overtake(session, decided.plan)
    touched = {(one.change.listing, step.sku_code, step.field) for one, step in back}
    guarded.let_go(session, store, [known[key] for key in touched & known.keys()], now=now)
    passports = {step.sku_code: {"reason": why} for _, step in back if step.field == "price"}
    catalogue.want(session, store, [step for _, step in back], passports)
    edits.want_words(session, _words([(one.change.listing, step) for one, step in back]))
    decided.keys += _push(session, back, f"revert {decided.plan}", now)
    return True


def _approve(
    session: Session, bridge: Bridge, store: str, pending: Sequence[Pending], why: str, decided: Decided
) -> None:
    """Approve what is still to the point."""
    now = bridge.clock.now()
    decided.last = pending[-1].change.listing
    unknown = sum(one.change.after == UNKNOWN for one in pending)
    decided.left += Counter({NO_PRICE: unknown}) if unknown else Counter()
    pending = [one for one in pending if one.change.after != UNKNOWN]
    stale = {one.change.id: said for one in pending if (said := _objection(one))}
    decided.left += Counter(stale.values())
    good = [one for one in pending if one.change.id not in stale]
    more = [one.change for one in good if one.change.field == new_variants.FIELD]
    unfit = new_variants.add(session, bridge, more)
    decided.left += Counter(unfit.values())
    stale |= unfit
    good = [one for one in good if one.change.id not in unfit]
    given = [(one.change.sku_code, one.change.field) for one in good if _is_given(one.change)]
    locks.lock(session, store, given, "given by the seller", now=now)
    older = plans.on_its_way(session, {one.change.listing for one in good})
    plans.end(session, stale, ChangeState.STALE)
    plans.end(session, dict.fromkeys((one.change.id for one in good), ""), ChangeState.APPROVED)
    overtaken = {older[about]: one.change.plan for one in good if (about := _about(one.change)) in older}
    by = {change: f"plan {plan_id} has another value" for change, plan_id in overtaken.items()}
    plans.end(session, by, ChangeState.OVERTAKEN)
    new_variants.decided(session, more, now=now)
    steps = [_step(one.change) for one in good]
    passports = {one.change.sku_code: one.change.passport for one in good if one.change.field == "price"}
    catalogue.want(session, store, steps, passports)
    edits.want_words(session, _words([(one.change.listing, step) for one, step in zip(good, steps, strict=True)]))
    catalogue.first_plan_over(session, store, {step.sku_code for step in steps})
    catalogue.intend(session, {one.change.listing for one in good if one.change.field == "listing"})
    held = [one.change for one in pending if one.change.state is ChangeState.HELD]
    guarded.let_go(session, store, held, now=now)
    _note(session, store, [one for one in held if one.id not in stale], "approved", why, now)
    if good:
        decided.keys += _push(session, list(zip(good, steps, strict=True)), f"approved {good[0].change.id}", now)


def _words(steps: Iterable[tuple[int, Step]]) -> dict[int, dict[str, str]]:
    """The words of steps, by listing and field."""
    found: dict[int, dict[str, str]] = {}
    for listing, step in steps:
        if step.field in WORDS:
            found.setdefault(listing, {})[step.field] = step.after
    return found


def _objection(pending: Pending) -> str:
    """Why a change is stale; empty if it is still to the point."""
    change = pending.change
    if pending.lock is not None:
        return f"the seller keeps this {change.field}: {pending.lock}"
    if change.field == "listing":
        return "" if pending.standing is ListingState.PROPOSED else "the listing has gone out already"
    if change.field == new_variants.FIELD:
        return "" if pending.stock_wanted is None else "the listing has this SKU already"
    if pending.wanted != change.before:
        return f"{pending.wanted} is wanted by now, not {change.before}"
    return ""


def _is_given(change: Change) -> bool:
    """Whether a person gave the value, and no rule asks for it: it stays, or the next plan would undo it."""
    return change.field == "price" and not change.rule


def _left_alone(applied: Pending) -> str:
    """Why a change is not taken back; empty if it is."""
    if applied.lock is not None:
        return "the seller keeps it"
    if applied.wanted != applied.change.after:
        return "it has changed since"
    return "there was no value before it" if applied.change.before == "None" else ""


def _stock_of_new(session: Session, applied: Sequence[Pending]) -> list[Pending]:
    """A listing or SKU that came with the plan goes off sale, and stays: its stock, as if the plan had set it."""
    new = {(one.change.listing, one.change.sku_code): one for one in applied if one.change.field in NEW}
    found = [
        (binding, one)
        for binding in catalogue.bindings_of(session, {listing for listing, _ in new})
        if (one := new.get((binding.listing, "")) or new.get((binding.listing, binding.sku_code)))
    ]
    return [
        replace(
            one,
            change=replace(
                one.change,
                sku_code=binding.sku_code,
                field="stock",
                before="0",
                after=str(binding.stock_wanted),
            ),
            stock_wanted=binding.stock_wanted,
            lock=None,
        )
        for binding, one in found
    ]


def _about(change: Change) -> Key:
    return change.listing, change.sku_code, change.field


def _back(change: Change, why: str) -> Step:
    return Step(change.sku_code, change.field, change.after, change.before, why, rule=change.rule)


def _step(change: Change) -> Step:
    return Step(change.sku_code, change.field, change.before, change.after, change.reason, rule=change.rule)


def _push(session: Session, approved: Sequence[tuple[Pending, Step]], reason: str, now: datetime) -> list[str]:
    """Write the jobs that carry out approved changes, before all others, since a person waits; answers their keys."""
    by_listing: dict[int, tuple[Pending, set[str]]] = {}
    for one, step in approved:
        _, fields = by_listing.setdefault(one.change.listing, (one, set()))
        fields.add("zero" if step.zeroes else step.field)
    jobs = [
        replace(job, priority=now - URGENT)
        for listing, (one, fields) in by_listing.items()
        for job in plan.jobs_of(one.standing, listing, one.store, fields, reason, now)
    ]
    enqueue(session, jobs, now=now)
    return [job.key for job in jobs]


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


async def _let_pass(bridge: Bridge, which: Which, why: str) -> Decided:
    decided = Decided()
    while await bridge.db.run(_let_some_pass, bridge, which, why, decided):
        pass
    _refuse_nothing(which, decided)
    return decided


async def _drop(bridge: Bridge, which: Which, why: str) -> Decided:
    decided = Decided()
    while await bridge.db.run(_drop_some, bridge, which, why, decided):
        pass
    _refuse_nothing(which, decided)
    return decided


def _let_some_pass(session: Session, bridge: Bridge, which: Which, why: str, decided: Decided) -> bool:
    pending = plans.held_by(session, *which, after=decided.last)
    if pending:
        _refuse_dry_run(bridge, which[0])
        _approve(session, bridge, which[0], pending, why, decided)
    return bool(pending)


def _drop_some(session: Session, bridge: Bridge, which: Which, why: str, decided: Decided) -> bool:
    now, dropped = bridge.clock.now(), [one.change for one in plans.held_by(session, *which, after=decided.last)]
    if not dropped:
        return False
    decided.last = dropped[-1].listing
    plans.end(session, {one.id: f"dropped by a person: {why}" for one in dropped}, ChangeState.DROPPED)
    guarded.let_go(session, which[0], dropped, now=now)
    _note(session, which[0], dropped, "dropped", why, now)
    return True


def _seen_to(session: Session, bridge: Bridge, hold_id: int, why: str) -> bool:
    hold = holds.get(session, hold_id)
    if hold is None or hold.kind not in {*drift.TOLD, *Worry}:
        return False
    now = bridge.clock.now()
    timeline.note(session, hold.subject, "dropped by a person", at=now, hold=hold.kind, why=why)
    return holds.close(session, hold_id, now=now)


def _held(session: Session, hold_id: int) -> Which:
    """What an open hold stops; raises SyncBridgeError if it is none that a person may decide about."""
    hold = holds.get(session, hold_id)
    if hold is None:
        raise SyncBridgeError(f"no hold {hold_id} is open; see: syncbridge holds list")
    sort, _, rest = hold.subject.partition(" ")
    store, _, sku_code = rest.partition("/")
    return store if sort in ("sku", "store") else "", hold.kind, sku_code or None


def _refuse_nothing(which: Which, decided: Decided) -> None:
    if not decided.last:
        raise SyncBridgeError(f"{which[1]} holds no change, so nobody can decide about it; repair its cause")


def _refuse_dry_run(bridge: Bridge, store: str) -> None:
    if not bridge.terms.of(store).live:
        raise SyncBridgeError(f"store {store} is not live, so nothing goes out; set live = true for it, then try again")
