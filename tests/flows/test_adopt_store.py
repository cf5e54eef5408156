"""An old store of up to 5,000 SKUs comes under syncbridge, held at each step against the channel's own books."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import Session, select

from syncbridge.demo.old_store import Sort
from syncbridge.flows import adoption
from syncbridge.model.adoption import AdoptionState
from syncbridge.model.catalog import ChangeState
from syncbridge.store.tables.catalogue import BindingRow, ListingRow
from syncbridge.store.tables.onboarding import AdoptionSkuRow
from syncbridge.store.tables.plans import ChangeRow, LockRow
from syncbridge.testing.clock import VirtualLoop
from tests.flows.old_shop import OldShop, Product

pytestmark = pytest.mark.anyio
SKUS = 10
"""Of each product."""
READS = {"findproductinfolistquery", "query"}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


@pytest.fixture(params=[60, pytest.param(500, marks=pytest.mark.long)])
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OldShop]:
    made = OldShop(tmp_path, request.param)
    await made.open()
    yield made
    await made.close()


async def test_an_old_store_is_adopted_planned_applied_changed_by_hand_resynced_and_reverted(shop: OldShop) -> None:
    await shop.poll_offers("first")
    before = await shop.products()

    told = await shop.adopt()
    assert (told.listings, sum(told.counts.values())) == (len(before), len(before) * SKUS)
    await _everything_is_told_and_nothing_done(shop, before, told.causes)

    decided = await shop.db.run(adoption.approve_all, shop.app.bridge, "toys", rule=True, score=0.7)
    again = await shop.db.run(adoption.approve_all, shop.app.bridge, "toys", rule=True, score=0.7)
    assert (decided.refused, again.skus, again.refused) == ((), 0, ())
    assert await shop.products() == before
    bound = await _bound_as_the_channel_shows(shop, before, decided.skus)

    await shop.connect(live=True)
    await shop.poll_offers("live")
    assert await shop.products() == before, "the first changes wait for a person, also where the store is live"
    (plan_id,) = await shop.plan()
    assert await shop.products() == before
    wanted = await shop.db.read(_wanted, plan_id)
    assert set(wanted) <= set(bound), "a plan of adopted SKUs lists nothing anew"
    assert {"price", "stock"} == {field for fields in wanted.values() for field in fields}

    await shop.apply(plan_id)
    after = await shop.products()
    _only_the_plan_went_out(before, after, wanted)
    assert not await shop.db.read(lambda session: session.scalars(select(BindingRow.first_plan)).all().count(True))
    await _nothing_is_left_to_do(shop, after)

    edited = await _a_price_changed_by_hand_is_kept(shop, after, wanted)
    resynced = await _the_suppliers_change_reaches_all_but_that(shop, edited)
    await _taking_the_plan_back_restores_what_still_stands(shop, plan_id, before, resynced, wanted, edited)


async def _everything_is_told_and_nothing_done(shop: OldShop, before: list[Product], causes: Mapping[str, int]) -> None:
    """Each sort of code has the verdict it deserves, and so far the store was only read."""
    assert set(await shop.calls()) == READS
    assert (await shop.calls())["query"] == len(before)
    assert await shop.products() == before
    found = Counter(await shop.db.read(_verdicts, {p["product_id"]: shop.sort_of(p) for p in before}))
    skus = {sort: number * SKUS for sort, number in Counter(shop.old.sorts).items()}
    assert found[Sort.ALIAS, AdoptionState.BY_RULE, "alias"] == len(shop.old.aliases)
    assert found[Sort.REPEATED, AdoptionState.UNCLEAR, "repeated"] == skus[Sort.REPEATED]
    assert found[Sort.GOODS_CODE, AdoptionState.UNCLEAR, "repeated"] == skus[Sort.REPEATED], "both of a pair are told"
    assert causes["no_code"] == found[Sort.NONE, AdoptionState.UNCLEAR, "no_code"] == skus[Sort.NONE]
    assert causes["unrouted_code"] == found[Sort.FOREIGN, AdoptionState.UNCLEAR, "unrouted_code"] == skus[Sort.FOREIGN]
    assert found[Sort.OWN, AdoptionState.PROPOSED, "score"] > skus[Sort.OWN] / 2
    assert await shop.db.read(_bindings) == {}


async def _bound_as_the_channel_shows(shop: OldShop, before: list[Product], skus: int) -> Mapping[str, BindingRow]:
    """What was bound is fed by the right spec, and counts as pushed and wanted as it is."""
    bound = await shop.db.read(_bindings)
    assert len(bound) == skus > len(before) * SKUS * 0.8
    feeds = {title["title"]: offer for title, offer in zip(shop.old.products, shop.old.offers, strict=True)}
    for product in before:
        for place, sku in enumerate(product["skus"]):
            row = bound.get(sku["sku_code"])
            if row is None:
                continue
            spec = feeds[product["title"]]["productSkuInfos"][place]  # type: ignore[index]  # the vendor's own shape
            assert (row.supplier, row.spec_id) == ("main", spec["specId"])
            assert (str(row.price), row.stock, row.sku_key) == (f"{sku['price']} USD", sku["stock"], sku["id"])
            assert (row.price_wanted, row.stock_wanted, row.first_plan) == (row.price, row.stock, True)
    adopted = await shop.db.read(lambda session: session.scalars(select(ListingRow)).all())
    assert {row.supplier for row in adopted} == {""}
    assert len(adopted) == len({row.listing for row in bound.values()})
    return bound


def _only_the_plan_went_out(
    before: list[Product], after: list[Product], wanted: Mapping[str, Mapping[str, str]]
) -> None:
    """Each SKU shows what the plan said, in one call for each product and field; all others show what they did."""
    assert [one["product_id"] for one in after] == [one["product_id"] for one in before]
    for old, new in zip(before, after, strict=True):
        fields = {field for sku in old["skus"] for field in wanted.get(sku["sku_code"], {})}
        assert new["status"] == old["status"], "what the seller took off sale stays so"
        changeable = old["status"] in ("onSelling", "offline")
        assert new["price_calls"] == (changeable and "price" in fields)
        assert new["stock_calls"] <= ("stock" in fields)
        for was, now in zip(old["skus"], new["skus"], strict=True):
            said = wanted.get(was["sku_code"], {}) if changeable else {}
            assert f"{now['price']} USD" == said.get("price", f"{was['price']} USD")
            if new["stock_calls"] or "stock" not in said:
                assert str(now["stock"]) == said.get("stock", str(was["stock"]))


async def _nothing_is_left_to_do(shop: OldShop, after: list[Product]) -> None:
    """The same offers once more change nothing, on the channel or in the books."""
    calls = await shop.calls()
    await shop.poll_offers("again")
    assert await shop.products() == after
    assert await shop.calls() == calls
    waiting = await shop.db.read(lambda session: session.scalars(_UNDECIDED).all())
    assert waiting == []


@dataclass(frozen=True)
class Edited:
    """Two SKUs of one offer, of which the seller changed the first one's price by hand."""

    product_id: str
    offer_id: str
    by_hand: str
    other: str
    specs: tuple[str, str]


async def _a_price_changed_by_hand_is_kept(
    shop: OldShop, after: list[Product], wanted: Mapping[str, Mapping[str, str]]
) -> Edited:
    """The seller changes a price in the seller centre; reading the store makes it a lock and pushes nothing."""
    whole = [
        one
        for one in after
        if one["status"] == "onSelling" and all("price" in wanted.get(sku["sku_code"], {}) for sku in one["skus"])
    ]
    product = max(whole, key=lambda one: Decimal(one["skus"][0]["price"]))  # so that a small step stays small
    by_hand, other = product["skus"][0]["sku_code"], product["skus"][1]["sku_code"]
    await shop.channel.tell(f"products/{product['product_id']}/edit", prices={by_hand: "77.77"})
    edited = await shop.products()
    await shop.reconcile()
    assert await shop.products() == edited
    (lock,) = [
        row for row in await shop.db.read(lambda session: session.scalars(select(LockRow)).all()) if row.sku_code
    ]
    assert (lock.sku_code, lock.field) == (by_hand, "price")
    bound = await shop.db.read(_bindings)
    specs = (bound[by_hand].spec_id, bound[other].spec_id)
    return Edited(product["product_id"], bound[by_hand].offer_id, by_hand, other, specs)


async def _the_suppliers_change_reaches_all_but_that(shop: OldShop, edited: Edited) -> list[Product]:
    """Both specs get dearer: by itself the other SKU's price goes out, and the seller's own stays."""
    before = await shop.products()
    bound = await shop.db.read(_bindings)
    for spec in edited.specs:
        await shop.supplier.tell(f"offers/{edited.offer_id}/price", spec_id=spec, price=_dearer(shop, edited, spec))
    await shop.poll_offers("dearer")
    after = await shop.products()
    changed = {
        new["sku_code"]: (old["price"], new["price"])
        for was, now in zip(before, after, strict=True)
        for old, new in zip(was["skus"], now["skus"], strict=True)
        if old != new
    }
    assert list(changed) == [edited.other]
    assert Decimal(changed[edited.other][1]) > Decimal(changed[edited.other][0])
    assert str(bound[edited.other].price) == f"{changed[edited.other][0]} USD"
    return after


def _dearer(shop: OldShop, edited: Edited, spec_id: str) -> str:
    specs = [spec for offer in shop.old.offers for spec in offer["productSkuInfos"]]  # type: ignore[attr-defined]
    (price,) = [spec["price"] for spec in specs if spec["specId"] == spec_id]
    return f"{Decimal(price) + 4:.2f}"


async def _taking_the_plan_back_restores_what_still_stands(
    shop: OldShop,
    plan_id: int,
    before: list[Product],
    resynced: list[Product],
    wanted: Mapping[str, Mapping[str, str]],
    edited: Edited,
) -> None:
    """What the plan changed is as it was before; what the seller or the supplier changed since stays."""
    decided = await shop.revert(plan_id)
    assert decided.left["the seller keeps it"] == 1
    assert decided.left["it has changed since"] == 1
    restored = await shop.products()
    for was, now, back in zip(before, resynced, restored, strict=True):
        assert back["status"] == was["status"]
        for old, new, last in zip(was["skus"], now["skus"], back["skus"], strict=True):
            kept = old["sku_code"] in (edited.by_hand, edited.other)
            assert last["price"] == (new if kept else old)["price"]
            assert last["stock"] == old["stock"]
    await shop.poll_offers("after")
    assert await shop.products() == restored


_UNDECIDED = select(ChangeRow).where(ChangeRow.state == ChangeState.PROPOSED)


def _verdicts(session: Session, sorts: Mapping[str, Sort]) -> list[tuple[Sort, str, str]]:
    return [(sorts[row.listing_id], row.state, row.cause) for row in session.scalars(select(AdoptionSkuRow))]


def _bindings(session: Session) -> dict[str, BindingRow]:
    return {row.sku_code: row for row in session.scalars(select(BindingRow))}


def _wanted(session: Session, plan_id: int) -> dict[str, dict[str, str]]:
    wanted: dict[str, dict[str, str]] = {}
    for row in session.scalars(select(ChangeRow).where(ChangeRow.plan == plan_id)):
        wanted.setdefault(row.sku_code, {})[row.field] = row.after
    return wanted
