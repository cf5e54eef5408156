"""What a guard stopped, until a person decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.store.rows import chunks, row_of, rows_of, value
from syncbridge.store.tables.work import HoldRow
from syncbridge.store.types import UtcTime

LINE_REFUSED = "line_refused"
"""A line the supplier left out of a purchase; its subject begins with the order's."""


def refused_lines(session: Session, subject: str) -> int:
    """How many lines of an order the supplier left out and nobody has bought elsewhere."""
    query = select(func.count()).where(
        col(HoldRow.kind) == LINE_REFUSED,
        col(HoldRow.subject).startswith(f"{subject} ", autoescape=True),
        col(HoldRow.closed_at).is_(None),
    )
    return session.connection().execute(query).scalar_one()


def open_hold(session: Session, kind: str, subject: str, figures: Mapping[str, str], *, now: datetime) -> bool:
    """Open a hold; one that is open already keeps its time and gets the new figures. Answers whether it is new."""
    known = open_figures(session, [subject]).get((kind, subject))
    if known == dict(figures):
        return False
    values = {"kind": kind, "subject": subject, "figures": dict(figures), "opened_at": now}
    session.connection().execute(_OPEN, [values])
    return known is None


def open_many(
    session: Session, wanted: Mapping[tuple[str, str], Mapping[str, str]], *, now: datetime
) -> list[tuple[str, str]]:
    """The same for many, by (kind, subject), in a bounded number of statements; answers those that are new."""
    known = open_figures(session, [subject for _, subject in wanted]) if wanted else {}
    rows = [
        {"kind": kind, "subject": subject, "figures": dict(figures), "opened_at": now}
        for (kind, subject), figures in wanted.items()
        if known.get((kind, subject)) != dict(figures)
    ]
    if rows:
        session.connection().execute(_OPEN, rows)
    return [one for one in wanted if one not in known]


_OPEN = upsert(HoldRow).on_conflict_do_update(
    index_elements=["kind", "subject"],
    index_where=col(HoldRow.closed_at).is_(None),
    set_={"figures": upsert(HoldRow).excluded.figures},
)


def close_holds(session: Session, kind: str, subjects: Collection[str], *, now: datetime) -> None:
    """Close holds whose cause is gone."""
    for some in chunks(subjects):
        session.connection().execute(_CLOSE, {"b_kind": kind, "b_subjects": some, "b_now": now})


_CLOSE = (
    update(HoldRow)
    .where(
        col(HoldRow.kind) == bindparam("b_kind"),
        col(HoldRow.subject).in_(bindparam("b_subjects", expanding=True)),
        col(HoldRow.closed_at).is_(None),
    )
    .values(closed_at=bindparam("b_now", type_=UtcTime()))
)


def close(session: Session, hold: int, *, now: datetime) -> bool:
    """Close one hold because a person decided; answers whether it was open."""
    result = session.connection().execute(
        update(HoldRow).where(col(HoldRow.id) == hold, col(HoldRow.closed_at).is_(None)).values(closed_at=now)
    )
    return result.rowcount == 1


def close_subject(session: Session, subject: str, *, but: Collection[str] = (), now: datetime) -> None:
    """Close the holds on a subject that goes forward again, `but` those of some kinds."""
    session.connection().execute(
        update(HoldRow)
        .where(col(HoldRow.subject) == subject, col(HoldRow.closed_at).is_(None), col(HoldRow.kind).not_in(but))
        .values(closed_at=now)
    )


def close_subjects(session: Session, subjects: Collection[str], *, now: datetime) -> None:
    """Close every hold on subjects that are no more."""
    for some in chunks(subjects):
        gone = update(HoldRow).where(col(HoldRow.subject).in_(some), col(HoldRow.closed_at).is_(None))
        session.connection().execute(gone.values(closed_at=now))


def close_kind(session: Session, kind: str, *, now: datetime) -> None:
    """Close every hold of a kind."""
    session.connection().execute(
        update(HoldRow).where(col(HoldRow.kind) == kind, col(HoldRow.closed_at).is_(None)).values(closed_at=now)
    )


def open_figures(session: Session, subjects: Collection[str]) -> dict[tuple[str, str], dict[str, str]]:
    """The figures of open holds on these subjects, by (kind, subject)."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for some in chunks(subjects):
        rows = session.connection().execute(_OPEN_FIGURES, {"b_subjects": some})
        found |= {(row.kind, row.subject): row.figures for row in rows}
    return found


_OPEN_FIGURES = select(col(HoldRow.kind), col(HoldRow.subject), col(HoldRow.figures)).where(
    col(HoldRow.subject).in_(bindparam("b_subjects", expanding=True)), col(HoldRow.closed_at).is_(None)
)


@dataclass(frozen=True, slots=True)
class OpenHold:
    """Something a guard stopped."""

    id: int
    kind: str
    subject: str
    figures: Mapping[str, str]
    opened_at: datetime


def all_open(session: Session) -> list[OpenHold]:
    """Every open hold, oldest first."""
    return [value(OpenHold, row) for row in rows_of(session, _ALL_OPEN)]


_ALL_OPEN = select(HoldRow).where(col(HoldRow.closed_at).is_(None)).order_by(col(HoldRow.id))


def get(session: Session, hold: int) -> OpenHold | None:
    """One open hold."""
    row = row_of(session, HoldRow, hold)
    return None if row is None or row.closed_at is not None else value(OpenHold, row)


def was_opened(session: Session, kind: str, subject: str) -> bool:
    """Whether a hold of the kind on this subject is open, or ever was."""
    query = select(func.count()).select_from(HoldRow).where(col(HoldRow.kind) == kind, col(HoldRow.subject) == subject)
    return session.connection().execute(query).scalar_one() > 0


def opened(session: Session) -> int:
    """How many holds were ever opened."""
    return session.connection().execute(select(func.count()).select_from(HoldRow)).scalar_one()
