"""Declared parcels are followed to the buyer: the channel is asked first, then whoever else tells of parcels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from syncbridge.errors import VendorError
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.model.shipping import Movement, Track, Trail
from syncbridge.ports import Tracks, Watches
from syncbridge.queue.execute import Done, Outcome, Park
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules.following import Worry, worry
from syncbridge.store import followed, holds, orders, timeline
from syncbridge.store.followed import Followed

REST = timedelta(hours=1)
"""A parcel that was looked for within it is left alone."""
PAGE = 200
"""Parcels looked for in one job."""
log = structlog.get_logger("syncbridge.follow")


async def poll(bridge: Bridge, job: Claim) -> Outcome:
    """Look for a store's parcels that were declared and have not arrived."""
    now = bridge.clock.now()
    due = await bridge.db.read(followed.due, job.account, before=now - REST, most=PAGE)
    told = await _asked(list(_tellers(bridge, job.account)), await bridge.db.read(_trails, due))

    def write(session: Session) -> None:
        followed.looked(session, [parcel.id for parcel in due], now=now)
        _note(session, bridge, due, told)
        if len(due) == PAGE:
            enqueue(session, [_next_page(job, now)], now=now)

    return Done(write)


async def parcel(bridge: Bridge, job: Claim) -> Outcome:
    """Look for a parcel that somebody says has moved."""
    found = await bridge.db.read(followed.numbered, [job.args["number"]])
    if not found:
        return Done()
    told = await _asked([bridge.trackers[job.account]], await bridge.db.read(_trails, found))
    return Done(lambda session: _note(session, bridge, found, told))


async def watch(bridge: Bridge, job: Claim) -> Outcome:
    """Ask for messages about a parcel; asking twice changes nothing."""
    tracker = bridge.trackers[job.account]
    found = await bridge.db.read(followed.numbered, [job.args["number"]])
    if not isinstance(tracker, Watches) or not found:
        return Done()
    refused = await tracker.watch(await bridge.db.read(_trails, found[:1]))
    return Park("not_watched", "; ".join(refused.values())) if refused else Done()


def watch_jobs(bridge: Bridge, number: str, subject: str, now: datetime) -> list[NewJob]:
    """The jobs that ask everybody who sends messages to tell of a parcel."""
    return [
        NewJob(
            kind="follow.watch",
            key=f"follow.watch:{account}/{number}",
            account=account,
            run_at=now,
            priority=now + CATALOGUE_PATIENCE,
            subject=subject,
            args={"number": number},
        )
        for account, tracker in bridge.trackers.items()
        if isinstance(tracker, Watches)
    ]


def can_be_followed(bridge: Bridge, store: str) -> bool:
    """Whether anybody tells how far this store's parcels are."""
    return any(True for _ in _tellers(bridge, store))


def _tellers(bridge: Bridge, store: str) -> Iterator[Tracks]:
    channel = bridge.channels[store]
    if isinstance(channel, Tracks):
        yield channel
    yield from bridge.trackers.values()


async def _asked(tellers: Sequence[Tracks], trails: Sequence[Trail]) -> Mapping[str, Track]:
    """What they tell, by number; the next is asked about what those before know nothing of.

    One that fails stops no other; if nobody tells anything its error goes up.
    """
    told: dict[str, Track] = {}
    failure: VendorError | None = None
    for teller in tellers:
        left = [trail for trail in trails if _is_unknown(told.get(trail.number))]
        if not left:
            break
        try:
            told |= {track.number: track for track in await teller.track(left)}
        except VendorError as error:
            log.warning("follow.failed", why=str(error))
            failure = error
    if failure is not None and not told:
        raise failure
    return told


def _is_unknown(track: Track | None) -> bool:
    return track is None or track.movement is Movement.UNKNOWN


def _trails(session: Session, parcels: Sequence[Followed]) -> list[Trail]:
    """What to ask for, each number once."""
    trails: dict[str, Trail] = {}
    for one in parcels:
        address = orders.address_of(session, one.store, one.order_id)
        country = address.country if address else ""
        trails.setdefault(one.number, Trail(one.carrier, one.number, one.order_id, country))
    return list(trails.values())


def _note(session: Session, bridge: Bridge, parcels: Sequence[Followed], told: Mapping[str, Track]) -> None:
    now = bridge.clock.now()
    news = {one.id: track for one in parcels if (track := told.get(one.number)) and _is_news(one, track)}
    followed.saw(session, news)
    for one in parcels:
        movement, moved_at = _as_now(one, news.get(one.id))
        if one.id in news and movement != one.movement:
            timeline.note(session, f"order {one.store}/{one.order_id}", f"parcel {movement}", at=now, number=one.number)
        wrong = worry(movement, moved_at, one.declared_at, bridge.terms.patience, now=now)
        _tell(session, one, wrong, news.get(one.id), now)


def _is_news(known: Followed, track: Track) -> bool:
    """Whether it was seen later than we know; a carrier that knows nothing more tells nothing new."""
    if track.movement is Movement.UNKNOWN and known.movement:
        return False
    seen_at = track.sightings[0].at if track.sightings else None
    if seen_at is not None and known.moved_at is not None and seen_at < known.moved_at:
        return False
    return (track.movement, seen_at) != (known.movement, known.moved_at)


def _as_now(known: Followed, news: Track | None) -> tuple[Movement, datetime | None]:
    if news is not None:
        return news.movement, news.sightings[0].at if news.sightings else None
    return Movement(known.movement or Movement.UNKNOWN), known.moved_at


def _tell(session: Session, one: Followed, wrong: Worry | None, news: Track | None, now: datetime) -> None:
    """Open the hold of what is wrong with a parcel, and close those of what is not."""
    subject = f"parcel {one.number}"
    for kind in Worry:
        if kind is not wrong:
            holds.close_holds(session, kind, [subject], now=now)
    if wrong is None:
        return
    known = holds.open_figures(session, [subject]).get((wrong, subject), {})
    said = news.sightings[0].said if news and news.sightings else known.get("said", "")
    figures = {"order": f"{one.store}/{one.order_id}", "carrier": one.carrier, "said": said}
    holds.open_hold(session, wrong, subject, figures, now=now)


def _next_page(job: Claim, now: datetime) -> NewJob:
    return NewJob(
        kind=job.kind,
        key=f"{job.key}+",
        account=job.account,
        run_at=now,
        priority=job.priority,
        subject=job.subject,
        args=job.args,
    )
