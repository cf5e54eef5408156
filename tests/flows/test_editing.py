"""Tables that people edited: what is written, what is proposed, and what is refused row by row."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlmodel import Session, select

from syncbridge.flows import editing
from syncbridge.flows.editing import EditedRow, Edits
from syncbridge.flows.exporting import TABLES
from syncbridge.model.catalog import ChangeState
from syncbridge.store import catalogue
from syncbridge.store.tables.plans import ChangeRow, PlanRow
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop
from tests.flows.shelf import OFFER, Calls, rows, sold

pytestmark = pytest.mark.anyio
OTHER = "620201390233"


async def exported(shop: Shop, table: str, store: str | None = None) -> list[Mapping[str, str]]:
    return await shop.db.read(lambda session: list(TABLES[table].rows(session, store)))


async def edit(shop: Shop, table: str, *lines: Mapping[str, str], **changes: str) -> Edits:
    """The exported rows come back, the first of them changed."""
    back = [EditedRow(number, {**line}) for number, line in enumerate(lines, 2)]
    back[0] = EditedRow(2, {**lines[0], **changes})
    return await shop.db.run(editing.EDITS[table], shop.bridge, back, "t.csv")


def changes_of(session: Session) -> list[tuple[str, str, str, str, str]]:
    return [
        (c.sku_code, c.before, c.after, c.reason, c.state) for c in session.scalars(select(ChangeRow)) if c.sku_code
    ]


@pytest.mark.parametrize("table", ["bindings", "prices", "listings"])
async def test_what_comes_back_as_it_was_writes_nothing(shop: Shop, table: str) -> None:
    await shop.list_offer()
    await shop.list_offer(make_offer(OTHER))
    lines = await exported(shop, table)
    calls, before = Calls(shop), await shop.db.read(rows)
    told = await edit(shop, table, *lines)
    await shop.work()

    assert (told.unchanged, told.changes, told.failures) == (len(lines), [], [])
    assert await shop.db.read(rows) == before
    assert calls.made == []


async def test_a_given_price_is_proposed_and_nothing_goes_out(shop: Shop) -> None:
    listing = await shop.list_offer()
    lines = await exported(shop, "prices")
    shown = sold(shop, listing)
    told = await edit(shop, "prices", *lines, price="9.99")
    await shop.work()

    code = lines[0]["sku"]
    assert await shop.db.read(changes_of) == [
        (code, lines[0]["price"] + " USD", "9.99 USD", "given in t.csv row 2", ChangeState.PROPOSED)
    ]
    plan = await shop.db.read(lambda session: session.get_one(PlanRow, told.plans["toys"]))
    assert (plan.store, plan.cause) == ("toys", "prices given in t.csv")
    assert sold(shop, listing) == shown


async def test_the_same_table_twice_proposes_once(shop: Shop) -> None:
    await shop.list_offer()
    lines = await exported(shop, "prices")
    await edit(shop, "prices", *lines, price="9.99")
    told = await edit(shop, "prices", *lines, price="9.99")

    assert (told.unchanged, told.changes) == (2, [])
    assert (await edit(shop, "prices", *lines)).changes == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"price": "0"}, "row_bad_price"),
        ({"price": "9.99", "currency": "EUR"}, "row_bad_price"),
        ({"sku": "NOSUCH"}, "row_unknown_sku"),
        ({"store": "tyos"}, "row_unknown_sku"),
        ({"sku": ""}, "row_names_nothing"),
    ],
)
async def test_row_32_a_price_that_cannot_be_taken_stops_no_other(
    shop: Shop, change: dict[str, str], code: str
) -> None:
    await shop.list_offer()
    first, second = await exported(shop, "prices")
    told = await edit(shop, "prices", first, {**second, "price": "5.55"}, **change)

    assert [(row.number, row.code) for row in told.failures] == [(2, code)]
    assert [(change.number, change.after) for change in told.changes] == [(3, "5.55 USD")]


async def test_a_spoilt_cell_and_a_repeated_row_are_refused(shop: Shop) -> None:
    await shop.list_offer()
    first, second = await exported(shop, "prices")
    back = [
        EditedRow(2, {**first, "price": "9.99"}),
        EditedRow(3, {**first, "price": "8.88"}),
        EditedRow(4, {**second}, {"price": "row_formula"}),
    ]
    told = await shop.db.run(editing.prices, shop.bridge, back, "t.csv")

    assert [(row.number, row.code) for row in told.failures] == [(3, "row_repeated"), (4, "row_formula")]
    assert [change.after for change in told.changes] == ["9.99 USD"]


async def test_a_given_binding_is_written_and_feeds_the_sku_from_then_on(shop: Shop) -> None:
    listing = await shop.list_offer()
    shop.supplier.catalogue[OTHER] = make_offer(OTHER, make_spec(7, cost="13.90", stock=55))
    await shop.list_offer(shop.supplier.catalogue[OTHER])
    mine = [line for line in await exported(shop, "bindings") if line["offer"] == OFFER]
    told = await edit(shop, "bindings", *mine, offer=OTHER, spec=f"{7:032x}")
    await shop.work()

    assert [(change.before, change.after) for change in told.changes] == [
        (f"main/{OFFER}/{mine[0]['spec']}", f"main/{OTHER}/{7:032x}")
    ]
    assert sold(shop, listing)[mine[0]["sku"]][1] == 53
    (bound,) = (await shop.db.read(catalogue.bound_specs, "toys", [mine[0]["sku"]])).values()
    assert (bound.offer_id, bound.spec_id) == (OTHER, f"{7:032x}")


async def test_two_skus_may_change_places(shop: Shop) -> None:
    await shop.list_offer()
    first, second = await exported(shop, "bindings")
    told = await edit(shop, "bindings", first, {**second, "spec": first["spec"]}, spec=second["spec"])

    assert (len(told.changes), told.failures) == (2, [])
    after = {line["sku"]: line["spec"] for line in await exported(shop, "bindings")}
    assert after == {first["sku"]: second["spec"], second["sku"]: first["spec"]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"offer": "1"}, "row_unknown_offer"),
        ({"spec": "x"}, "row_unknown_spec"),
        ({"spec": ""}, "row_unknown_spec"),
        ({"account": "mian"}, "row_unknown_account"),
        ({"account": "second", "offer": OTHER}, "row_other_account"),
        ({"sku": "NOSUCH"}, "row_unknown_sku"),
    ],
)
async def test_a_binding_to_what_is_not_there_is_refused(shop: Shop, change: dict[str, str], code: str) -> None:
    await shop.list_offer()
    shop.bridge.suppliers["second"] = shop.supplier  # type: ignore[index]  # a dict in this shop
    await shop.db.run(catalogue.keep, "second", [make_offer(OTHER)], now=shop.clock.now())
    before = await exported(shop, "bindings")
    told = await edit(shop, "bindings", *before, **change)

    assert [(row.number, row.code) for row in told.failures] == [(2, code)]
    assert await exported(shop, "bindings") == before


async def test_given_words_are_those_a_listing_is_drafted_with(shop: Shop) -> None:
    shop.set_account("toys", live=False)
    shop.supplier.catalogue[OFFER] = make_offer()
    await shop.poll("import_.page", "main")
    lines = await exported(shop, "listings")
    assert (lines[0]["supplier_title"], lines[0]["title"]) == ("Notebook B5", "")
    told = await edit(shop, "listings", *lines, title="My notebook", description="<p>Mine</p>")

    assert (len(told.changes), told.plans) == (1, {})
    shop.set_account("toys", live=True)
    shop.supplier.catalogue[OFFER] = make_offer(OFFER, make_spec(1, stock=60), make_spec(2))
    await shop.poll("import_.page", "main")
    (listing,) = shop.channel.shop.values()
    assert listing.title == "My notebook"
    assert (await exported(shop, "listings"))[0]["title"] == "My notebook"


async def test_words_given_before_an_offer_is_listed_count(shop: Shop) -> None:
    shop.supplier.catalogue[OFFER] = make_offer()
    await shop.db.run(catalogue.keep, "main", [make_offer(OFFER, make_spec(1, stock=1))], now=shop.clock.now())
    cells = {"store": "toys", "account": "main", "offer": OFFER, "title": "Mine", "description": ""}
    await edit(shop, "listings", cells)
    await shop.poll("import_.page", "main")

    (listing,) = shop.channel.shop.values()
    assert listing.title == "Mine"


async def test_words_taken_back_are_the_suppliers_again(shop: Shop) -> None:
    shop.set_account("toys", live=False)
    shop.supplier.catalogue[OFFER] = make_offer()
    await shop.poll("import_.page", "main")
    lines = await exported(shop, "listings")
    await edit(shop, "listings", *lines, title="Mine")
    await edit(shop, "listings", *lines, title="")

    listing = await shop.db.read(catalogue.listing, 1)
    assert (listing.draft.title, listing.draft.description_html) == ("Notebook B5", "<p>Notebook</p>")
    assert await exported(shop, "listings") == lines


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"store": "tyos"}, "row_unknown_store"),
        ({"offer": "1"}, "row_unknown_offer"),
        ({"title": "x" * 129}, "row_bad_title"),
    ],
)
async def test_words_that_cannot_be_taken_are_refused(shop: Shop, change: dict[str, str], code: str) -> None:
    await shop.list_offer()
    told = await edit(shop, "listings", *(await exported(shop, "listings")), **change)

    assert [(row.number, row.code) for row in told.failures] == [(2, code)]
    assert told.changes == []


async def test_each_store_has_its_own_result(shop: Shop) -> None:
    await shop.list_offer()
    first, second = await exported(shop, "prices")
    told = await edit(shop, "prices", first, {**second, "price": "5.55"}, price="9.99")

    assert (told.stores, set(told.plans)) == ({"toys": 2}, {"toys"})


async def test_a_table_may_be_of_one_store_and_names_what_it_shows(shop: Shop) -> None:
    await shop.list_offer()
    assert await exported(shop, "bindings", "games") == []
    assert await exported(shop, "offers", "games") == []
    (offer,) = await exported(shop, "offers", "toys")
    assert (offer["offer"], offer["cost_from"], offer["cost_to"], offer["stock"]) == (
        OFFER, "13.90 CNY", "14.90 CNY", "107",
    )  # fmt: skip
    prices = await exported(shop, "prices", "toys")
    assert {(line["cost"], line["price_shown"], line["price"], line["currency"]) for line in prices} == {
        ("13.90 CNY", "7.99 USD", "7.99", "USD"),
        ("14.90 CNY", "7.99 USD", "7.99", "USD"),
    }
