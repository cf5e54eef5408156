"""The queue in the order of its deadlines, what will miss its ship-by time, and what can be done about that."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows import forecasts, retry_queue
from syncbridge.flows.forecasts import Measures, Outlook
from syncbridge.flows.retry_queue import GOING_ON, Entry, at_stake, order_in
from syncbridge.model.purchasing import Purchase, PurchaseState
from syncbridge.rules.deadlines import UNKNOWN
from syncbridge.rules.mapping import Rules
from syncbridge.rules.rescues import LAST_RESORT, UNSENT, Backup, Position, Rescue, more, rescues
from syncbridge.rules.routing import Split, next_backup, offers_of
from syncbridge.store import orders, purchases

DECLARES = "fulfil.declare"
"""The job before which nothing has to pass any more."""


def in_order(session: Session, *, now: datetime) -> list[Entry]:
    """The retry queue with its forecasts, what must be acted on first in front."""
    return _sorted(_forecast(session, retry_queue.entries(session), now))


def will_miss(session: Session, *, now: datetime) -> list[Entry]:
    """What will miss its ship-by time: of the queue, and of what goes forward, but not fast enough."""
    queue = in_order(session, now=now)
    told, declaring = {entry.purchase for entry in queue}, {entry.subject for entry in queue if entry.what == DECLARES}
    found = [entry for entry in queue if entry.late(now) is not None]
    for one in _going_on(session, now):
        has_only_to_be_declared = one.forecast is not None and not one.forecast.ahead
        if one.purchase not in told and not (has_only_to_be_declared and one.subject in declaring):
            found.append(one)
    return _sorted(found)


def entry(session: Session, entry_id: str, *, now: datetime) -> Entry:
    """One entry with its forecast; raises SyncBridgeError if there is none of this id."""
    if not entry_id.startswith(GOING_ON):
        (one,) = _forecast(session, [retry_queue.entry(session, entry_id)], now)
        return one
    for one in _going_on(session, now):
        if one.id == entry_id:
            return one
    raise SyncBridgeError(f"{entry_id} is not late, as far as can be foreseen; see: syncbridge queue list --late")


def can_be_done(
    session: Session, rules: Rules | None, found: Collection[Entry], *, now: datetime
) -> dict[str, Sequence[Rescue]]:
    """What can be done about each of these entries, by id; without rules no backups are looked for."""
    bought = purchases.numbered(session, {entry.purchase for entry in found if entry.purchase})
    outlooks = forecasts.of_purchases(session, bought.values())
    backups = _backups(session, rules, [one for one in bought.values() if one.state in UNSENT]) if rules else {}
    told: dict[str, Sequence[Rescue]] = {one.id: [LAST_RESORT] for one in found}
    for one in found:
        if one.purchase in outlooks and one.ship_by and one.forecast:
            purchase, outlook = bought[one.purchase], outlooks[one.purchase]
            progress = tuple(outlook.progress.values())
            position = Position(one.ship_by, one.forecast, purchase.state, progress, outlook.leads)
            told[one.id] = rescues(position, backup=backups.get(purchase.id), now=now)
    return told


def _going_on(session: Session, now: datetime) -> list[Entry]:
    """Purchases that go forward and will be declared too late, as things stand."""
    clock = purchases.on_the_clock(session)
    outlooks = forecasts.of_purchases(session, [purchase for purchase, _ in clock])
    return [
        _foreseen(_entry_of(purchase, ship_by), outlooks[purchase.id], now)
        for purchase, ship_by in clock
        if outlooks[purchase.id].forecast(now).declared_at > ship_by
    ]


def _entry_of(purchase: Purchase, ship_by: datetime) -> Entry:
    return Entry(
        id=f"{GOING_ON}{purchase.id}",
        what="purchase",
        subject=purchase.subject,
        state="going_on",
        code="will_miss",
        reason=f"purchase {purchase.mark} is {purchase.state}",
        attempts=0,
        next_attempt=None,
        ship_by=ship_by,
        at_stake=at_stake(purchase),
        purchase=purchase.id,
        mark=purchase.mark,
    )


def _forecast(session: Session, found: Collection[Entry], now: datetime) -> list[Entry]:
    """Entries with what is expected of them."""
    bought = _by_order(purchases.of_orders(session, {order_in(entry.subject) for entry in found if entry.ship_by}))
    waiting = [one for some in bought.values() for one in some if one.state in purchases.TO_DECLARE]
    outlooks = forecasts.of_purchases(session, waiting)
    each = [(entry, _outlook(entry, bought.get(order_in(entry.subject)), outlooks, now)) for entry in found]
    return [_foreseen(entry, outlook, now) for entry, outlook in each]


def _by_order(bought: Collection[Purchase]) -> dict[tuple[str, str], list[Purchase]]:
    orders: dict[tuple[str, str], list[Purchase]] = {}
    for purchase in bought:
        orders.setdefault((purchase.store, purchase.order_id), []).append(purchase)
    return orders


def _outlook(
    entry: Entry, bought: Sequence[Purchase] | None, outlooks: Mapping[int, Outlook], now: datetime
) -> Outlook | None:
    """That of its purchase; else of the last its order waits for. None if it waits for none any more."""
    if entry.what == DECLARES or bought is None:
        return Outlook(UNKNOWN, {}, is_announced=entry.what == DECLARES)
    its = [outlooks[one.id] for one in bought if one.id in outlooks and entry.purchase in (None, one.id)]
    return max(its, key=lambda outlook: outlook.forecast(now).declared_at, default=None)


def _foreseen(entry: Entry, outlook: Outlook | None, now: datetime) -> Entry:
    """An entry with its forecast; to act by the time that leaves what has to pass still before the ship-by time."""
    if entry.ship_by is None or outlook is None:
        return entry
    act_by = now + (entry.ship_by - outlook.forecast(now).declared_at)
    return replace(entry, forecast=outlook.forecast(max(now, entry.next_attempt or now)), act_by=act_by)


def _backups(session: Session, rules: Rules, unsent: Collection[Purchase]) -> dict[int, Backup]:
    """The next way to buy each of these purchases, where the mapping files name one, and what it costs more."""
    named = {(purchase.store, purchase.order_id) for purchase in unsent}
    known, siblings = orders.of_ids(session, named), _by_order(purchases.of_orders(session, named))
    offers: dict[str, set[str]] = {}
    for (store, _), order in known.items():
        for account, ids in offers_of(order, store, {}, rules).items():
            offers.setdefault(account, set()).update(ids)
    for purchase in unsent:
        offers.setdefault(purchase.supplier, set()).update(line.offer_id for line in purchase.lines)
    measures = forecasts.of_offers(session, offers, [])
    found = {}
    for purchase in unsent:
        key = (purchase.store, purchase.order_id)
        others = [one for one in siblings[key] if one.id != purchase.id and one.state is not PurchaseState.STOPPED]
        splits = next_backup(purchase, known[key], others, measures.offers, rules)
        if splits:
            found[purchase.id] = _backup(purchase, splits, measures)
    return found


def _backup(purchase: Purchase, splits: Sequence[Split], measures: Measures) -> Backup:
    there = [(split.route.supplier, split.lines) for split in splits]
    leads = [measures.leads(split.route.supplier, purchase.route, split.lines)[0] for split in splits]
    suppliers = dict.fromkeys(split.route.supplier for split in splits)
    dearer_by = more([(purchase.supplier, purchase.lines)], there, measures.offers)
    return Backup(", ".join(suppliers), dearer_by, max(leads, key=lambda lead: lead.time))


def _sorted(found: Collection[Entry]) -> list[Entry]:
    return sorted(found, key=lambda entry: (entry.act_by is None, str(entry.act_by), entry.id))
