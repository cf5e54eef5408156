"""Look at offers now, because a person asked: the same jobs as ever, before the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from syncbridge.errors import NotFound, SyncBridgeError, VendorError
from syncbridge.flows import plan
from syncbridge.flows.attended import URGENT, Standing, Told
from syncbridge.flows.bridge import Bridge
from syncbridge.flows.events import OFFER_READ, offer_job
from syncbridge.model.catalog import OwnListing
from syncbridge.queue import job as jobs
from syncbridge.rules.planning import Step
from syncbridge.store import catalogue

TOGETHER = 1_000
"""Jobs made at a time, so that a large catalogue takes little memory."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which offers; nothing named means all."""

    store: str | None = None
    offers: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    since: datetime | None = None
    """Only offers that changed at the supplier since then."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a dry run found."""

    changes: tuple[tuple[OwnListing, Step], ...]
    failures: tuple[tuple[str, str], ...]


def select(session: Session, bridge: Bridge, selection: Selection) -> list[tuple[str, str]]:
    """(account, offer id) of what was selected; an unknown offer is taken to be the only supplier account's."""
    found = catalogue.offers_to_resync(
        session,
        store=selection.store,
        offers=selection.offers,
        prefixes=selection.prefixes,
        since=selection.since,
    )
    unknown = set(selection.offers) - {offer_id for _, offer_id in found}
    if unknown and not (selection.store or selection.prefixes or selection.since):
        if len(bridge.suppliers) != 1:
            raise SyncBridgeError(f"offer {', '.join(sorted(unknown))} is in no account's pool; add it there first")
        found += [(account, offer_id) for account in bridge.suppliers for offer_id in sorted(unknown)]
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """The jobs of one resync."""

    number: int
    priority: datetime
    """That of no other."""


def request(session: Session, offers: Sequence[tuple[str, str]], *, now: datetime) -> Asked:
    """Write the jobs, more urgent than any other."""
    asked = Asked(len(offers), now - URGENT)
    for first in range(0, len(offers), TOGETHER):
        some = offers[first : first + TOGETHER]
        wanted = [offer_job(account, offer_id, f"resync {now.isoformat()}", now) for account, offer_id in some]
        jobs.enqueue(session, [replace(job, priority=asked.priority) for job in wanted], now=now)
    return asked


def standing(session: Session, asked: Asked) -> Standing:
    """How many of these jobs are left."""
    left = jobs.unfinished(session, OFFER_READ, asked.priority)
    return Standing(left, asked.number - left)


async def propose(bridge: Bridge, offers: Sequence[tuple[str, str]], told: Told) -> Proposed:
    """Read the offers and say what would change, writing nothing."""
    changes: list[tuple[OwnListing, Step]] = []
    failures: list[tuple[str, str]] = []
    for done, (account, offer_id) in enumerate(offers, start=1):
        try:
            read = await bridge.suppliers[account].offer(offer_id)
        except NotFound:
            failures.append((offer_id, "the supplier took it away; its stock would go to zero"))
        except VendorError as error:
            failures.append((offer_id, str(error)))
        else:
            changes += await bridge.db.read(plan.diff, bridge, account, [read])
        told(Standing(len(offers) - done, done))
    return Proposed(tuple(changes), tuple(failures))
