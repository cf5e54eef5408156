"""What the SKUs of an existing store may be is proposed, and a person decides; only then is anything bound."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import Rejected, SyncBridgeError, Transient
from syncbridge.flows.bridge import Bridge
from syncbridge.flows.publish import confirm_job
from syncbridge.model.adoption import Adoption, AdoptionState, FoundSku, SkuPlace, Verdict
from syncbridge.model.catalog import Listing, Offer, Spec
from syncbridge.ports import Images
from syncbridge.queue.job import enqueue, wake_waiting
from syncbridge.rules import adopting
from syncbridge.rules.adopting import Known
from syncbridge.rules.routing import route_for
from syncbridge.store import adoption, adoption_binding, timeline
from syncbridge.store.adoption_binding import Choice

AT_ONCE = 4
"""Pictures fetched side by side."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a person's decision."""

    skus: int
    """Bound by it now."""
    refused: tuple[tuple[str, str], ...] = ()
    """(SKU, reason) of those that were not."""


@dataclass(frozen=True, slots=True)
class Line:
    """A decision about one SKU, as a table or a command gives it."""

    name: str
    """How the person calls it."""
    found: FoundSku
    offer_id: str
    spec: str
    """The id of the spec or its goods code; may be empty where the offer has one only."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A row of a table: leave a SKU alone, or bind it to this spec."""

    name: str
    """How the person finds the row again."""
    place: SkuPlace
    ignore: bool
    offer_id: str = ""
    spec: str = ""


async def propose(bridge: Bridge, store: str, told: Callable[[int, int], None]) -> Adoption:
    """Find out what feeds each SKU that is not bound yet; `told` is given how many of how many pictures were seen."""
    listings, known = await bridge.db.read(_known, bridge, store)
    verdicts = adopting.propose(listings, known)
    if bridge.images is not None:
        urls = adopting.wanted_pictures(listings, verdicts, known)[: bridge.terms.most_pictures]
        if urls:
            await _look(bridge, bridge.images, urls, told)
            known = replace(known, pictures=await bridge.db.read(adoption.pictures))
            verdicts = adopting.propose(listings, known)
    await bridge.db.run(_judge, store, verdicts, now=bridge.clock.now())
    return await bridge.db.read(adoption.counts, store)


def approve_all(session: Session, bridge: Bridge, store: str, *, rule: bool, score: float | None) -> Decided:
    """A person says yes to what the codes name, to what is at least so much like, or to both."""
    chosen = adoption.in_state(session, store, AdoptionState.BY_RULE) if rule else []
    if score is not None:
        proposed = adoption.in_state(session, store, AdoptionState.PROPOSED)
        chosen += [found for found in proposed if found.verdict.candidates[0].score >= score]
    return _bind(session, bridge, store, [(str(found.place), _first(found)) for found in chosen])


def approve(session: Session, bridge: Bridge, store: str, names: Sequence[str]) -> Decided:
    """A person says yes to the proposals for these SKUs, or for all SKUs of these listings."""
    chosen: list[tuple[str, Choice]] = []
    refused: list[tuple[str, str]] = []
    for name in dict.fromkeys(names):
        found = adoption.named(session, store, name)
        ready = [one for one in found if one.verdict.state in (AdoptionState.BY_RULE, AdoptionState.PROPOSED)]
        chosen += [(name, _first(one)) for one in ready]
        if not ready and not any(one.verdict.state is AdoptionState.APPROVED for one in found):
            refused.append((name, _no_proposal(name, found)))
    done = _bind(session, bridge, store, chosen)
    return replace(done, refused=(*refused, *done.refused))


def bind(session: Session, bridge: Bridge, store: str, name: str, offer_id: str, spec: str) -> Decided:
    """A person names the spec that feeds a SKU. Raises SyncBridgeError if the SKU's name is not plain."""
    found = adoption.named(session, store, name)
    if len(found) != 1:
        places = ", ".join(str(one.place) for one in found)
        why = f"names {len(found)} SKUs ({places}); write one of these" if found else "is no SKU that was read"
        raise SyncBridgeError(f"{name} {why}; see: syncbridge adopt show")
    return bind_lines(session, bridge, store, [Line(name, found[0], offer_id, spec)])


def bind_lines(session: Session, bridge: Bridge, store: str, lines: Sequence[Line]) -> Decided:
    """The same for many SKUs at once; one that cannot be bound stops no other."""
    offers = adoption.offers_with_ids(session, {line.offer_id for line in lines})
    chosen: list[tuple[str, Choice]] = []
    refused: list[tuple[str, str]] = []
    for line in lines:
        try:
            supplier, offer = _offer(bridge, store, line, offers.get(line.offer_id, {}))
            chosen.append((line.name, Choice(line.found, supplier, offer.offer_id, _spec(line, offer).spec_id)))
        except SyncBridgeError as error:
            refused.append((line.name, str(error)))
    done = _bind(session, bridge, store, chosen)
    return replace(done, refused=(*refused, *done.refused))


def decide(session: Session, bridge: Bridge, store: str, asked: Iterable[Asked]) -> Decided:
    """What a person wrote into a table: each row is done or refused by itself."""
    known = {found.place: found for found in adoption.found(session, store)}
    refused: list[tuple[str, str]] = []
    lines: list[Line] = []
    places: list[SkuPlace] = []
    for one in asked:
        found = known.get(one.place)
        if found is None:
            refused.append((one.name, f"{one.place} is no SKU that was read"))
        elif one.ignore and found.verdict.state is AdoptionState.APPROVED:
            refused.append((one.name, "it is bound already"))
        elif one.ignore:
            places.append(one.place)
        else:
            lines.append(Line(one.name, found, one.offer_id, one.spec))
    if places:
        adoption.ignore(session, store, places, undo=False)
    bound = bind_lines(session, bridge, store, lines)
    _decided(session, store)
    return Decided(bound.skus + len(places), (*refused, *bound.refused))


def ignore(session: Session, bridge: Bridge, store: str, names: Sequence[str], *, undo: bool = False) -> Decided:
    """Leave these SKUs, or all SKUs of these listings, alone from now on; or look at them again."""
    refused: list[tuple[str, str]] = []
    places = []
    for name in dict.fromkeys(names):
        found = [one for one in adoption.named(session, store, name) if one.verdict.state is not AdoptionState.APPROVED]
        places += [one.place for one in found]
        if not found:
            refused.append((name, "nothing that was read and is not bound yet is called so"))
    if places:
        adoption.ignore(session, store, places, undo=undo)
        _decided(session, store)
    return Decided(len(places), tuple(refused))


def _judge(session: Session, store: str, verdicts: Mapping[SkuPlace, Verdict], *, now: datetime) -> None:
    """Keep the verdicts; while one is open nothing new is listed in the store, for it may be sold there already."""
    adoption.judge(session, store, verdicts)
    if store in adoption.undecided(session):
        adoption_binding.withdraw_proposals(session, store, now=now)


def _known(session: Session, bridge: Bridge, store: str) -> tuple[list[Listing], Known]:
    skus = adoption.open_skus(session, store)
    ignored = {found.place for found in skus if found.verdict.cause == "by_person"}
    known = Known(
        store,
        bridge.rules,
        adoption.offers(session),
        adoption.taken(session, store),
        ignored,
        adoption.pictures(session),
    )
    return list({found.listing.listing_id: found.listing for found in skus}.values()), known


async def _look(bridge: Bridge, images: Images, urls: Sequence[str], told: Callable[[int, int], None]) -> None:
    """Fetch pictures a few at a time and keep what they look like, so that none is fetched twice."""
    for start in range(0, len(urls), AT_ONCE):
        some = urls[start : start + AT_ONCE]
        seen = await asyncio.gather(*(_seen(images, url) for url in some))
        kept = {url: one for url, one in zip(some, seen, strict=True) if one is not None}
        await bridge.db.run(adoption.keep_pictures, kept, now=bridge.clock.now())
        told(start + len(some), len(urls))


async def _seen(images: Images, url: str) -> tuple[str, str] | None:
    """What a picture looks like, or why that will never be known; None: it may be another time."""
    try:
        return await images.fingerprint(url), ""
    except Rejected as error:
        return "", str(error)
    except Transient:
        return None


def _first(found: FoundSku) -> Choice:
    one = found.verdict.candidates[0]
    return Choice(found, one.supplier, one.offer_id, one.spec_id)


def _no_proposal(name: str, found: Sequence[FoundSku]) -> str:
    if not found:
        return "no SKU or listing that was read is called so; see: syncbridge adopt show"
    return f"nothing is proposed for it; name its offer: syncbridge adopt bind {name} OFFER SPEC"


def _offer(bridge: Bridge, store: str, line: Line, known: Mapping[str, Offer]) -> tuple[str, Offer]:
    """The offer, of the account the SKU's route buys from. Raises SyncBridgeError."""
    if not known:
        raise SyncBridgeError(f"offer {line.offer_id} was never read; import it first, then bind the SKU")
    route = route_for(line.found.sku.sku_code, store, bridge.rules)
    if route is None:
        if len(known) == 1:
            return next(iter(known.items()))
        raise SyncBridgeError(f"offer {line.offer_id} was read by {', '.join(known)}; give the SKU a route first")
    if route.supplier not in known:
        raise SyncBridgeError(
            f"offer {line.offer_id} was read by {', '.join(known)}, but route {route.name} ({route.place}) buys from "
            f"{route.supplier}; import the offer there, or change the route"
        )
    return route.supplier, known[route.supplier]


def _spec(line: Line, offer: Offer) -> Spec:
    """The spec meant, by id or goods code. Raises SyncBridgeError."""
    meant = [spec for spec in offer.specs if line.spec and line.spec in (spec.spec_id, spec.goods_code)]
    if not line.spec and len(offer.specs) == 1:
        meant = list(offer.specs)
    if len(meant) == 1:
        return meant[0]
    there = ", ".join(" ".join(value for _, value in spec.attributes) + f" {spec.spec_id}" for spec in offer.specs[:20])
    what = f"has no spec {line.spec}" if line.spec else "has several specs"
    raise SyncBridgeError(f"offer {offer.offer_id} {what}; name one of: {there}")


def _bind(session: Session, bridge: Bridge, store: str, chosen: Iterable[tuple[str, Choice]]) -> Decided:
    """Bind what orders can be routed by: a code that is there, and used once."""
    taken = adoption.taken(session, store)
    by_place = {choice.found.place: (name, choice) for name, choice in chosen}
    uses = Counter(choice.found.sku.sku_code for _, choice in by_place.values())
    sound: list[Choice] = []
    refused: list[tuple[str, str]] = []
    for name, choice in by_place.values():
        code, listing_id = choice.found.sku.sku_code, choice.found.listing.listing_id
        if not code:
            refused.append((name, f"{choice.found.place} has no code; enter one in the seller centre, then read again"))
        elif uses[code] > 1 or taken.get(code, listing_id) != listing_id:
            refused.append((name, f"code {code} is used more than once; change one, or ignore the others"))
        else:
            sound.append(choice)
    if sound:
        _bound(session, bridge, store, sound)
    return Decided(len(sound), tuple(refused))


def _decided(session: Session, store: str) -> None:
    if store not in adoption.undecided(session):
        adoption_binding.plan_all_again(session)


def _bound(session: Session, bridge: Bridge, store: str, choices: Sequence[Choice]) -> None:
    now = bridge.clock.now()
    audited = adoption_binding.bind(session, store, choices, now=now)
    _decided(session, store)
    enqueue(session, [confirm_job(store, listing, now) for listing in audited], now=now)
    wake_waiting(session, ["unrouted"], account=store, now=now)  # orders of these SKUs can be bought for now
    listings = {choice.found.listing.listing_id for choice in choices}
    timeline.note(session, f"store {store}", "adopted", at=now, skus=str(len(choices)), listings=str(len(listings)))
