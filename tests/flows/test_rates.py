"""Exchange rates move prices only when they leave their band, and only when they can be believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from syncbridge.errors import SyncBridgeError, VendorDown
from syncbridge.flows import plan, rates
from syncbridge.model.rates import DailyRates, Pair
from syncbridge.rules.mapping import Rate
from syncbridge.store import rates as store
from syncbridge.store.tables.plans import PlanRow
from syncbridge.store.tables.work import Job
from syncbridge.testing.builders import cny, make_offer, make_spec
from tests.flows.conftest import RULES, Shop
from tests.flows.shelf import OFFER, Calls, open_holds, read_again, rows, sold

pytestmark = pytest.mark.anyio
PAIR = ("CNY", "USD")
NAME = "rate CNY/USD"
REFRESH = 21600


class Bank:
    """Tells what yuan are worth, or nothing."""

    def __init__(self, today: date) -> None:
        self.day = today
        self.values: dict[str, str] = {"USD": "0.14"}
        self.kept: DailyRates | None = None
        self.silent = False
        self.asked = 0

    def tell(self, day: date, usd: str) -> None:
        self.day, self.values = day, {"USD": usd}

    async def daily(self) -> DailyRates:
        self.asked += 1
        if self.silent:
            raise VendorDown("the bank is closed", vendor="bank", code="503")
        return DailyRates("CNY", self.day, {name: Decimal(value) for name, value in self.values.items()})

    async def packaged(self, pair: Pair) -> DailyRates | None:
        return self.kept


@pytest.fixture
def bank(shop: Shop) -> Bank:
    """The shop's rate comes from an account."""
    found = Bank(shop.clock.now().date())
    shop.rules = replace(RULES, rates={}, followed={PAIR: "bank"})
    shop.exchanges = {"bank": found}
    shop.connect()
    return found


async def refresh(shop: Shop, *, days: int = 0) -> None:
    shop.clock.advance(timedelta(days=days).total_seconds())
    await shop.poll("rates.refresh", "bank")


async def in_force(shop: Shop) -> str:
    return str((await shop.db.read(store.in_force))[PAIR].value)


def tomorrow(shop: Shop, *, days: int = 1) -> date:
    return (shop.clock.now() + timedelta(days=days)).date()


async def listed(shop: Shop, bank: Bank) -> None:
    await refresh(shop)
    await shop.list_offer()


async def test_the_clock_asks_every_source_for_rates(shop: Shop, bank: Bank) -> None:
    from syncbridge.flows.schedule import Every, Intervals, schedules

    assert Every("rates.refresh", "bank", REFRESH) in schedules(shop.bridge, Intervals())


async def test_a_first_rate_lets_offers_be_listed_that_waited_for_it(shop: Shop, bank: Bank) -> None:
    await read_again(shop, make_offer())
    assert shop.channel.shop == {}
    held = await open_holds(shop, f"offer main/{OFFER}")
    assert held["offer_unlistable"]["why"].startswith("no rate from CNY to USD")

    await refresh(shop)

    (listing,) = shop.channel.shop.values()
    assert sold(shop, listing)[shop.code(0)][0] == "7.99 USD"
    assert await open_holds(shop, f"offer main/{OFFER}") == {}


async def test_a_rate_inside_its_band_changes_no_price_and_writes_no_plan(shop: Shop, bank: Bank) -> None:
    await listed(shop, bank)
    calls, before = Calls(shop), await shop.db.read(rows)

    bank.tell(tomorrow(shop), "0.1421")
    await refresh(shop, days=1)

    assert (await in_force(shop), calls.made, await shop.db.read(rows)) == ("0.14", [], before)


async def test_a_rate_that_left_its_band_reprices_the_catalogue_without_asking_the_supplier(
    shop: Shop, bank: Bank
) -> None:
    await listed(shop, bank)
    shop.supplier.catalogue.clear()
    calls = Calls(shop)

    bank.tell(tomorrow(shop), "0.1465")
    await refresh(shop, days=1)

    # (14.90 + 13) × 0.1465 × 1.8 ÷ 0.92 = 7.997
    (listing,) = shop.channel.shop.values()
    assert await in_force(shop) == "0.1465"
    assert sold(shop, listing) == {shop.code(0): ("7.99 USD", 98), shop.code(1): ("8.99 USD", 5)}
    assert calls.made == ["set_prices"]
    plans = await shop.db.read(lambda session: [row.cause for row in session.scalars(select(PlanRow))])
    assert plans[-1] == "rate CNY/USD"


async def test_the_whole_catalogue_is_repriced_page_by_page_and_no_brake_of_the_run_stops_it(
    shop: Shop, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "PAGE", 5)
    await refresh(shop)
    for number in range(12):
        spec = make_spec(1, cost="14.90"), make_spec(2, cost="14.90")
        await shop.list_offer(make_offer(str(number), *spec))

    bank.tell(tomorrow(shop), "0.1465")
    await refresh(shop, days=1)

    shown = {str(sku.price) for listing in shop.channel.shop.values() for sku in listing.skus}
    pages = await shop.db.read(
        lambda session: len(session.scalars(select(Job).where(Job.kind == "plan.reprice", Job.subject != "")).all())
    )
    assert (shown, pages) == ({"8.99 USD"}, 3)


async def test_row_37_an_outlier_is_held_with_both_figures_and_the_old_rate_stays(shop: Shop, bank: Bank) -> None:
    await listed(shop, bank)
    calls = Calls(shop)

    bank.tell(tomorrow(shop), "14.1")
    await refresh(shop, days=1)

    held = await open_holds(shop, NAME)
    assert (await in_force(shop), calls.made) == ("0.14", [])
    assert held["rate_outlier"].items() >= {"before": "0.14", "after": "14.1"}.items()

    bank.tell(tomorrow(shop), "0.1401")
    await refresh(shop, days=1)
    assert await open_holds(shop, NAME) == {}


async def test_row_37_a_person_may_believe_an_outlier(shop: Shop, bank: Bank) -> None:
    await listed(shop, bank)
    bank.tell(tomorrow(shop), "0.1500")
    await refresh(shop, days=1)

    await shop.db.run(rates.accept, shop.bridge, "CNY/USD")
    await shop.work()

    (listing,) = shop.channel.shop.values()
    assert await in_force(shop) == "0.1500"
    assert sold(shop, listing)[shop.code(0)][0] == "7.99 USD"
    assert sold(shop, listing)[shop.code(1)][0] == "8.99 USD"
    assert await open_holds(shop, NAME) == {}


async def test_nothing_is_believed_that_is_not_held(shop: Shop, bank: Bank) -> None:
    await refresh(shop)

    with pytest.raises(SyncBridgeError, match="no rate of CNY/USD is held"):
        await shop.db.run(rates.accept, shop.bridge, "CNY/USD")


async def test_row_37_a_first_rate_is_held_against_what_came_with_the_program(shop: Shop, bank: Bank) -> None:
    bank.kept = DailyRates("CNY", shop.clock.now().date() - timedelta(days=14), {"USD": Decimal("0.13")})
    bank.tell(shop.clock.now().date(), "14.1")
    await refresh(shop)
    assert await in_force(shop) == "0.13"
    assert "rate_outlier" in await open_holds(shop, NAME)

    bank.tell(tomorrow(shop), "0.135")
    await refresh(shop, days=1)
    assert await in_force(shop) == "0.135"


async def test_a_first_rate_may_have_moved_since_what_came_with_the_program(shop: Shop, bank: Bank) -> None:
    bank.kept = DailyRates("CNY", shop.clock.now().date() - timedelta(days=14), {"USD": Decimal("0.13")})
    bank.tell(shop.clock.now().date(), "0.145")
    await refresh(shop)

    assert await in_force(shop) == "0.145"
    assert await open_holds(shop, NAME) == {}


async def test_row_33_a_spec_whose_cost_cannot_be_right_is_held_when_its_offer_is_listed(
    shop: Shop, bank: Bank
) -> None:
    await refresh(shop)
    offer = make_offer(OFFER, make_spec(1), make_spec(2, cost="0.01"))
    listing = await shop.list_offer(offer)

    assert list(sold(shop, listing)) == [shop.code(0)]
    assert list(await open_holds(shop, f"sku toys/{shop.code(1)}")) == ["price_doubt"]


async def test_row_37_a_silent_source_holds_prices_after_three_working_days_and_nothing_else(
    shop: Shop, bank: Bank
) -> None:
    await listed(shop, bank)
    (listing,) = shop.channel.shop.values()
    bank.silent = True
    await refresh(shop, days=7)

    held = await open_holds(shop, NAME)
    assert held["rate_stale"]["why"].startswith("bank has told no rate of CNY/USD since 2026-")
    dearer = make_offer(OFFER, make_spec(1, cost="18.00", stock=50), make_spec(2, cost="14.90", stock=7))
    await read_again(shop, dearer)
    assert sold(shop, listing)[shop.code(0)] == ("7.99 USD", 48)
    assert await open_holds(shop, f"sku toys/{shop.code(0)}") == {}

    bank.silent = False
    bank.tell(shop.clock.now().date(), "0.14")
    await shop.pass_time(13 * 60)
    assert await open_holds(shop, NAME) == {}
    assert sold(shop, listing)[shop.code(0)] == ("8.99 USD", 48)


async def test_row_37_a_currency_the_source_does_not_know_is_told_and_breaks_nothing(shop: Shop, bank: Bank) -> None:
    bank.values = {}
    await refresh(shop)
    await read_again(shop, make_offer())

    held = await open_holds(shop, NAME)
    assert held["rate_stale"]["why"].startswith("bank has told no rate of CNY/USD at all")
    assert shop.channel.shop == {}


async def test_a_silent_source_is_asked_again_later(shop: Shop, bank: Bank) -> None:
    bank.silent = True
    await refresh(shop)
    bank.silent = False
    await shop.pass_time(13 * 60)

    assert bank.asked == 2
    assert await in_force(shop) == "0.14"


async def test_a_rate_that_is_written_counts_for_ever_and_is_not_asked_for(shop: Shop, bank: Bank) -> None:
    shop.rules = replace(RULES, followed={("EUR", "USD"): "bank"})
    shop.connect()
    bank.silent = True
    await refresh(shop)
    shop.clock.advance(timedelta(days=400).total_seconds())
    await shop.list_offer()

    assert len(shop.channel.shop) == 1


async def test_the_rates_are_listed_with_their_source_and_what_holds_them(shop: Shop, bank: Bank) -> None:
    shop.rules = replace(shop.rules, rates={("EUR", "USD"): Rate(Decimal("1.1"), date(2026, 3, 1))})
    shop.connect()
    await refresh(shop)
    bank.tell(tomorrow(shop), "14.1")
    await refresh(shop, days=1)

    cny_rate, eur_rate = await shop.db.read(rates.listed, shop.bridge)
    assert (cny_rate.name, cny_rate.source, list(cny_rate.held)) == ("CNY/USD", "bank", ["rate_outlier"])
    assert cny_rate.rate is not None
    assert cny_rate.told is not None
    assert (str(cny_rate.rate.value), str(cny_rate.told.told)) == ("0.14", "0.14")
    assert (eur_rate.name, eur_rate.source, eur_rate.told, dict(eur_rate.held)) == ("EUR/USD", "", None, {})


async def test_the_margin_of_a_purchase_is_reckoned_with_the_rate_in_force(shop: Shop, bank: Bank) -> None:
    await listed(shop, bank)
    bank.tell(tomorrow(shop), "0.1465")
    await refresh(shop, days=1)
    await shop.sell()
    await shop.pass_time(601)

    (order,) = shop.supplier.books.values()
    assert order.total == cny("32.80")


async def test_row_33_a_supplier_that_mixes_up_yuan_and_fen_changes_no_price(shop: Shop, bank: Bank) -> None:
    await listed(shop, bank)
    (listing,) = shop.channel.shop.values()
    calls = Calls(shop)
    for cost in ("1390.00", "0.139", "0.01", "0", "-1.00"):
        await read_again(shop, make_offer(OFFER, make_spec(1, cost=cost), make_spec(2, cost="14.90", stock=7)))
        held = await open_holds(shop, f"sku toys/{shop.code(0)}")
        assert list(held) == ["price_doubt"], cost
        assert sold(shop, listing)[shop.code(0)][0] == "7.99 USD"
    assert "set_prices" not in calls.made

    await read_again(shop, make_offer())
    assert await open_holds(shop, f"sku toys/{shop.code(0)}") == {}
