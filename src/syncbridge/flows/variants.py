"""What became of the specs of offers that changed: lost, renamed, new, or all of them gone.

A spec that is gone shows no stock, and orders for it wait for a person, until somebody says which spec took its place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session

from syncbridge.errors import SyncBridgeError
from syncbridge.flows import new_variants, stock
from syncbridge.flows.bridge import Bridge
from syncbridge.model.catalog import Offer, Spec
from syncbridge.model.purchasing import Purchase
from syncbridge.queue.job import enqueue, wake_waiting
from syncbridge.rules import rematch
from syncbridge.rules.mapping import NewVariants
from syncbridge.rules.purchasing import Halt
from syncbridge.rules.rematch import Lost, Match, wording
from syncbridge.rules.routing import route_for
from syncbridge.store import catalogue, holds, lost_specs, offer_history, timeline
from syncbridge.store.lost_specs import Feeding, LostSpec, LostState

GONE = "offer_down"
"""An offer that feeds listings cannot be bought."""
LOST = "spec_lost"
"""A SKU lost its spec."""
SPEC_GONE = "spec_gone"
"""A purchase wants a spec that is not listed any more."""
MOST_SHOWN = 3
"""So many likely specs are told of beside a lost one."""

_Row = TypeVar("_Row", Feeding, LostSpec)
Before = Mapping[str, Offer | None]
"""Offers as they were before, by id."""
Fed = Mapping[str, Sequence[Feeding]]
"""The SKUs that offers feed, by offer id."""


def changed(session: Session, bridge: Bridge, account: str, before: Before, offers: Sequence[Offer]) -> None:
    """These offers were kept, and are planned next: note what of their specs is not as it was before."""
    now = bridge.clock.now()
    offer_history.append(session, account, before, offers, now=now)
    fed = _by_offer(lost_specs.feeding(session, account, [offer.offer_id for offer in offers]))
    if fed:
        _of_listed(session, bridge, account, before, [offer for offer in offers if offer.offer_id in fed], fed)
    others = stock.made_of(session, bridge.rules, account, {offer.offer_id for offer in offers})
    jobs = [stock.replan_job(owner, offer_id, f"a part of it at {now.isoformat()}", now) for owner, offer_id in others]
    enqueue(session, jobs, now=now)


def found_for(session: Session, lost: LostSpec) -> list[Match]:
    """The specs that may have taken the place of a lost one, the likeliest first."""
    offer = catalogue.offer(session, lost.account, lost.offer_id)
    fed = lost_specs.feeding(session, lost.account, [lost.offer_id])
    return [] if offer is None or not offer.buyable else _matches(lost, offer, fed)


def accept(session: Session, lost_id: int, spec_id: str | None, *, now: datetime) -> LostSpec:
    """A person says which spec takes the place of a lost one; without one, the likeliest. Raises SyncBridgeError."""
    lost = _open(session, lost_id)
    found = found_for(session, lost)
    if not found:
        raise SyncBridgeError(f"offer {lost.offer_id} has no spec left that feeds no SKU of {lost.store}; see its page")
    chosen = next((match for match in found if match.spec.spec_id == (spec_id or found[0].spec.spec_id)), None)
    if chosen is None:
        raise SyncBridgeError(f"{spec_id} is no free spec of offer {lost.offer_id}; see: syncbridge rematch list")
    if spec_id is None and len(found) > 1 and found[1].score == chosen.score:
        raise SyncBridgeError(f"two specs are equally likely for {lost.sku_code}; name one with --spec")
    _rebind(session, lost, chosen.spec, now, why="accepted by a person")
    catalogue.unplan(session, lost.account, [lost.offer_id])
    enqueue(session, [stock.replan_job(lost.account, lost.offer_id, f"rebound {lost.id}", now)], now=now)
    return lost


def refuse(session: Session, lost_id: int, *, now: datetime) -> LostSpec:
    """A person says that no spec takes its place: it stays at zero. Raises SyncBridgeError."""
    lost = _open(session, lost_id)
    lost_specs.decide(session, lost, LostState.REFUSED, now=now)
    holds.close_holds(session, LOST, [lost.subject], now=now)
    timeline.note(session, lost.subject, "no spec takes its place", at=now, spec=lost.spec.spec_id)
    return lost


def gone(session: Session, purchase: Purchase) -> Halt | None:
    """What a purchase wants that its supplier no longer lists, with what may have taken its place."""
    offers = catalogue.offers(session, purchase.supplier, {line.offer_id for line in purchase.lines})
    for line in purchase.lines:
        offer = offers[line.offer_id]
        if offer is None or line.spec_id in {spec.spec_id for spec in offer.specs}:
            continue
        lost = lost_specs.open_of(session, purchase.supplier, [line.offer_id])
        mine = [one for one in lost if one.spec.spec_id == line.spec_id and one.store == purchase.store]
        likely = _likely(found_for(session, mine[0])) if mine else "none is known"
        why = f"the supplier no longer lists spec {line.spec_id} of offer {line.offer_id}; alternatives: {likely}"
        return Halt(SPEC_GONE, why)
    return None


def _of_listed(
    session: Session, bridge: Bridge, account: str, before: Before, offers: Sequence[Offer], fed: Fed
) -> None:
    now = bridge.clock.now()
    _tell_of_gone(session, account, offers, now)
    known = [offer for offer in offers if before.get(offer.offer_id) is not None]
    lost_specs.lose(session, account, [lost for one in known for lost in _lost(before, one, fed)], now=now)
    still = _by_offer(lost_specs.open_of(session, account, [offer.offer_id for offer in known]))
    for offer in known:
        _settle(session, offer, still.get(offer.offer_id, []), fed[offer.offer_id], now)
        if offer.offer_id not in still:
            _tell_of_new(session, bridge, account, before, offer, fed[offer.offer_id])


def _lost(before: Before, offer: Offer, fed: Fed) -> list[tuple[Feeding, Spec, int]]:
    """The SKUs whose spec was there before and is not any more, with that spec and its place."""
    last = before[offer.offer_id]
    old = {} if last is None else {spec.spec_id: (spec, place) for place, spec in enumerate(last.specs)}
    listed = {spec.spec_id for spec in offer.specs}
    return [(sku, *old[sku.spec_id]) for sku in fed[offer.offer_id] if sku.spec_id in old.keys() - listed]


def _settle(session: Session, offer: Offer, lost: Sequence[LostSpec], fed: Sequence[Feeding], now: datetime) -> None:
    """What is listed again goes on; what is the same goods under a new id is bound to it; the rest is proposed."""
    feeding = list(fed)
    listed = {spec.spec_id for spec in offer.specs}
    for one in lost:
        found = _matches(one, offer, feeding) if offer.buyable else []
        same = rematch.certain(_as_lost(one), found)
        if one.spec.spec_id in listed:
            lost_specs.decide(session, one, LostState.RETURNED, now=now)
            _go_on(session, one, now)
        elif same is not None and _alone(one, lost, same):
            _rebind(session, one, same, now, why="the same goods code and attributes")
            feeding.append(Feeding(one.store, one.sku_code, one.offer_id, same.spec_id))
        else:
            why = f"the supplier no longer lists {wording(one.spec)}, so it shows no stock"
            figures = {"why": why, "likely": _likely(found), "rematch": str(one.id)}
            holds.open_hold(session, LOST, one.subject, figures, now=now)


def _alone(one: LostSpec, lost: Sequence[LostSpec], same: Spec) -> bool:
    """Whether no other lost SKU of the store might claim the same spec."""
    rivals = [other for other in lost if other.store == one.store and other.id != one.id]
    return not any(rematch.certain(_as_lost(other), [Match(same, {})]) for other in rivals)


def _rebind(session: Session, lost: LostSpec, spec: Spec, now: datetime, *, why: str) -> None:
    if lost_specs.decide(session, lost, LostState.REBOUND, found_spec_id=spec.spec_id, now=now):
        lost_specs.rebind(session, lost, spec.spec_id)
        before, after = lost.spec.spec_id, spec.spec_id
        timeline.note(session, lost.subject, "bound anew", at=now, before=before, after=after, why=why)
        _go_on(session, lost, now)


def _go_on(session: Session, lost: LostSpec, now: datetime) -> None:
    """Its SKU has a spec again: purchases that waited for that are looked at."""
    holds.close_holds(session, LOST, [lost.subject], now=now)
    wake_waiting(session, [SPEC_GONE], account=lost.account, now=now)


def _tell_of_gone(session: Session, account: str, offers: Sequence[Offer], now: datetime) -> None:
    there = [f"offer {account}/{offer.offer_id}" for offer in offers if offer.buyable]
    holds.close_holds(session, GONE, there, now=now)
    for offer in offers:
        if not offer.buyable:
            why = f"the supplier's offer is {offer.status}, so nothing of it is sold; it comes back by itself"
            subject = f"offer {account}/{offer.offer_id}"
            holds.open_hold(session, GONE, subject, {"why": why, "status": offer.status}, now=now)


def _tell_of_new(
    session: Session, bridge: Bridge, account: str, before: Before, offer: Offer, fed: Sequence[Feeding]
) -> None:
    """Specs that were not there before, where the listing policy wants to know: proposed, never added by itself."""
    last = before[offer.offer_id]
    old = set() if last is None else {spec.spec_id for spec in last.specs}
    bound = {sku.spec_id for sku in fed}
    new = [spec for spec in offer.specs if spec.spec_id not in old | bound]
    routes = [route_for(sku.sku_code, sku.store, bridge.rules) for sku in fed]
    wanted = any(route is not None and route.listing.new_variants is NewVariants.PROPOSE for route in routes)
    if new and wanted:
        made = new_variants.propose(session, bridge, account, offer, new)
        plans = ", ".join(map(str, made.values()))
        then = f"apply plan {plans}" if plans else "add them to the listing in the seller centre"
        why = f"the supplier added {len(new)} variants; {then}, or dismiss this"
        figures = {"why": why, "variants": ", ".join(wording(spec) for spec in new), "plans": plans}
        holds.open_hold(
            session, new_variants.NEW_VARIANT, f"offer {account}/{offer.offer_id}", figures, now=bridge.clock.now()
        )


def _matches(lost: LostSpec, offer: Offer, fed: Collection[Feeding]) -> list[Match]:
    taken = [sku.spec_id for sku in fed if sku.store == lost.store]
    return rematch.matches(_as_lost(lost), offer.specs, taken)


def _as_lost(lost: LostSpec) -> Lost:
    return Lost(lost.spec, lost.position)


def _likely(found: Sequence[Match]) -> str:
    return ", ".join(f"{wording(match.spec)} ({match.score})" for match in found[:MOST_SHOWN]) or "none"


def _open(session: Session, lost_id: int) -> LostSpec:
    lost = lost_specs.get(session, lost_id)
    if lost is None or lost.state is not LostState.OPEN:
        raise SyncBridgeError(f"there is nothing to decide under {lost_id}; see: syncbridge rematch list")
    return lost


def _by_offer(rows: Sequence[_Row]) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = {}
    for row in rows:
        found.setdefault(row.offer_id, []).append(row)
    return found
