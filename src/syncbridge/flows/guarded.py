"""What guards stop in the catalogue: a hold for each SKU with a jump, and one for a store and field of a whole run."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import groupby

from sqlmodel import Session

from syncbridge.model.catalog import Change
from syncbridge.rules.planning import HOLDS, RUN_GUARDS, Step
from syncbridge.store import catalogue, holds, plans, timeline

OF_RUNS = frozenset(RUN_GUARDS.values())
_WOULD = {"repriced_share": "be repriced", "zeroed_share": "go to zero"}


def stopped(session: Session, store: str, steps: Collection[Step], *, now: datetime) -> None:
    """Open the holds of steps that a guard has just stopped."""
    if not steps:
        return
    found = {
        (step.guard, f"sku {store}/{step.sku_code}"): {
            "why": step.held,
            "before": step.before,
            "after": step.after,
            "reason": step.reason,
        }
        for step in steps
        if step.held and step.guard not in OF_RUNS
    }
    new = holds.open_many(session, found, now=now)
    timeline.note_all(session, [(subject, f"held: {kind}", found[kind, subject]) for kind, subject in new], at=now)
    recount(session, store, {step.guard for step in steps}, now=now)


def end_others(
    session: Session, store: str, sku_codes: Collection[str], held: Collection[Step], *, now: datetime
) -> None:
    """Close the holds of these SKUs, but for those that stop one of these steps."""
    still = {(step.guard, step.sku_code) for step in held}
    for guard in HOLDS:
        free = [f"sku {store}/{code}" for code in sku_codes if (guard, code) not in still]
        holds.close_holds(session, guard, free, now=now)


def let_go(
    session: Session, store: str, changes: Collection[Change], *, still: Collection[Step] = (), now: datetime
) -> None:
    """Close the holds of changes that were held, but for those whose SKUs the same guard `still` stops."""
    left = {(step.guard, step.sku_code) for step in still}
    free: dict[str, list[str]] = {}
    for change in changes:
        if change.guard and change.guard not in OF_RUNS and (change.guard, change.sku_code) not in left:
            free.setdefault(change.guard, []).append(f"sku {store}/{change.sku_code}")
    for guard, subjects in free.items():
        holds.close_holds(session, guard, subjects, now=now)
    recount(session, store, {change.guard for change in changes}, now=now)


def recount(session: Session, store: str, guards: Iterable[str], *, now: datetime) -> None:
    """Say in the one hold of a store and field how much it stops, and where; close it when nothing is left."""
    for guard in sorted(OF_RUNS.intersection(guards)):
        subject, by_plan = f"store {store}", plans.held(session, store, guard)
        skus = sum(by_plan.values())
        if not skus:
            holds.close_holds(session, guard, [subject], now=now)
            continue
        of = catalogue.sku_count(session, store)
        why = f"{skus} of {of} SKUs of the store would {_WOULD[guard]} in one run"
        figures = {"why": why, "skus": str(skus), "plans": _ranges(list(by_plan))}
        if holds.open_hold(session, guard, subject, figures, now=now):
            timeline.note(session, subject, f"held: {guard}", at=now, **figures)


def _ranges(numbers: list[int]) -> str:
    """Ascending numbers in few words: ``3-5, 9``."""
    runs = [[n for _, n in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
