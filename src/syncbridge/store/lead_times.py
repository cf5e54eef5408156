"""How long our own purchases took, and what is expected of the next by that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col

from syncbridge.rules.deadlines import Basis, Lead, LeadTimes, measured
from syncbridge.store.rows import chunks
from syncbridge.store.tables.buying import LeadTimeRow, PurchaseRow, VendorOrderRow
from syncbridge.store.tables.catalogue import OfferRow
from syncbridge.store.tables.parcels import ParcelRow

NEWEST = 2000
"""So many vendor orders of an account, and parcels of all, are looked at."""
Times = dict[tuple[Basis, str, str], list[timedelta]]


def known(session: Session, names: Collection[str]) -> dict[tuple[Basis, str, str], Lead]:
    """What is expected of these offers, shops and routes, as last measured; see `LeadTimes`."""
    return {
        (Basis(row.basis), row.account, row.name): Lead(
            timedelta(seconds=row.seconds), Basis(row.basis) if row.sample else Basis.NO_PARCELS, row.sample
        )
        for some in chunks(names)
        for row in session.connection().execute(_KNOWN.where(col(LeadTimeRow.name).in_(some)))
    }


_KNOWN = select(LeadTimeRow.__table__)  # type: ignore[attr-defined]  # SQLModel gives each table class its table


def measure(session: Session, account: str, routes: Mapping[str, Lead]) -> LeadTimes:
    """What to expect of an account's offers and shops, and of these routes, by the newest of what was shipped.

    `routes` says what to expect of a route while too few parcels went by it.
    """
    times = _dispatched(session, account) | _passed_on(session, routes)
    found: dict[tuple[Basis, str, str], Lead] = {(Basis.ROUTE, "", name): lead for name, lead in routes.items()}
    for key, took in times.items():
        lead = measured(took, key[0])
        found |= {key: lead} if lead else {}
    return found


def keep(session: Session, leads: LeadTimes, *, now: datetime) -> None:
    """Keep what was measured, as far as it changed. What once was measured is not given up for a mere default."""
    before = known(session, {name for _, _, name in leads})
    changed = [
        {"basis": basis, "account": account, "name": name, "sample": lead.sample, "measured_at": now}
        | {"seconds": round(lead.time.total_seconds())}
        for (basis, account, name), lead in leads.items()
        if _is_news(lead, before.get((basis, account, name)))
    ]
    if changed:
        session.connection().execute(_KEEP, changed)


def _is_news(lead: Lead, before: Lead | None) -> bool:
    if before is None:
        return True
    times = [round(one.time.total_seconds()) for one in (lead, before)]
    return lead.sample >= min(before.sample, 1) and (times[0], lead.sample) != (times[1], before.sample)


_FRESH = upsert(LeadTimeRow)
_KEEP = _FRESH.on_conflict_do_update(
    index_elements=["basis", "account", "name"],
    set_={name: _FRESH.excluded[name] for name in ("seconds", "sample", "measured_at")},
)


def _dispatched(session: Session, account: str) -> Times:
    """From paid to shipped, by offer and by shop, the newest first."""
    query = (
        select(col(PurchaseRow.lines), col(VendorOrderRow.paid_at), col(VendorOrderRow.shipped_at))
        .join(PurchaseRow, col(VendorOrderRow.purchase) == col(PurchaseRow.id))
        .where(col(VendorOrderRow.supplier) == account, col(VendorOrderRow.shipped_at).is_not(None))
        .order_by(col(VendorOrderRow.shipped_at).desc())
        .limit(NEWEST)
    )
    took = [
        ({line.offer_id for line in row.lines}, row.shipped_at - row.paid_at)
        for row in session.connection().execute(query)
        if row.paid_at is not None and row.shipped_at >= row.paid_at
    ]
    shops = _shops(session, account, {offer_id for ids, _ in took for offer_id in ids})
    times: Times = defaultdict(list)
    for ids, time in took:
        for offer_id in ids:
            times[Basis.OFFER, account, offer_id].append(time)
        for shop in {shops[offer_id] for offer_id in ids if shops.get(offer_id)}:
            times[Basis.SHOP, account, shop].append(time)
    return times


def _shops(session: Session, account: str, offer_ids: Collection[str]) -> dict[str, str]:
    """The shop of each of these offers, by the supplier's id."""
    shop = func.json_extract(col(OfferRow.snapshot), "$.supplier_id").label("shop")
    query = select(col(OfferRow.offer_id), shop).where(col(OfferRow.account) == account)
    return {
        row.offer_id: row.shop
        for some in chunks(offer_ids)
        for row in session.connection().execute(query.where(col(OfferRow.offer_id).in_(some)))
    }


def _passed_on(session: Session, routes: Collection[str]) -> Times:
    """From shipped by the supplier, with the last vendor order, to declared, by route, the newest first."""
    newest = (
        select(col(ParcelRow.purchase), col(ParcelRow.declared_at))
        .where(col(ParcelRow.declared_at).is_not(None))
        .order_by(col(ParcelRow.declared_at).desc())
        .limit(NEWEST)
        .subquery()
    )
    shipped_at, declared_at = func.max(VendorOrderRow.shipped_at), func.min(newest.c.declared_at)
    query = (
        select(col(PurchaseRow.route), shipped_at.label("shipped_at"), declared_at.label("declared_at"))
        .join(newest, newest.c.purchase == col(PurchaseRow.id))
        .join(VendorOrderRow, col(VendorOrderRow.purchase) == func.coalesce(PurchaseRow.merged_into, PurchaseRow.id))
        .where(col(PurchaseRow.route).in_(routes), col(VendorOrderRow.shipped_at).is_not(None))
        .group_by(col(PurchaseRow.id))
        .order_by(declared_at.desc())
    )
    times: Times = defaultdict(list)
    for row in session.connection().execute(query):
        if row.declared_at >= row.shipped_at:
            times[Basis.ROUTE, "", row.route].append(row.declared_at - row.shipped_at)
    return times
