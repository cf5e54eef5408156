"""A person at a shop's plans, in process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import col, select

from syncbridge.flows import approval, attended, proposal
from syncbridge.flows.approval import Decided
from syncbridge.flows.proposal import Scope
from syncbridge.model.catalog import ChangeState, Offer
from syncbridge.store import holds
from syncbridge.store.holds import OpenHold
from syncbridge.store.tables.plans import ChangeRow, PlanRow
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop
from tests.flows.shelf import OFFER

DEARER = make_offer(OFFER, make_spec(1, cost="18.00", stock=50), make_spec(2, cost="14.90", stock=7))
"""Of the standard offer the first spec: its price up, its stock down."""


async def planned(shop: Shop, scope: Scope = Scope(), *offers: Offer, read: bool = True) -> list[int]:  # noqa: B008  frozen
    """The supplier has these offers by now, and a person asks for a plan."""
    for offer in offers:
        shop.supplier.catalogue[offer.offer_id] = offer
    chosen = await shop.db.read(proposal.select, shop.bridge, scope)
    if read:
        assert await proposal.read_again(shop.bridge, chosen, lambda _: None) == []
    return await proposal.propose(shop.bridge, chosen, scope)


async def apply(shop: Shop, plan: int, only: ChangeState | None = None) -> list[str]:
    decided = await approval.apply(shop.bridge, plan, only=only)
    await attended.work(shop.bridge, shop.worker, attended.goes_on(shop.bridge, decided.keys), lambda _: None)
    return decided.keys


async def revert(shop: Shop, plan: int) -> Decided:
    done = await approval.revert(shop.bridge, plan)
    await attended.work(shop.bridge, shop.worker, attended.goes_on(shop.bridge, done.keys), lambda _: None)
    return done


async def approve(shop: Shop, hold: OpenHold) -> Decided:
    decided = await approval.approve_hold(shop.bridge, hold.id, why="checked")
    await shop.work()
    return decided


async def open_hold(shop: Shop) -> OpenHold:
    """The one hold that is open."""
    (hold,) = await shop.db.read(holds.all_open)
    return hold


async def changes(shop: Shop, plan: int | None = None) -> list[ChangeRow]:
    query = select(ChangeRow).order_by(col(ChangeRow.id))
    chosen = query if plan is None else query.where(col(ChangeRow.plan) == plan)
    return list(await shop.db.read(lambda session: session.scalars(chosen).all()))


async def states(shop: Shop, plan: int | None = None) -> list[tuple[str, str]]:
    """(field, state) of every change, oldest first."""
    return [(row.field, row.state) for row in await changes(shop, plan)]


async def plan_ids(shop: Shop) -> list[int]:
    return list(await shop.db.read(lambda session: session.scalars(select(PlanRow.id).order_by(col(PlanRow.id))).all()))


async def list_many(shop: Shop, count: int) -> Sequence[Offer]:
    """So many offers of two SKUs each, on sale, an hour ago."""
    offers = [make_offer(str(number)) for number in range(count)]
    for offer in offers:
        await shop.list_offer(offer)
    shop.clock.advance(3601)
    return offers


def dearer(offers: Sequence[Offer]) -> list[Offer]:
    """The same with both prices up by an eighth."""
    specs = make_spec(1, cost="18.00"), make_spec(2, cost="18.90", stock=7)
    return [replace(offer, specs=specs) for offer in offers]


def empty(offers: Sequence[Offer]) -> list[Offer]:
    """The same sold out."""
    specs = make_spec(1, stock=0), make_spec(2, cost="14.90", stock=0)
    return [replace(offer, specs=specs) for offer in offers]
