"""Parcels on their way to the relay address are looked for once a day; what does not get there is told.

A supplier that wants to hear when its goods arrived is told so, where the seller's settings say when.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from syncbridge.errors import OutcomeUnknown
from syncbridge.flows import vendor_orders
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge, day_began, order_subject
from syncbridge.model.purchasing import PurchaseState, RefundState, VendorOrderState
from syncbridge.model.shipping import Track
from syncbridge.ports import Confirms, Refunds, Supplier, TracksDomestic
from syncbridge.queue.execute import Done, Outcome, Retry, Snooze
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules.domestic import is_stalled
from syncbridge.rules.merging import BOUGHT
from syncbridge.store import holds, merging, placed_orders, timeline, waybills
from syncbridge.store.waybills import Shipped, Waybill

STALLED = "domestic_stalled"
"""The hold of a vendor order with a parcel that does not get to the relay address."""
NOT_FORWARDED = "not_forwarded"
"""The hold of one that arrived there, and of whose purchase nobody announced an international number."""
A_DAY = timedelta(days=1)


async def check(bridge: Bridge, job: Claim) -> Outcome:
    """Find which of a supplier account's parcels are to be looked for, and which of its orders to be confirmed."""
    return Done(lambda session: _check(session, bridge, job.account))


async def look(bridge: Bridge, job: Claim) -> Outcome:
    """Look for the parcels of a vendor order."""
    supplier, vendor_order_id = bridge.suppliers[job.account], job.args["vendor_order"]
    if not isinstance(supplier, TracksDomestic):
        return Done()
    tracks = await supplier.whereabouts(vendor_order_id)
    return Done(lambda session: _saw(session, bridge, job, vendor_order_id, tracks))


async def confirm(bridge: Bridge, job: Claim) -> Outcome:
    """Tell a supplier that its goods arrived, once, after a look at the vendor order: then the money is its own."""
    supplier, vendor_order_id = bridge.suppliers[job.account], job.args["vendor_order"]
    now, rule = bridge.clock.now(), bridge.terms.of(job.account).confirm_receipt
    if not isinstance(supplier, Confirms) or rule == "never":
        return Done()
    if job.previous_claim_at is not None and now < job.previous_claim_at + bridge.terms.quarantine:
        until = job.previous_claim_at + bridge.terms.quarantine
        return Snooze(until, "settling", "an earlier confirmation may still be under way")
    order = await supplier.order(vendor_order_id)
    if order.state is not VendorOrderState.SHIPPED:
        return Done(lambda session: vendor_orders.note(session, bridge, job.account, [order]))
    arrived = await bridge.db.read(waybills.confirmable, job.account, rule)
    if vendor_order_id not in {one.vendor_order_id for one in arrived} or await _asks_money_back(
        supplier, vendor_order_id
    ):
        why = "something is held of it, or money is asked back; it is looked at again tomorrow"
        return Snooze(now + A_DAY, "receipt_waits", why)
    try:
        await supplier.confirm(vendor_order_id)
    except OutcomeUnknown as error:
        return Retry("unknown", str(error), at=now + bridge.terms.quarantine)
    return Done(lambda session: _confirmed(session, bridge, job, rule))


async def _asks_money_back(supplier: Supplier, vendor_order_id: str) -> bool:
    if not isinstance(supplier, Refunds):
        return False
    return any(refund.state is not RefundState.CLOSED for refund in await supplier.refunds(vendor_order_id))


def _check(session: Session, bridge: Bridge, account: str) -> None:
    now, rule = bridge.clock.now(), bridge.terms.of(account).confirm_receipt
    supplier = bridge.suppliers[account]
    jobs: list[NewJob] = []
    if isinstance(supplier, TracksDomestic):
        declared_too = [PurchaseState.DECLARED] if rule == "signed" else []
        due = waybills.under_way(session, account, when=[*BOUGHT, *declared_too])
        day = f"{day_began(now):%Y-%m-%d}"
        jobs += [_job("domestic.look", account, one, f"@{day}", now) for one in due]
        _keep_only(session, STALLED, account, {_subject(account, one.vendor_order_id) for one in due}, now)
        _tell_what_stays(session, bridge, account, now)
    if isinstance(supplier, Confirms) and rule != "never":
        jobs += [
            _job("domestic.confirm", account, one, "", now) for one in waybills.confirmable(session, account, rule)
        ]
    enqueue(session, jobs, now=now)


def _tell_what_stays(session: Session, bridge: Bridge, account: str, now: datetime) -> None:
    """What the relay address has had for long without a word of a number."""
    before = now - bridge.terms.patience.domestic
    stays = waybills.not_forwarded(session, account, when=BOUGHT, before=before)
    wanted = {
        (NOT_FORWARDED, _subject(account, one.vendor_order_id)): {
            "order": f"{one.store}/{one.order_id}",
            "waybills": one.numbers,
            "signed": one.signed_at.isoformat(timespec="minutes"),
            "supplier": account,
        }
        for one in stays
    }
    _keep_only(session, NOT_FORWARDED, account, {subject for _, subject in wanted}, now)
    holds.open_many(session, wanted, now=now)


def _keep_only(session: Session, kind: str, account: str, subjects: Collection[str], now: datetime) -> None:
    """Close the account's holds of a kind whose cause is gone."""
    mine = [
        hold.subject for hold in holds.all_open(session) if hold.kind == kind and hold.figures["supplier"] == account
    ]
    holds.close_holds(session, kind, [subject for subject in mine if subject not in subjects], now=now)


def _saw(session: Session, bridge: Bridge, job: Claim, vendor_order_id: str, tracks: Sequence[Track]) -> None:
    now, account = bridge.clock.now(), job.account
    purchase = placed_orders.purchase_of(session, account, vendor_order_id)
    if purchase is None:
        return
    told = {track.number: track for track in tracks}
    arrived = waybills.saw(session, account, vendor_order_id, told, now=now)
    for one in merging.together(session, purchase) if arrived else []:
        timeline.note(session, one.subject, "signed for by the relay address", at=now, waybills=", ".join(arrived))
    living = waybills.living(session, account, vendor_order_id)
    if told.keys() != {one.number for one in living}:
        enqueue(session, [vendor_orders.waybill_job(purchase, vendor_order_id, job.key, now)], now=now)
    patience = bridge.terms.patience.domestic
    stalled = [one for one in living if is_stalled(one.movement, one.moved_at, one.seen_at, patience, now=now)]
    subject = _subject(account, vendor_order_id)
    if stalled and purchase.state in BOUGHT:
        figures = {"order": f"{purchase.store}/{purchase.order_id}", **_figures(stalled), "supplier": account}
        holds.open_hold(session, STALLED, subject, figures, now=now)
    else:
        holds.close_holds(session, STALLED, [subject], now=now)


def _figures(stalled: Sequence[Waybill]) -> dict[str, str]:
    last = stalled[0]
    return {
        "waybills": ", ".join(one.number for one in stalled),
        "carrier": last.carrier,
        "since": (last.moved_at or last.seen_at).isoformat(timespec="minutes"),
        "said": last.said,
    }


def _confirmed(session: Session, bridge: Bridge, job: Claim, rule: str) -> None:
    vendor_order = job.args["vendor_order"]
    timeline.note(
        session, job.subject, "receipt confirmed", at=bridge.clock.now(), vendor_order=vendor_order, rule=rule
    )


def _subject(account: str, vendor_order_id: str) -> str:
    return f"vendor order {account}/{vendor_order_id}"


def _job(kind: str, account: str, one: Shipped, occasion: str, now: datetime) -> NewJob:
    return NewJob(
        kind=kind,
        key=f"{kind}:{account}/{one.vendor_order_id}{occasion}",
        account=account,
        run_at=now,
        priority=now + CATALOGUE_PATIENCE,
        subject=order_subject(one.store, one.order_id),
        lock=f"{kind}:{account}/{one.vendor_order_id}",
        args={"vendor_order": one.vendor_order_id, "order": one.order_id, "store": one.store},
    )
