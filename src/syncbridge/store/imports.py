"""Import runs and their items; written many at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, insert, literal, select, update
from sqlmodel import Session, col

from syncbridge.model.importing import ImportItem, ImportRun, ItemState
from syncbridge.store.rows import row_of, rows_of, value
from syncbridge.store.tables.catalogue import ListingRow, OfferRow
from syncbridge.store.tables.onboarding import ImportItemRow, ImportRunRow
from syncbridge.store.tables.work import HoldRow
from syncbridge.store.types import UtcTime

CHUNK = 1000
"""Items looked up and written by one statement."""
LATE = timedelta(minutes=5)
"""What was done before that does not count for the pace."""
THERE = (ItemState.IMPORTED, ItemState.KNOWN)
"""States of items whose offer we have."""
_NOT_LISTED = ("offer_unrouted", "offer_unlistable")


def begin(session: Session, run: ImportRun) -> int:
    """Write a new run; answers its number."""
    row = ImportRunRow(
        account=run.account,
        source=run.source,
        what=run.what,
        stores=list(run.stores),
        most=run.most,
        begun_at=run.begun_at,
        listed_at=run.listed_at,
    )
    session.add(row)
    session.flush()
    assert row.id is not None  # noqa: S101  just flushed
    return row.id


def run_of(session: Session, number: int) -> ImportRun | None:
    """A run."""
    row = row_of(session, ImportRunRow, number)
    return None if row is None else value(ImportRun, row)


def newest(session: Session) -> int | None:
    """The number of the run begun last."""
    return session.connection().execute(select(func.max(col(ImportRunRow.id)))).scalar_one()


def judged(session: Session, run: ImportRun, items: Sequence[ImportItem]) -> list[ImportItem]:
    """The items with those told apart that need no reading: doubles, and offers that are there already."""
    first: dict[str, int] = {}
    return [item for some in _chunks(items) for item in _judged(session, run, some, first)]


def add(session: Session, run: ImportRun, items: Sequence[ImportItem]) -> None:
    """Write items of a run, judged."""
    for some in _chunks(judged(session, run, items)):
        rows = [
            {
                "run": run.id,
                "number": item.number,
                "written": item.written,
                "offer_id": item.offer_id,
                "state": item.state.value,
                "code": item.code,
                "why": item.why,
                "tries": 0,
            }
            for item in some
        ]
        session.connection().execute(insert(ImportItemRow), rows)


def waiting(session: Session, run: int, *, most: int) -> list[ImportItem]:
    """The next items to read; those that were tried before come last."""
    query = (
        select(ImportItemRow)
        .where(col(ImportItemRow.run) == run, col(ImportItemRow.state) == ItemState.WAITING)
        .order_by(col(ImportItemRow.tries), col(ImportItemRow.number))
        .limit(most)
    )
    return [value(ImportItem, row) for row in rows_of(session, query)]


def settle(session: Session, run: int, items: Sequence[ImportItem], *, now: datetime) -> None:
    """Write what became of items, in one statement."""
    if not items:
        return
    rows = [
        {
            "b_run": run,
            "b_number": item.number,
            "b_state": item.state.value,
            "b_code": item.code,
            "b_why": item.why,
            "b_tries": item.tries,
            "b_done": None if item.state is ItemState.WAITING else now,
        }
        for item in items
    ]
    session.connection().execute(_SETTLE, rows)


def listed(session: Session, run: int, *, now: datetime) -> None:
    """It is known which offers they are."""
    _change(session, run, listed_at=now)


def ended(session: Session, run: int, *, now: datetime) -> None:
    """Nothing of the run is left to do."""
    _change(session, run, ended_at=now)


def reopen(session: Session, run: int) -> None:
    """Let every item that failed and names an offer be read once more."""
    session.connection().execute(
        update(ImportItemRow)
        .where(
            col(ImportItemRow.run) == run,
            col(ImportItemRow.state) == ItemState.FAILED,
            col(ImportItemRow.offer_id) != "",
        )
        .values(state=ItemState.WAITING.value, tries=0, code="", why="", done_at=None)
    )
    _change(session, run, ended_at=None)


def counts(session: Session, run: int) -> dict[ItemState, int]:
    """How many items of a run are in each state."""
    query = (
        select(col(ImportItemRow.state), func.count())
        .where(col(ImportItemRow.run) == run)
        .group_by(col(ImportItemRow.state))
    )
    return {ItemState(state): number for state, number in session.connection().execute(query)}


def per_second(session: Session, run: int) -> float | None:
    """How many items a second were done of late; None if that cannot be told yet."""
    read, of_run = session.connection(), _of(run)
    until = read.execute(select(func.max(_DONE_AT, type_=UtcTime())).where(_OF), of_run).scalar_one()
    if until is None:
        return None
    first = select(func.min(_DONE_AT, type_=UtcTime())).where(_OF, until - LATE <= _DONE_AT)
    begun = read.execute(first, of_run).scalar_one()
    after = read.execute(select(func.count()).where(_OF, begun < _DONE_AT), of_run).scalar_one()
    return after / (until - begun).total_seconds() if begun and after else None


def items(session: Session, run: int, state: ItemState) -> list[ImportItem]:
    """A run's items in one state, in the order of their rows."""
    query = (
        select(ImportItemRow)
        .where(col(ImportItemRow.run) == run, col(ImportItemRow.state) == state)
        .order_by(col(ImportItemRow.number))
    )
    return [value(ImportItem, row) for row in rows_of(session, query)]


def listings(session: Session, run: ImportRun) -> dict[str, dict[str, int]]:
    """How many of a run's offers are listed, by store and state."""
    query = (
        select(col(ListingRow.store), col(ListingRow.state), func.count())
        .join(ImportItemRow, col(ImportItemRow.offer_id) == col(ListingRow.offer_id))
        .where(
            col(ListingRow.supplier) == run.account,
            col(ImportItemRow.run) == run.id,
            col(ImportItemRow.state).in_(THERE),
        )
        .group_by(col(ListingRow.store), col(ListingRow.state))
    )
    found: dict[str, dict[str, int]] = {store: {} for store in run.stores}
    for store, state, number in session.connection().execute(query):
        found.setdefault(store, {})[state] = number
    return found


def not_listed(session: Session, run: ImportRun) -> list[ImportItem]:
    """Items whose offer we have but cannot list, with the hold that says why."""
    subject = literal(f"offer {run.account}/") + col(ImportItemRow.offer_id)
    query = (
        select(ImportItemRow, col(HoldRow.kind), col(HoldRow.figures))
        .join(HoldRow, col(HoldRow.subject) == subject)
        .where(
            col(ImportItemRow.run) == run.id,
            col(ImportItemRow.state).in_(THERE),
            col(HoldRow.kind).in_(_NOT_LISTED),
            col(HoldRow.closed_at).is_(None),
        )
        .order_by(col(ImportItemRow.number))
    )
    return [
        replace(value(ImportItem, row), code=kind, why=figures.get("why", ""))
        for row, kind, figures in session.execute(query)
    ]


def widen(session: Session, account: str, offer_ids: Collection[str], stores: Sequence[str]) -> None:
    """Let offers that were for some stores only be listed in these too, when they are planned next."""
    changes = [
        {"b_account": account, "b_offer": offer_id, "b_stores": sorted({*chosen, *stores})}
        for offer_id, chosen in chosen_stores(session, account, offer_ids).items()
        if not chosen.issuperset(stores)
    ]
    if changes:
        session.connection().execute(_WIDEN, changes)


def chosen_stores(session: Session, account: str, offer_ids: Collection[str]) -> dict[str, frozenset[str]]:
    """The stores a person wants each of these offers listed in; only those of which a person said so."""
    query = select(col(OfferRow.offer_id), col(OfferRow.stores)).where(
        col(OfferRow.account) == account, col(OfferRow.offer_id).in_(offer_ids), col(OfferRow.stores).is_not(None)
    )
    return {row.offer_id: frozenset(row.stores) for row in session.connection().execute(query)}


def _judged(
    session: Session, run: ImportRun, items: Sequence[ImportItem], first: dict[str, int]
) -> Iterator[ImportItem]:
    """The items judged; `first` holds the first row of each offer so far, and is added to."""
    named = {item.offer_id for item in items if item.offer_id}
    first |= _rows_of(session, run, named - first.keys())
    owners = _owners(session, named)
    for item in items:
        if not item.offer_id or item.state is not ItemState.WAITING:
            yield item
        elif (row := first.setdefault(item.offer_id, item.number)) != item.number:
            yield replace(item, state=ItemState.DOUBLE, code="same_row", why=f"row {row} names the same offer")
        else:
            yield _beside(item, owners.get(item.offer_id, {}), run)


def _beside(item: ImportItem, owners: Mapping[str, Sequence[str] | None], run: ImportRun) -> ImportItem:
    """The item beside the accounts that have its offer, and the stores they are to list it in (None: all)."""
    if run.account in owners:
        chosen = owners[run.account]
        if chosen is None or set(run.stores) <= set(chosen):
            return replace(item, state=ItemState.KNOWN)
        return item  # read again, to be listed in more stores
    if owners:
        why = f"it came in already through account {min(owners)}"
        return replace(item, state=ItemState.DOUBLE, code="same_account", why=why)
    return item


def _rows_of(session: Session, run: ImportRun, named: set[str]) -> dict[str, int]:
    query = (
        select(col(ImportItemRow.offer_id), func.min(col(ImportItemRow.number)).label("number"))
        .where(col(ImportItemRow.run) == run.id, col(ImportItemRow.offer_id).in_(named))
        .group_by(col(ImportItemRow.offer_id))
    )
    return {row.offer_id: row.number for row in session.connection().execute(query)}


def _owners(session: Session, named: set[str]) -> dict[str, dict[str, Sequence[str] | None]]:
    found: dict[str, dict[str, Sequence[str] | None]] = {}
    query = select(col(OfferRow.offer_id), col(OfferRow.account), col(OfferRow.stores))
    for row in session.connection().execute(query.where(col(OfferRow.offer_id).in_(named))):
        found.setdefault(row.offer_id, {})[row.account] = row.stores
    return found


def _chunks(items: Sequence[ImportItem]) -> Iterator[Sequence[ImportItem]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def _change(session: Session, run: int, **values: datetime | None) -> None:
    session.connection().execute(update(ImportRunRow).where(col(ImportRunRow.id) == run).values(**values))


def _of(run: int) -> dict[str, int]:
    return {"b_run": run}


_OF = col(ImportItemRow.run) == bindparam("b_run")
_DONE_AT = col(ImportItemRow.done_at)
_SETTLE = (
    update(ImportItemRow)
    .where(col(ImportItemRow.run) == bindparam("b_run"), col(ImportItemRow.number) == bindparam("b_number"))
    .values(
        state=bindparam("b_state"),
        code=bindparam("b_code"),
        why=bindparam("b_why"),
        tries=bindparam("b_tries"),
        done_at=bindparam("b_done", type_=UtcTime()),
    )
)
_WIDEN = (
    update(OfferRow)
    .where(col(OfferRow.account) == bindparam("b_account"), col(OfferRow.offer_id) == bindparam("b_offer"))
    .values(planned_under="", stores=bindparam("b_stores", type_=OfferRow.__table__.c.stores.type))  # type: ignore[attr-defined]
)
