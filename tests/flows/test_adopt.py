"""An existing store is read, proposed for, and bound as a person says; nothing else ever binds it."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from syncbridge.errors import Rejected, SyncBridgeError, Unreachable, VendorDown
from syncbridge.flows import adopt, adoption, approval, attended, proposal
from syncbridge.flows.adoption import Decided
from syncbridge.flows.attended import Standing
from syncbridge.model.adoption import Adoption, AdoptionState, FoundSku
from syncbridge.model.catalog import Listing, ListingState, ListingStatus, Sku, SkuProperty
from syncbridge.queue.job import Claim
from syncbridge.rules.mapping import CodeStyle
from syncbridge.store import accounts, catalogue
from syncbridge.store import adoption as kept
from syncbridge.store.tables.catalogue import BindingRow, ListingRow, PictureRow
from syncbridge.store.tables.plans import ChangeRow, PlanRow
from syncbridge.testing.builders import make_offer, make_order_line, make_spec, usd
from tests.flows.conftest import ROUTE, RULES, Shop
from tests.flows.shelf import Calls, open_holds, read_again

pytestmark = pytest.mark.anyio
OFFER = "676651652931"
GOODS = make_offer(
    OFFER,
    replace(make_spec(1, code="A1"), attributes=(("颜色", "红色"),)),
    replace(make_spec(2, code="A2"), attributes=(("颜色", "蓝色"),)),
)


def sku(code: str, name: str = "Red", *, price: str = "9.00", stock: int = 5) -> Sku:
    key = f"14:{sum(map(ord, name + code))}"
    return Sku(key, code, usd(price), stock, properties=(SkuProperty("14", "1", name),))


def page(listing_id: str, *skus: Sku, status: ListingStatus = ListingStatus.ON_SALE, **changes: Any) -> Listing:
    values = {"title": "Notebook B5", "images": (f"https://ae01.alicdn.com/{listing_id}.jpg",), "category_id": "200"}
    return Listing(listing_id=listing_id, status=status, skus=skus, modified_at=None, **(values | changes))


class Old:
    """The shop, with a store that was there before it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        shop.rules = replace(RULES, routes=(replace(ROUTE, code=CodeStyle.GOODS_CODE, goods_code="never"),))
        shop.connect()

    def has(self, *pages: Listing) -> None:
        self.shop.channel.shop |= {one.listing_id: one for one in pages}

    async def imports(self, *offers: Any) -> None:
        await read_again(self.shop, *(offers or (GOODS,)))

    async def read(self) -> str:
        run = await self.shop.db.run(adopt.begin, "toys", now=self.shop.clock.now())
        await self.work(run, lambda _: None)
        return run

    async def work(self, run: str, told: Any) -> None:
        look = functools.partial(adopt.standing, bridge=self.shop.bridge, store="toys", run=run)
        await attended.work(self.shop.bridge, self.shop.worker, look, told)

    async def adopt(self) -> Adoption:
        await self.read()
        return await adoption.propose(self.shop.bridge, "toys", lambda done, of: None)

    async def decide(self, act: Any, *args: Any, **options: Any) -> Decided:
        return await self.shop.db.run(act, self.shop.bridge, "toys", *args, **options)

    async def approve_all(self) -> Decided:
        return await self.decide(adoption.approve_all, rule=True, score=0.0)

    async def found(self, name: str) -> list[FoundSku]:
        return await self.shop.db.read(kept.named, "toys", name)

    async def states(self) -> dict[str, tuple[str, str]]:
        skus = await self.shop.db.read(kept.found, "toys")
        return {str(one.place): (str(one.verdict.state), one.verdict.cause) for one in skus}

    async def bound(self) -> dict[str, BindingRow]:
        rows = await self.shop.db.read(lambda session: session.scalars(select(BindingRow)).all())
        return {row.sku_code: row for row in rows}

    async def changes(self) -> list[tuple[str, str, str]]:
        rows = await self.shop.db.read(lambda session: session.scalars(select(ChangeRow)).all())
        return [(row.sku_code, row.field, row.state) for row in rows]

    async def plan(self) -> list[int]:
        scope = proposal.Scope("toys")
        offers = await self.shop.db.read(proposal.select, self.shop.bridge, scope)
        return await proposal.propose(self.shop.bridge, offers, scope)

    async def apply(self) -> None:
        for plan_id in await self.plan():
            await approval.apply(self.shop.bridge, plan_id)
        await self.shop.work()


@pytest.fixture
def old(shop: Shop) -> Old:
    return Old(shop)


async def test_nothing_is_bound_or_sent_before_a_person_says_so(old: Old) -> None:
    calls = Calls(old.shop)
    old.has(page("1005", sku("TYA1")))
    await old.imports()
    told = await old.adopt()
    assert told == Adoption("toys", 1, {AdoptionState.BY_RULE: 1}, {})
    assert (await old.bound(), calls.made) == ({}, [])


async def test_what_is_approved_is_bound_as_the_channel_shows_it(old: Old) -> None:
    old.has(page("1005", sku("TYA1"), sku("TYA2", "Blue", price="8.00", stock=0)))
    await old.imports()
    await old.adopt()
    assert await old.approve_all() == Decided(2)
    bound = await old.bound()
    row = bound["TYA2"]
    assert (row.supplier, row.offer_id, row.spec_id, row.sku_key) == (
        "main",
        OFFER,
        f"{2:032x}",
        sku("TYA2", "Blue").sku_key,
    )
    assert (row.price, row.price_wanted, row.stock, row.stock_wanted) == (usd("8.00"), usd("8.00"), 0, 0)
    listing = await old.shop.db.read(catalogue.listing, row.listing)
    assert (listing.supplier, listing.offer_id, listing.listing_id) == ("", "1005", "1005")
    assert (listing.state, listing.whole) == (ListingState.ON_SALE, True)
    assert (listing.draft.title, listing.draft.category_id, len(listing.draft.skus)) == ("Notebook B5", "200", 2)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (ListingStatus.ON_SALE, ListingState.ON_SALE),
        (ListingStatus.OFFLINE, ListingState.OFFLINE),
        (ListingStatus.REFUSED, ListingState.TAKEN_DOWN),
        (ListingStatus.TAKEN_DOWN, ListingState.TAKEN_DOWN),
        (ListingStatus.EXPIRED, ListingState.OFFLINE),
        (ListingStatus.OTHER, ListingState.OFFLINE),
    ],
)
async def test_a_listing_stands_as_it_does_on_the_channel(old: Old, status: ListingStatus, state: ListingState) -> None:
    old.has(page("1005", sku("TYA1"), status=status))
    await old.imports()
    await old.adopt()
    await old.approve_all()
    assert (await old.shop.db.read(catalogue.listing, 1)).state is state


async def test_a_listing_that_is_examined_is_looked_at_until_it_is_not(old: Old) -> None:
    old.has(page("1005", sku("TYA1"), status=ListingStatus.AUDITING))
    await old.imports()
    await old.adopt()
    await old.approve_all()
    await old.shop.work()
    assert (await old.shop.db.read(catalogue.listing, 1)).state is ListingState.POSTED
    old.has(page("1005", sku("TYA1")))
    await old.shop.pass_time(old.shop.terms.audit_wait.total_seconds())
    assert (await old.shop.db.read(catalogue.listing, 1)).state is ListingState.ON_SALE


async def test_approving_twice_changes_nothing(old: Old) -> None:
    old.has(page("1005", sku("TYA1")))
    await old.imports()
    await old.adopt()
    await old.approve_all()
    once = {code: row.model_dump() for code, row in (await old.bound()).items()}
    assert await old.approve_all() == Decided(0)
    assert await old.decide(adoption.approve, ["TYA1"]) == Decided(0)
    assert {code: row.model_dump() for code, row in (await old.bound()).items()} == once


async def test_approving_takes_as_many_statements_for_many_as_for_one(old: Old) -> None:
    specs = [make_spec(n, code=f"B{n}") for n in range(200)]
    await old.imports(GOODS, make_offer("2", *specs, title="Kettle"))

    async def statements(*pages: Listing) -> int:
        old.has(*pages)
        old.shop.clock.advance(1)
        await old.adopt()
        counted: list[str] = []

        def note(*args: Any) -> None:
            counted.append(args[2])

        event.listen(old.shop.db._engine, "before_cursor_execute", note)
        done = await old.approve_all()
        event.remove(old.shop.db._engine, "before_cursor_execute", note)
        assert done.skus == sum(len(one.skus) for one in pages)
        return len(counted)

    one = await statements(page("1005", sku("TYA1")))
    many = [page(str(2000 + n), *(sku(f"TYB{n * 20 + k}", str(k)) for k in range(20))) for n in range(10)]
    assert await statements(*many) - one <= one <= 20


async def test_the_first_changes_of_adopted_skus_wait_for_a_person_in_a_live_store(old: Old) -> None:
    calls = Calls(old.shop)
    old.has(page("1005", sku("TYA1", price="5.00"), sku("TYA2", "Blue")))
    await old.imports()
    await old.adopt()
    await old.approve_all()
    await old.imports(replace(GOODS, moq=2))  # it changed, so that it is planned
    assert calls.made == []
    assert {state for *_, state in await old.changes()} == {"proposed"}
    assert (await old.bound())["TYA1"].price_wanted == usd("5.00")
    told = await old.shop.db.read(lambda session: session.scalars(select(ChangeRow)).all())
    assert any("more than 30%" in row.reason for row in told), "a large step is told, not held"
    plans = await old.shop.db.read(lambda session: len(session.scalars(select(PlanRow)).all()))
    await old.imports(replace(GOODS, moq=3))
    assert await old.shop.db.read(lambda session: len(session.scalars(select(PlanRow)).all())) == plans

    await old.apply()
    assert sorted(calls.made) == ["set_prices", "set_stock"]
    assert old.shop.channel.shop["1005"].skus[0].price == usd("7.99")
    assert not any(row.first_plan for row in (await old.bound()).values())
    await old.imports(replace(GOODS, specs=tuple(replace(spec, stock=50) for spec in GOODS.specs)))
    assert [one.stock for one in old.shop.channel.shop["1005"].skus] == [48, 48], "then it is kept true by itself"


async def test_a_first_price_that_would_not_be_above_the_stores_discount_is_held(old: Old) -> None:
    shown = replace(sku("TYA1"), discount=usd("8.50"))
    old.has(page("1005", shown, sku("TYA2", "Blue")))
    await old.imports()
    await old.adopt()
    await old.approve_all()
    assert (await old.bound())["TYA1"].discount == usd("8.50")
    await old.imports(replace(GOODS, moq=2))
    prices = {code: state for code, field, state in await old.changes() if field == "price"}
    assert prices == {"TYA1": "held", "TYA2": "proposed"}
    assert "discount of 8.50 USD" in (await open_holds(old.shop, "sku toys/TYA1"))["price_step"]["why"]


async def test_where_the_rules_want_what_the_seller_had_nothing_is_asked(old: Old) -> None:
    wanted = {"TYA1": ("7.99", 98)}
    old.has(page("1005", sku("TYA1", price=wanted["TYA1"][0], stock=wanted["TYA1"][1])))
    await old.imports()
    await old.adopt()
    await old.approve_all()
    await old.imports(replace(GOODS, moq=2))
    assert await old.changes() == []
    assert not (await old.bound())["TYA1"].first_plan


async def test_a_listing_that_has_other_skus_too_is_not_taken_off_sale_when_ours_are_sold_out(old: Old) -> None:
    calls = Calls(old.shop)
    old.has(page("1005", sku("TYA1"), sku("", "Blue")))
    await old.imports()
    await old.adopt()
    await old.approve_all()
    gone = replace(GOODS, specs=tuple(replace(spec, stock=0) for spec in GOODS.specs))
    await old.imports(gone)
    await old.apply()
    assert "set_on_sale" not in calls.made
    assert [one.stock for one in old.shop.channel.shop["1005"].skus] == [0, 5]
    assert old.shop.channel.shop["1005"].status is ListingStatus.ON_SALE


async def test_what_was_off_sale_when_it_was_adopted_stays_so(old: Old) -> None:
    calls = Calls(old.shop)
    old.has(page("1005", sku("TYA1"), status=ListingStatus.OFFLINE))
    await old.imports()
    await old.adopt()
    await old.approve_all()
    await old.apply()
    assert sorted(calls.made) == ["set_prices", "set_stock"]
    assert old.shop.channel.shop["1005"].status is ListingStatus.OFFLINE


async def test_nothing_new_is_listed_while_a_sku_of_the_store_is_undecided(old: Old) -> None:
    old.shop.rules = replace(RULES, routes=(replace(ROUTE, code=CodeStyle.GOODS_CODE),))
    old.shop.set_account("toys", live=False)
    await old.imports()
    rows = await old.shop.db.read(lambda session: session.scalars(select(ListingRow)).all())
    assert [row.state for row in rows] == [ListingState.PROPOSED], "imported before the store was read"
    old.shop.set_account("toys", live=True)
    old.has(page("1005", sku("TYA1"), sku("", "Blue")))
    await old.adopt()
    other = make_offer("2", make_spec(7, code="C7"), title="Kettle")
    await old.imports(GOODS, other)
    assert await old.shop.db.read(lambda session: session.scalars(select(ListingRow)).all()) == []
    await old.approve_all()
    await old.imports(GOODS, other)
    assert {row.supplier for row in await old.shop.db.read(lambda s: s.scalars(select(ListingRow)).all())} == {""}

    (empty,) = [one.place for one in await old.found("1005") if not one.sku.sku_code]
    assert await old.decide(adoption.ignore, [str(empty)]) == Decided(1)
    await old.imports(GOODS, other)
    listed = await old.shop.db.read(lambda session: session.scalars(select(ListingRow)).all())
    assert {(row.supplier, row.offer_id) for row in listed} == {("", "1005"), ("main", "2")}


async def test_a_code_used_twice_is_bound_only_once_the_other_is_ignored(old: Old) -> None:
    old.has(page("1005", sku("TYA1")), page("1006", sku("TYA1")))
    await old.imports()
    assert (await old.adopt()).causes == {"repeated": 2}
    assert (await old.approve_all()).skus == 0
    refused = await old.decide(adoption.bind_lines, [adoption.Line("1005", (await old.found("1005"))[0], OFFER, "A1")])
    assert refused.refused == ()  # a person may say so, for orders of both are then bought as this spec
    again = await old.decide(adoption.bind, "1006", OFFER, "A1")
    assert again.refused[0][1].startswith("code TYA1 is used more than once")


async def test_ignoring_and_looking_again(old: Old) -> None:
    old.has(page("1005", sku("TYA1")), page("1006", sku("TYA1")))
    await old.imports()
    await old.adopt()
    assert await old.decide(adoption.ignore, ["1006", "nobody"]) == Decided(
        1, (("nobody", "nothing that was read and is not bound yet is called so"),)
    )
    assert (await old.adopt()).counts == {AdoptionState.BY_RULE: 1, AdoptionState.IGNORED: 1}
    await old.decide(adoption.ignore, ["1006"], undo=True)
    assert (await old.adopt()).causes == {"repeated": 2}


async def test_a_sku_is_approved_by_its_code_or_its_listing(old: Old) -> None:
    old.has(page("1005", sku("TYA1")), page("1006", sku("TYA2", "Blue"), sku("TY77", "Green")))
    await old.imports()
    await old.adopt()
    done = await old.decide(adoption.approve, ["TYA1", "1006", "TY77", "nobody"])
    assert done.skus == 2
    assert dict(done.refused) == {
        "TY77": "nothing is proposed for it; name its offer: syncbridge adopt bind TY77 OFFER SPEC",
        "nobody": "no SKU or listing that was read is called so; see: syncbridge adopt show",
    }
    assert not (await old.shop.db.read(catalogue.listing, 2)).whole


async def test_a_person_binds_by_offer_and_spec_and_may_change_their_mind(old: Old) -> None:
    old.has(page("1005", sku("TY77", "Green")))
    await old.imports(GOODS, make_offer("2", make_spec(7), title="Kettle"))
    await old.adopt()
    assert await old.decide(adoption.bind, "TY77", OFFER, "A2") == Decided(1)
    assert (await old.bound())["TY77"].spec_id == f"{2:032x}"
    assert await old.decide(adoption.bind, "1005", "2", "") == Decided(1)
    row = (await old.bound())["TY77"]
    assert (row.offer_id, row.spec_id, row.first_plan) == ("2", f"{7:032x}", True)


@pytest.mark.parametrize(
    ("offer", "spec", "why"),
    [
        ("9", "", "offer 9 was never read"),
        (OFFER, "", f"offer {OFFER} has several specs; name one of: 红色 "),
        (OFFER, "zzz", f"offer {OFFER} has no spec zzz; name one of: 红色 "),
        ("7", "", "but route toys (shop.yaml:12:1) buys from main"),
    ],
)
async def test_what_cannot_be_bound_is_refused_with_what_to_do(old: Old, offer: str, spec: str, why: str) -> None:
    old.has(page("1005", sku("TY77", "Green")))
    await old.imports()
    await old.shop.db.run(catalogue.keep, "second", [make_offer("7", make_spec(7))], now=old.shop.clock.now())
    await old.adopt()
    (refused,) = (await old.decide(adoption.bind, "TY77", offer, spec)).refused
    assert why in refused[1]
    assert await old.bound() == {}


async def test_a_sku_without_a_route_may_be_bound_where_one_account_only_has_the_offer(old: Old) -> None:
    old.has(page("1005", sku("ZZ1", "Green")), page("1006", sku("", "Green")))
    await old.imports()
    await old.adopt()
    assert (await old.decide(adoption.bind, "1006", OFFER, "A1")).refused[0][1].endswith("then read again")
    await old.shop.db.run(catalogue.keep, "second", [GOODS], now=old.shop.clock.now())
    (refused,) = (await old.decide(adoption.bind, "ZZ1", OFFER, "A1")).refused
    assert refused[1] == f"offer {OFFER} was read by main, second; give the SKU a route first"


async def test_a_name_that_means_several_skus_is_not_bound(old: Old) -> None:
    old.has(page("1005", sku("TY1"), sku("TY2")))
    await old.imports()
    await old.adopt()
    with pytest.raises(SyncBridgeError, match="1005 names 2 SKUs"):
        await old.decide(adoption.bind, "1005", OFFER, "A1")
    with pytest.raises(SyncBridgeError, match="is no SKU that was read"):
        await old.decide(adoption.bind, "nobody", OFFER, "A1")


async def test_orders_of_a_sku_that_had_no_binding_are_bought_for_once_it_has_one(old: Old) -> None:
    old.has(page("1005", sku("TYA1")))
    await old.imports()
    await old.adopt()
    await old.shop.sell("8172481060036440", make_order_line("TYA1"))
    assert [entry.code for entry in await old.shop.queue()] == ["unrouted"]
    await old.approve_all()
    await old.shop.work()
    assert [entry.code for entry in await old.shop.queue() if entry.code == "unrouted"] == []


async def test_what_is_ours_is_not_read_again(old: Old) -> None:
    old.shop.rules = replace(RULES, routes=(replace(ROUTE, code=CodeStyle.GOODS_CODE),))
    old.shop.connect()
    await old.shop.list_offer(make_offer("2", make_spec(7, code="C7"), title="Kettle"))
    old.shop.rules = replace(RULES, routes=(replace(ROUTE, code=CodeStyle.GOODS_CODE, goods_code="never"),))
    old.shop.connect()
    old.has(page("1006", sku("TYA1")), page("1007", sku("TYA2", "Blue"), sku("", "Red")))
    assert len(old.shop.channel.shop) == 3
    asked: list[str] = []
    whole = old.shop.channel.listing

    async def noted(listing_id: str) -> Listing:
        asked.append(listing_id)
        return await whole(listing_id)

    old.shop.channel.listing = noted  # type: ignore[method-assign]  # counted
    await old.imports()
    await old.adopt()
    assert asked == ["1006", "1007"]
    await old.approve_all()
    old.shop.clock.advance(1)
    await old.adopt()
    assert asked == ["1006", "1007", "1007"], "what is adopted in part is read again"


async def test_reading_goes_on_where_it_was_cut_off(old: Old) -> None:
    old.has(page("1005", sku("TYA1")), page("1006", sku("TYA2", "Blue")))
    first = await old.shop.db.run(adopt.begin, "toys", now=old.shop.clock.now())
    old.shop.clock.advance(60)
    assert await old.shop.db.read(adopt.is_unfinished, "toys")
    assert await old.shop.db.run(adopt.begin, "toys", now=old.shop.clock.now()) == first
    told: list[Standing] = []
    await old.work(first, told.append)
    assert told[-1] == Standing(0, 2)
    assert not await old.shop.db.read(adopt.is_unfinished, "toys")
    assert await old.shop.db.run(adopt.begin, "toys", now=old.shop.clock.now()) != first


async def test_a_listing_that_cannot_be_read_is_told_and_stops_no_other(old: Old) -> None:
    old.has(page("1005", sku("TYA1")), page("1006", sku("TYA2", "Blue")))
    whole = old.shop.channel.listing

    async def torn(listing_id: str) -> Listing:
        if listing_id == "1005":
            raise VendorDown("it cannot be read", vendor="memory")
        return await whole(listing_id)

    old.shop.channel.listing = torn  # type: ignore[method-assign]  # fails for one
    run = await old.read()
    assert await old.shop.db.read(adopt.unread, "toys", run) == [("1005", "it cannot be read")]
    assert list(await old.states()) == [str(one.place) for one in await old.found("1006")]


async def test_a_listing_deleted_since_it_was_listed_is_forgotten(old: Old) -> None:
    old.has(page("1005", sku("TYA1"), sku("TYA2", "Blue")))
    await old.read()
    old.has(page("1005", sku("TYA1")))
    old.shop.clock.advance(1)
    await old.read()
    assert len(await old.states()) == 1
    now = old.shop.clock.now()
    claim = Claim(1, "adopt.listing", "k", "toys", "", {"listing": "1005"}, now, 1, "t", now, None)
    del old.shop.channel.shop["1005"]
    outcome = await adopt.listing(old.shop.bridge, claim)
    await old.shop.db.run(outcome.write)
    assert (await old.states(), await old.shop.db.read(kept.stores)) == ({}, [])


async def test_a_run_whose_account_must_be_authorised_again_is_not_waited_for(old: Old) -> None:
    old.has(page("1005", sku("TYA1")))
    run = await old.shop.db.run(adopt.begin, "toys", now=old.shop.clock.now())
    assert (await old.shop.db.read(adopt.standing, old.shop.bridge, "toys", run)).left == 1
    until = old.shop.clock.now().replace(year=2030)
    await old.shop.db.run(accounts.pause, "toys", until=until, why="expired")
    assert (await old.shop.db.read(adopt.standing, old.shop.bridge, "toys", run)).left == 0


class Pictures:
    """What pictures look like, and which were asked for."""

    def __init__(self, **looks: str | Exception) -> None:
        self.looks = looks
        self.asked: list[str] = []

    async def fingerprint(self, url: str) -> str:
        name = url.rsplit("/", 1)[1].removesuffix(".jpg")
        self.asked.append(name)
        look = self.looks.get(name, Rejected("no picture", vendor="images"))
        if isinstance(look, Exception):
            raise look
        return look


async def test_what_held_a_listing_that_makes_way_for_an_adopted_one_is_over(old: Old) -> None:
    old.shop.rules = replace(RULES, routes=(replace(ROUTE, code=CodeStyle.GOODS_CODE),))
    old.shop.set_account("toys", live=False)
    await old.imports(replace(GOODS, specs=tuple(replace(spec, stock=None) for spec in GOODS.specs)))
    assert "stock_unsure" in await open_holds(old.shop, "listing toys/1")
    old.has(page("1005", sku("TYA1"), sku("", "Blue")))
    await old.adopt()

    assert await open_holds(old.shop, "listing toys/1") == {}


async def test_pictures_that_agree_make_a_proposal_sure_and_are_fetched_once(old: Old) -> None:
    goods = replace(GOODS, images=("https://cbu01.alicdn.com/theirs.jpg",))
    old.has(page("1005", sku("TY77", "Red")))
    await old.imports(goods)
    assert (await old.adopt()).counts == {AdoptionState.PROPOSED: 1}
    assert (await old.found("TY77"))[0].verdict.candidates[0].score < 0.9
    pictures = Pictures(**{"1005": "f" * 16, "theirs": "f" * 15 + "e"})
    old.shop.bridge = replace(old.shop.bridge, images=pictures)
    seen: list[tuple[int, int]] = []
    await adoption.propose(old.shop.bridge, "toys", lambda done, of: seen.append((done, of)))
    assert (await old.found("TY77"))[0].verdict.candidates[0].score >= 0.9
    assert (sorted(pictures.asked), seen) == (["1005", "theirs"], [(2, 2)])
    await adoption.propose(old.shop.bridge, "toys", lambda done, of: None)
    assert len(pictures.asked) == 2
    assert (await old.decide(adoption.approve_all, rule=False, score=0.9)).skus == 1


async def test_a_picture_that_never_can_be_had_is_kept_as_such_and_one_that_may_is_asked_again(old: Old) -> None:
    goods = replace(GOODS, images=("https://cbu01.alicdn.com/theirs.jpg",))
    old.has(page("1005", sku("TY77", "Red")))
    await old.imports(goods)
    await old.read()
    pictures = Pictures(theirs=Unreachable("no answer", vendor="images"))
    old.shop.bridge = replace(old.shop.bridge, images=pictures)
    for _ in range(2):
        await adoption.propose(old.shop.bridge, "toys", lambda done, of: None)
    assert pictures.asked.count("1005") == 1
    assert pictures.asked.count("theirs") == 2
    rows = await old.shop.db.read(lambda session: session.scalars(select(PictureRow)).all())
    assert [(row.fingerprint, row.why) for row in rows] == [("", "no picture")]


async def test_no_more_pictures_are_fetched_in_a_run_than_allowed(old: Old) -> None:
    old.has(*(page(str(1000 + n), sku(f"TY77{n}", "Red")) for n in range(9)))
    await old.imports()
    await old.read()
    pictures = Pictures()
    terms = replace(old.shop.terms, most_pictures=5)
    old.shop.bridge = replace(old.shop.bridge, images=pictures, terms=terms)
    await adoption.propose(old.shop.bridge, "toys", lambda done, of: None)
    assert len(pictures.asked) == 5
