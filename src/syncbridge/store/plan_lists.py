"""Plans as people look at them: newest first, page by page, and what became of each product."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from syncbridge.model.catalog import Change, ChangeState, OwnListing, Plan
from syncbridge.rules.planning import Recent, Step
from syncbridge.store.plans import CHANGE
from syncbridge.store.rows import row_of, rows_of, value
from syncbridge.store.tables.catalogue import ListingRow
from syncbridge.store.tables.plans import ChangeRow, PlanRow


@dataclass(frozen=True, slots=True)
class Line:
    """A change beside the listing it is about."""

    change: Change
    title: str
    listing_id: str
    """The channel's; empty if it is not there."""


@dataclass(frozen=True, slots=True)
class Product:
    """What became of a listing's changes of one field that went the same way."""

    plan: int
    listing: int
    title: str
    listing_id: str
    field: str
    state: ChangeState
    result: str
    number: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """How much of a plan one guard stops."""

    guard: str
    number: int
    why: str
    """Of one of them; the same for all where a whole run is stopped."""


def get(session: Session, plan: int) -> Plan | None:
    """A plan."""
    row = row_of(session, PlanRow, plan)
    return None if row is None else value(Plan, row)


def newest(session: Session, store: str | None, *, most: int) -> list[tuple[Plan, dict[str, int]]]:
    """The newest plans, of a store or of all, and how many of their changes stand where."""
    query = select(PlanRow) if store is None else select(PlanRow).where(col(PlanRow.store) == store)
    found = [value(Plan, row) for row in rows_of(session, query.order_by(col(PlanRow.id).desc()).limit(most))]
    rows = session.connection().execute(
        select(col(ChangeRow.plan), col(ChangeRow.state), func.count().label("number"))
        .where(col(ChangeRow.plan).in_([plan.id for plan in found]))
        .group_by(col(ChangeRow.plan), col(ChangeRow.state))
    )
    counts: dict[int, dict[str, int]] = {plan.id: {} for plan in found}
    for row in rows:
        counts[row.plan][row.state] = row.number
    return [(plan, counts[plan.id]) for plan in found]


def lines(session: Session, plan: int, *, skip: int, most: int) -> list[Line]:
    """The changes of a plan by listing and SKU, from `skip` on, at most so many."""
    query = (
        select(*CHANGE, _TITLE, col(ListingRow.listing_id))
        .join(ListingRow, col(ListingRow.id) == col(ChangeRow.listing))
        .where(col(ChangeRow.plan) == plan)
        .order_by(col(ChangeRow.listing), col(ChangeRow.sku_code), col(ChangeRow.field))
        .offset(skip)
        .limit(most)
    )
    rows = session.connection().execute(query)
    return [Line(value(Change, row), row.title or "", row.listing_id or "") for row in rows]


def moves(session: Session, plan: int) -> list[tuple[str, str, str, str]]:
    """(field, before, after, state) of every change of a plan, for its totals."""
    query = select(col(ChangeRow.field), col(ChangeRow.before), col(ChangeRow.after), col(ChangeRow.state))
    rows = session.connection().execute(query.where(col(ChangeRow.plan) == plan))
    return [(row.field, row.before, row.after, row.state) for row in rows]


def stopped(session: Session, plan: int) -> list[Stopped]:
    """What guards stop of a plan."""
    query = (
        select(col(ChangeRow.guard), func.count().label("number"), func.min(col(ChangeRow.result)).label("why"))
        .where(col(ChangeRow.plan) == plan, col(ChangeRow.state) == ChangeState.HELD)
        .group_by(col(ChangeRow.guard))
        .order_by(col(ChangeRow.guard))
    )
    return [Stopped(row.guard, row.number, row.why) for row in session.connection().execute(query)]


def run_of(session: Session, plan: int) -> tuple[Recent, int]:
    """How many SKUs a plan would reprice and zero if it were approved whole, and how many it touches."""
    proposed = (col(ChangeRow.plan) == plan, col(ChangeRow.state) == ChangeState.PROPOSED)
    count = select(func.count()).select_from(ChangeRow).where(*proposed)
    price = count.where(col(ChangeRow.field) == "price").scalar_subquery()
    zero = count.where(col(ChangeRow.field) == "stock", col(ChangeRow.after) == "0").scalar_subquery()
    touched = select(func.count(col(ChangeRow.sku_code).distinct())).where(*proposed).scalar_subquery()
    repriced, zeroed, skus = session.connection().execute(select(price, zero, touched)).one()
    return Recent(repriced, zeroed), skus


def products(session: Session, plan: int) -> list[Product]:
    """What became of a plan, listing by listing."""
    number = func.count().label("number")
    of = (
        col(ChangeRow.plan),
        col(ChangeRow.listing),
        col(ChangeRow.field),
        col(ChangeRow.state),
        col(ChangeRow.result),
    )
    rows = session.connection().execute(
        select(*of, number, _TITLE, col(ListingRow.listing_id))
        .join(ListingRow, col(ListingRow.id) == col(ChangeRow.listing))
        .where(col(ChangeRow.plan) == plan)
        .group_by(*of)
        .order_by(col(ChangeRow.listing), col(ChangeRow.field), col(ChangeRow.state))
    )
    return [
        Product(
            row.plan,
            row.listing,
            row.title or "",
            row.listing_id or "",
            row.field,
            ChangeState(row.state),
            row.result,
            row.number,
        )
        for row in rows
    ]


def changes_since(session: Session, plan: int) -> list[tuple[OwnListing, Step, str]]:
    """The changes of every plan after this one, as (listing, step, state)."""
    query = (
        select(ChangeRow, ListingRow)
        .join(ListingRow, col(ListingRow.id) == col(ChangeRow.listing))
        .where(col(ChangeRow.plan) > plan)
        .order_by(col(ChangeRow.id))
    )
    return [(value(OwnListing, listing), _step(row), row.state) for row, listing in session.execute(query)]


def last(session: Session) -> int:
    """The newest plan; 0 if there is none."""
    return session.connection().execute(select(func.max(col(PlanRow.id)))).scalar_one() or 0


def _step(row: ChangeRow) -> Step:
    held = row.result if row.state == ChangeState.HELD else ""
    return Step(row.sku_code, row.field, row.before, row.after, row.reason, held, row.rule, row.guard)


_TITLE = func.json_extract(col(ListingRow.draft), "$.title").label("title")
