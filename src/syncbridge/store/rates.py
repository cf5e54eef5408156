"""The exchange rates that prices are made with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col, select

from syncbridge.model.rates import InForce, Pair
from syncbridge.store.tables.access import RateRow


def in_force(session: Session) -> dict[Pair, InForce]:
    """Every rate in force."""
    return {rate.pair: rate for rate in map(_rate, session.exec(select(RateRow).order_by(col(RateRow.pair))))}


def keep(session: Session, rates: Sequence[InForce]) -> None:
    """Put rates in force, or note what was told since."""
    if not rates:
        return
    rows = [
        {
            "pair": rate.name,
            "value": str(rate.value),
            "day": rate.day.isoformat(),
            "source": rate.source,
            "since": rate.since,
            "told": str(rate.told),
            "told_day": rate.told_day.isoformat(),
        }
        for rate in rates
    ]
    statement = upsert(RateRow)
    fresh = {name: statement.excluded[name] for name in rows[0] if name != "pair"}
    session.connection().execute(statement.on_conflict_do_update(index_elements=["pair"], set_=fresh), rows)


def _rate(row: RateRow) -> InForce:
    here, _, there = row.pair.partition("/")
    return InForce(
        pair=(here, there),
        value=Decimal(row.value),
        day=date.fromisoformat(row.day),
        source=row.source,
        since=row.since,
        told=Decimal(row.told),
        told_day=date.fromisoformat(row.told_day),
    )
