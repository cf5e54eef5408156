"""A plan that a person asks for: everything that is to be done, from the offers as last read, and nothing goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from syncbridge.errors import NotFound, SyncBridgeError, VendorError
from syncbridge.flows import guarded, new_offers, plan, rates
from syncbridge.flows.attended import Standing, Told
from syncbridge.flows.bridge import Bridge
from syncbridge.flows.plan import Reading, Row
from syncbridge.model.catalog import ChangeState, Offer
from syncbridge.rules import planning
from syncbridge.rules.mapping import Route
from syncbridge.rules.planning import RUN_GUARDS
from syncbridge.store import catalogue, plan_lists, plans

PAGE = 200
"""Offers planned in one transaction."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which offers, stores and SKUs; nothing named means all."""

    store: str | None = None
    offers: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()

    def takes(self, store: str, route: Route) -> bool:
        """Whether a new listing of this route in this store is asked for."""
        return self.store in (None, store) and route.prefix.startswith(self.prefixes or ("",))

    def names(self, sku_code: str) -> bool:
        """Whether a SKU is asked for."""
        return sku_code.startswith(self.prefixes or ("",))


@dataclass(slots=True)
class _Run:
    """The plans of one run, which begin with the first change of their store."""

    scope: Scope
    plans: dict[str, int] = field(default_factory=dict)

    def plan(self, session: Session, bridge: Bridge, store: str) -> int:
        """The plan of a store."""
        if store not in self.plans:
            self.plans[store] = plans.begin(session, store, "asked for by a person", now=bridge.clock.now())
        return self.plans[store]


def select(session: Session, bridge: Bridge, scope: Scope) -> list[tuple[str, str]]:
    """(account, offer id) of what may be planned; raises SyncBridgeError for a store or an offer nobody knows."""
    if scope.store is not None and scope.store not in bridge.channels:
        stores = ", ".join(sorted(bridge.channels)) or "none"
        raise SyncBridgeError(f"the settings have no store {scope.store} ({stores})")
    found = catalogue.offers_to_resync(session, store=None, offers=scope.offers, prefixes=(), since=None)
    unknown = sorted(set(scope.offers) - {offer_id for _, offer_id in found})
    if unknown:
        names = " ".join(f"--offer {offer_id}" for offer_id in unknown)
        raise SyncBridgeError(f"never read: offer {', '.join(unknown)}; first: syncbridge resync {names}")
    return found


async def read_again(bridge: Bridge, offers: Sequence[tuple[str, str]], told: Told) -> list[tuple[str, str]]:
    """Read these offers anew and keep them, planning nothing; answers those that could not be read, and why."""
    failures = []
    for done, (account, offer_id) in enumerate(offers, start=1):
        try:
            read = await bridge.suppliers[account].offer(offer_id)
        except NotFound:
            await bridge.db.run(_withdrawn, bridge, account, offer_id)
        except VendorError as error:
            failures.append((offer_id, str(error)))
        else:
            await bridge.db.run(_keep, bridge, account, read)
        told(Standing(len(offers) - done, done))
    return failures


async def propose(bridge: Bridge, offers: Sequence[tuple[str, str]], scope: Scope) -> list[int]:
    """Write a plan for each store in which something is to be done; answers their ids."""
    run = _Run(scope)
    by_account: dict[str, list[str]] = {}
    for account, offer_id in offers:
        by_account.setdefault(account, []).append(offer_id)
    for account, offer_ids in by_account.items():
        for first in range(0, len(offer_ids), PAGE):
            await bridge.db.run(_page, bridge, run, account, offer_ids[first : first + PAGE])
    for store, plan_id in run.plans.items():
        await bridge.db.run(_brake, bridge, store, plan_id)
    return list(run.plans.values())


def _page(session: Session, bridge: Bridge, run: _Run, account: str, offer_ids: Sequence[str]) -> None:
    bridge = rates.current(session, bridge)
    known = catalogue.offers(session, account, offer_ids)
    offers = [offer for offer in known.values() if offer is not None]
    routes: Mapping[str, Mapping[str, Route]] = {
        offer_id: {store: route for store, route in by_store.items() if run.scope.takes(store, route)}
        for offer_id, by_store in plan.routes_by_offer(bridge, account, offers).items()
    }
    shelf = catalogue.shelf(session, account, routes)
    read = plan.held_against(session, bridge, account, offers, routes, shelf)
    for store, made in read.made.items():
        steps = [(listing.id, new_offers.first_step(listing, skus)) for listing, skus in made]
        plans.add(session, run.plan(session, bridge, store), steps, ChangeState.PROPOSED)
    for store, readings in read.readings.items():
        if run.scope.store in (None, store):
            _add(session, bridge, run, store, readings)


def _add(session: Session, bridge: Bridge, run: _Run, store: str, readings: Sequence[Reading]) -> None:
    now, names = bridge.clock.now(), run.scope.names
    known = plans.undecided(session, [read.listing.id for read in readings])
    plan.overtake_gone(session, store, readings, known, now=now)
    plan.want_proposal(session, store, readings)
    rows: list[Row] = [(r.listing.id, s) for r in readings if not r.unposted for s in r.steps if names(s.sku_code)]
    rows += [plan.listing_row(r) for r in readings if r.unposted and any(names(b.sku_code) for b in r.bindings)]
    if all(step.kept for _, step in rows):
        return
    plan_id = run.plan(session, bridge, store)
    plans.add(session, plan_id, rows, ChangeState.PROPOSED, plan.passports(readings))
    plans.overtake(session, plan_id)
    overtaken = [known[key] for key in map(plan.key, rows) if key in known]
    held = [step for _, step in rows if step.held]
    guarded.let_go(session, store, [one for one in overtaken if one.guard not in guarded.OF_RUNS], still=held, now=now)
    guarded.stopped(session, store, held, now=now)


def _brake(session: Session, bridge: Bridge, store: str, plan_id: int) -> None:
    """Hold what the whole plan changes too much of, and bring the store's holds up to date."""
    run, touched = plan_lists.run_of(session, plan_id)
    stopped = planning.tripped(run, touched, catalogue.sku_count(session, store), bridge.terms.brakes)
    for which, why in stopped.items():
        plans.hold_field(session, plan_id, which, RUN_GUARDS[which], why)
    guarded.recount(session, store, guarded.OF_RUNS, now=bridge.clock.now())


def _keep(session: Session, bridge: Bridge, account: str, offer: Offer) -> None:
    changed = catalogue.news(session, account, [offer], under=bridge.basis).changed
    catalogue.keep(session, account, changed, now=bridge.clock.now())


def _withdrawn(session: Session, bridge: Bridge, account: str, offer_id: str) -> None:
    last = catalogue.offer(session, account, offer_id)
    if last is not None:
        _keep(session, bridge, account, replace(last, status="withdrawn", buyable=False))
