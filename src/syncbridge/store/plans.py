"""Plans and their changes, written and moved on set by set."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from syncbridge.model.catalog import Change, ChangeState, ListingDraft, ListingState, OwnListing
from syncbridge.model.money import Money
from syncbridge.rules.planning import Recent, Step
from syncbridge.store.rows import chunks, value
from syncbridge.store.tables.catalogue import BindingRow, ListingRow
from syncbridge.store.tables.plans import ChangeRow, LockRow, PlanRow

AT_ONCE = 500
"""Listings that one transaction decides about."""
UNDECIDED = (ChangeState.PROPOSED, ChangeState.HELD)
WORDS = ("title", "description")
"""Fields of a listing that people give words for."""
Key = tuple[int, str, str]
"""Listing, SKU code and field: what a change is about."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A change, beside what is wanted of its SKU and shown of it now, and where its listing stands."""

    change: Change
    store: str
    standing: ListingState
    on_channel: bool
    sku_key: str | None
    price_wanted: Money | None
    stock_wanted: int | None
    price: Money | None
    stock: int | None
    lock: str | None
    """Why the seller keeps the field; None: they do not."""
    draft: ListingDraft | None = None
    """Of the listing, where the change is about its words."""

    @property
    def wanted(self) -> str:
        """What is wanted of the change's field now, as plans write it."""
        if self.draft is not None:
            return self.draft.title if self.change.field == "title" else self.draft.description_html
        return str(self.price_wanted if self.change.field == "price" else self.stock_wanted)

    @property
    def shown(self) -> str:
        """The same for what the channel was last given."""
        return str(self.price if self.change.field == "price" else self.stock)


def begin(session: Session, store: str, cause: str, *, now: datetime) -> int:
    """Write a plan without changes yet; answers its id."""
    plan = PlanRow(store=store, cause=cause, made_at=now)
    session.add(plan)
    session.flush()
    assert plan.id is not None  # noqa: S101  just flushed
    return plan.id


def add(
    session: Session,
    plan: int,
    steps: Sequence[tuple[int, Step]],
    state: ChangeState,
    passports: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Add (listing, step) to a plan, in this state unless a guard or a lock keeps it back."""
    if not steps:
        return
    known = passports or {}
    rows = [
        {
            "plan": plan,
            "listing": listing,
            "sku_code": step.sku_code,
            "field": step.field,
            "before": step.before,
            "after": step.after,
            "reason": step.kept or step.reason,
            "rule": step.rule,
            "state": ChangeState.KEPT if step.kept else ChangeState.HELD if step.held else state,
            "guard": step.guard,
            "result": step.held,
            "passport": dict(known.get(step.sku_code, {})) if step.field in ("price", "sku") else {},
        }
        for listing, step in steps
    ]
    session.connection().execute(insert(ChangeRow), rows)


def overtake(session: Session, plan: int) -> None:
    """A plan's changes take the place of those that wait of the same SKUs and fields."""
    session.connection().execute(_OVERTAKE, {"b_plan": plan, "b_why": f"plan {plan} has another value"})


def count(session: Session, plan: int, run: Recent) -> None:
    """Note how many SKUs a plan changes without asking a person."""
    values = {"repriced": run.repriced, "zeroed": run.zeroed}
    session.connection().execute(update(PlanRow).where(col(PlanRow.id) == plan).values(values))


def recent(session: Session, store: str, *, since: datetime) -> Recent:
    """How many SKUs of a store plans made since then change without asking a person."""
    row = session.connection().execute(
        select(
            func.coalesce(func.sum(col(PlanRow.repriced)), 0).label("repriced"),
            func.coalesce(func.sum(col(PlanRow.zeroed)), 0).label("zeroed"),
        ).where(col(PlanRow.store) == store, col(PlanRow.made_at) >= since)
    )
    return Recent(*row.one())


def undecided(session: Session, listings: Collection[int]) -> dict[Key, Change]:
    """The newest change of each SKU and field of these listings that waits for a person, or that one said no to."""
    waiting = [*UNDECIDED, ChangeState.DROPPED]
    query = select(*CHANGE).where(col(ChangeRow.state).in_(waiting)).order_by(col(ChangeRow.id))
    found: dict[Key, Change] = {}
    for some in chunks(listings):
        rows = session.connection().execute(query.where(col(ChangeRow.listing).in_(some)))
        found |= {(row.listing, row.sku_code, row.field): value(Change, row) for row in rows}
    return found


def held(session: Session, store: str, guard: str) -> dict[int, int]:
    """How many changes of a store a guard holds, by plan."""
    query = (
        select(col(ChangeRow.plan), func.count().label("number"))
        .join(PlanRow, col(PlanRow.id) == col(ChangeRow.plan))
        .where(_HELD, col(ChangeRow.guard) == guard, col(PlanRow.store) == store)
        .group_by(col(ChangeRow.plan))
        .order_by(col(ChangeRow.plan))
    )
    return {row.plan: row.number for row in session.connection().execute(query)}


def end(session: Session, results: Mapping[int, str], state: ChangeState) -> None:
    """Move changes to a state, each with its result."""
    rows = [{"b_id": change, "b_state": state.value, "b_result": result} for change, result in results.items()]
    if rows:
        session.connection().execute(_END, rows)


def hold_field(session: Session, plan: int, field: str, guard: str, why: str) -> None:
    """A guard on the whole plan holds what is proposed of a field; stock that does not go to zero is free."""
    waiting = [col(ChangeRow.plan) == plan, col(ChangeRow.field) == field]
    waiting += [col(ChangeRow.after) == "0"] if field == "stock" else []
    held_now = update(ChangeRow).where(*waiting, col(ChangeRow.state) == ChangeState.PROPOSED)
    session.connection().execute(held_now.values(state=ChangeState.HELD.value, guard=guard, result=why))


def of_plan(session: Session, plan: int, states: Collection[ChangeState], *, after: int) -> list[Pending]:
    """The changes of a plan that stand so, beside what is wanted and shown of their SKUs now.

    Some listings at a time, whole, by number: those that come `after` one.
    """
    return _pending(session, col(ChangeRow.plan) == plan, col(ChangeRow.state).in_(states), after=after)


def held_by(session: Session, store: str, guard: str, sku_code: str | None, *, after: int) -> list[Pending]:
    """The same of what a guard holds of a store, or of one SKU of it."""
    of_store = col(ChangeRow.plan).in_(select(col(PlanRow.id)).where(col(PlanRow.store) == store))
    of_sku = [] if sku_code is None else [col(ChangeRow.sku_code) == sku_code]
    return _pending(session, _HELD, col(ChangeRow.guard) == guard, of_store, *of_sku, after=after)


def on_its_way(session: Session, listings: Collection[int]) -> dict[Key, int]:
    """The approved change of each SKU and field of these listings that has not gone out yet."""
    query = select(*CHANGE).where(_ON_ITS_WAY)
    return {
        (row.listing, row.sku_code, row.field): row.id
        for some in chunks(listings)
        for row in session.connection().execute(query.where(col(ChangeRow.listing).in_(some)))
    }


def settle(session: Session, listing: OwnListing, field: str) -> None:
    """Book what the channel now has of a listing's price or stock; a SKU it does not show cannot have it."""
    sent = [ChangeState.APPROVED, ChangeState.REFUSED]
    mine = and_(col(ChangeRow.listing) == listing.id, col(ChangeRow.field) == field, col(ChangeRow.state).in_(sent))
    rows = _pending(session, mine, ~_NEWER)
    there = [row.change.id for row in rows if row.sku_key is not None and row.shown == row.change.after]
    end(session, dict.fromkeys(there, ""), ChangeState.APPLIED)
    missing = [row.change.id for row in rows if row.sku_key is None and row.change.state is ChangeState.APPROVED]
    end(session, dict.fromkeys(missing, "the listing has no such SKU on the channel"), ChangeState.REFUSED)


def settle_zeros(session: Session, listing: int) -> None:
    """A listing that went off sale has no stock of anything."""
    zeros = update(ChangeRow).where(*_approved(listing, "stock"), col(ChangeRow.after) == "0")
    session.connection().execute(zeros.values(state=ChangeState.APPLIED.value, result=""))


def settle_status(session: Session, listing: int) -> None:
    """Book that a listing went on sale or off as it was approved."""
    went = update(ChangeRow).where(*_approved(listing, "status")).values(state=ChangeState.APPLIED.value, result="")
    session.connection().execute(went)


def approved_words(session: Session, listing: int) -> dict[str, str]:
    """The words of a listing that are to go out, by field; the newest of each."""
    query = select(col(ChangeRow.field), col(ChangeRow.after)).where(
        col(ChangeRow.listing) == listing, col(ChangeRow.field).in_(WORDS), _ON_ITS_WAY
    )
    rows = session.connection().execute(query.order_by(col(ChangeRow.id)))
    return {row.field: row.after for row in rows}


def approved_skus(session: Session, listing: int) -> set[str]:
    """The codes of the SKUs that are to be added to a listing."""
    query = select(col(ChangeRow.sku_code)).where(*_approved(listing, "sku"))
    return set(session.connection().execute(query).scalars())


def settle_skus(session: Session, listing: int, codes: Collection[str]) -> None:
    """Book which SKUs were added to a listing."""
    added = update(ChangeRow).where(*_approved(listing, "sku"), col(ChangeRow.sku_code).in_(codes))
    session.connection().execute(added.values(state=ChangeState.APPLIED.value, result=""))


def settle_words(session: Session, listing: int, words: Mapping[str, str]) -> None:
    """Book which words a listing now has, by field."""
    rows = [{"b_listing": listing, "b_sku": "", "b_field": field, "b_after": text} for field, text in words.items()]
    if rows:
        session.connection().execute(_WENT, rows)


def settle_post(session: Session, listing: int, draft: ListingDraft) -> None:
    """Book what went out with a listing when it was posted."""
    went = update(ChangeRow).where(*_approved(listing, "listing")).values(state=ChangeState.APPLIED.value, result="")
    session.connection().execute(went)
    rows = [
        {"b_listing": listing, "b_sku": sku.sku_code, "b_field": field, "b_after": after}
        for sku in draft.skus
        for field, after in (("price", str(sku.price)), ("stock", str(sku.stock)))
    ]
    session.connection().execute(_WENT, rows)


def refuse(session: Session, listing: int, field: str, why: str) -> None:
    """The channel would not take what was approved of a listing's field."""
    refused = update(ChangeRow).where(*_approved(listing, field))
    session.connection().execute(refused.values(state=ChangeState.REFUSED.value, result=why))


def audited(session: Session, listing: int, refusal: str) -> None:
    """The channel's audit refused a posted listing, or let a refused one through (no refusal)."""
    before, after = (
        (ChangeState.APPLIED, ChangeState.REFUSED) if refusal else (ChangeState.REFUSED, ChangeState.APPLIED)
    )
    about = (col(ChangeRow.listing) == listing, col(ChangeRow.field) == "listing", col(ChangeRow.state) == before)
    session.connection().execute(update(ChangeRow).where(*about).values(state=after.value, result=refusal))


def _pending(session: Session, *which: ColumnElement[bool], after: int | None = None) -> list[Pending]:
    if after is not None:
        query = select(col(ChangeRow.listing)).distinct().where(*which, col(ChangeRow.listing) > after)
        listings = list(session.connection().scalars(query.order_by(col(ChangeRow.listing)).limit(AT_ONCE)))
        which = (*which, col(ChangeRow.listing) > after, col(ChangeRow.listing) <= max(listings, default=after))
    rows = session.connection().execute(_PENDING.where(*which).order_by(col(ChangeRow.listing), col(ChangeRow.id)))
    return [
        Pending(
            change=value(Change, row),
            store=row.store,
            standing=ListingState(row.standing),
            on_channel=row.listing_id is not None,
            sku_key=row.sku_key,
            price_wanted=row.price_wanted,
            stock_wanted=row.stock_wanted,
            price=row.price,
            stock=row.stock,
            lock=row.why,
            draft=row.draft,
        )
        for row in rows
    ]


def _approved(listing: int, field: str) -> tuple[ColumnElement[bool], ...]:
    return (
        col(ChangeRow.listing) == listing,
        col(ChangeRow.field) == field,
        col(ChangeRow.state) == ChangeState.APPROVED,
    )


CHANGE = [col(getattr(ChangeRow, field.name)) for field in fields(Change)]
"""The columns of a change's value."""
_HELD = col(ChangeRow.state) == literal(ChangeState.HELD.value, literal_execute=True)
"""Written out, since only so the index on what is held serves it."""
_LATER = aliased(ChangeRow)
_SAME = (
    col(_LATER.listing) == col(ChangeRow.listing),
    col(_LATER.sku_code) == col(ChangeRow.sku_code),
    col(_LATER.field) == col(ChangeRow.field),
)
_WENT_OUT = [ChangeState.APPROVED, ChangeState.APPLIED, ChangeState.REFUSED]
_NEWER = (
    exists().where(*_SAME, col(_LATER.id) > col(ChangeRow.id), col(_LATER.state).in_(_WENT_OUT)).correlate(ChangeRow)
)
_ON_ITS_WAY = col(ChangeRow.state) == ChangeState.APPROVED
_OVERTAKE = (
    update(ChangeRow)
    .where(
        col(ChangeRow.state).in_([*UNDECIDED, ChangeState.APPROVED]),
        col(ChangeRow.plan) != bindparam("b_plan"),
        col(ChangeRow.listing).in_(select(col(_LATER.listing)).where(col(_LATER.plan) == bindparam("b_plan"))),
        exists()
        .where(
            col(_LATER.plan) == bindparam("b_plan"),
            *_SAME,
            or_(~_ON_ITS_WAY, col(_LATER.state) == ChangeState.APPROVED),
        )
        .correlate(ChangeRow),
    )
    .values(state=ChangeState.OVERTAKEN.value, result=bindparam("b_why"))
)
"""What is on its way goes on unless the new value goes out, too."""
_ABOUT = (
    col(ChangeRow.listing) == bindparam("b_listing"),
    col(ChangeRow.sku_code) == bindparam("b_sku"),
    col(ChangeRow.field) == bindparam("b_field"),
    _ON_ITS_WAY,
)
_WENT = (
    update(ChangeRow)
    .where(*_ABOUT, col(ChangeRow.after) == bindparam("b_after"))
    .values(state=ChangeState.APPLIED.value, result="")
)
_END = (
    update(ChangeRow)
    .where(col(ChangeRow.id) == bindparam("b_id"))
    .values(state=bindparam("b_state"), result=bindparam("b_result"))
)
_PENDING = (
    select(
        *CHANGE,
        col(ListingRow.store),
        col(ListingRow.state).label("standing"),
        col(ListingRow.listing_id),
        col(BindingRow.sku_key),
        col(BindingRow.price_wanted),
        col(BindingRow.stock_wanted),
        col(BindingRow.price),
        col(BindingRow.stock),
        col(LockRow.why),
        case((col(ChangeRow.field).in_(WORDS), col(ListingRow.draft))).label("draft"),
    )
    .join(ListingRow, col(ListingRow.id) == col(ChangeRow.listing))
    .outerjoin(
        BindingRow,
        and_(col(BindingRow.store) == col(ListingRow.store), col(BindingRow.sku_code) == col(ChangeRow.sku_code)),
    )
    .outerjoin(
        LockRow,
        and_(
            col(LockRow.listing) == col(ChangeRow.listing),
            col(LockRow.sku_code) == col(ChangeRow.sku_code),
            col(LockRow.field) == col(ChangeRow.field),
        ),
    )
)
