"""Whatever the order of supplier changes, pushes, edits and looks: edits stay, the rest becomes as wanted."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from syncbridge.errors import OutcomeUnknown
from syncbridge.model.catalog import Listing
from syncbridge.store import catalogue
from syncbridge.testing.builders import make_offer, make_spec
from tests.flows.conftest import Shop
from tests.flows.seller import edit_skus, locked, order, reconcile
from tests.flows.shelf import OFFER, sold

COSTS = ("13.90", "14.90", "16.00", "18.00")
STEPS = st.one_of(
    st.tuples(st.just("supplier"), st.sampled_from(COSTS), st.integers(20, 200)),
    st.tuples(st.just("lost"), st.sampled_from(COSTS), st.booleans()),
    st.tuples(st.just("price"), st.integers(0, 1), st.sampled_from(("9.49", "6.49"))),
    st.tuples(st.just("stock"), st.integers(0, 1), st.sampled_from((3, 300))),
    st.tuples(st.just("order"), st.integers(0, 1), st.booleans()),
    st.tuples(st.just("look"), st.none(), st.none()),
)


class Market:
    """A listing of two SKUs, what the seller made of it, and how much was ordered."""

    def __init__(self, shop: Shop, listing: Listing) -> None:
        self.shop, self.listing = shop, listing
        self.edited: dict[tuple[str, str], str] = {}
        """What the seller set and nobody has seen yet, or is kept."""
        self.orders = 0

    async def play(self, kind: str, first: object, second: object) -> None:
        code = self.shop.code(first) if isinstance(first, int) else ""
        match kind:
            case "supplier":
                await self._supply(str(first), int(str(second)))
            case "lost":
                self._lose(arrives=bool(second))
                await self._supply(str(first), 100)
            case "price":
                edit_skus(self.shop, self.listing, prices={code: str(second)})
                self.edited[code, "price"] = f"{second} USD"
                await self._look()
            case "stock":
                edit_skus(self.shop, self.listing, stock={code: int(str(second))})
                self.edited[code, "stock"] = str(second)
                await self._look()
            case "order":
                await self._buy(code, heard=bool(second))
            case "look":
                await self._look()

    async def _supply(self, cost: str, stock: int) -> None:
        offer = make_offer(OFFER, make_spec(1, cost=cost, stock=stock), make_spec(2, cost=cost, stock=stock))
        self.shop.supplier.catalogue[OFFER] = offer
        await self.shop.pass_time(1)
        await self.shop.poll("import_.page", "main")

    def _lose(self, *, arrives: bool) -> None:
        set_prices = self.shop.channel.set_prices

        async def lost(updates: object) -> object:
            self.shop.channel.set_prices = set_prices  # type: ignore[method-assign]  # once
            if arrives:
                await set_prices(updates)  # type: ignore[arg-type]  # passed on
            raise OutcomeUnknown("no answer", vendor="memory")

        self.shop.channel.set_prices = lost  # type: ignore[method-assign, assignment]  # the next answer is lost

    async def _buy(self, code: str, *, heard: bool) -> None:
        shown = {sku.sku_code: sku.stock for sku in self.shop.channel.shop[self.listing.listing_id].skus}
        if shown[code] < 2:
            return
        self.orders += 1
        await order(self.shop, self.listing, code, 2, f"{8172481060000000 + self.orders}", heard=heard)
        if (code, "stock") in self.edited:
            self.edited[code, "stock"] = str(shown[code] - 2)

    async def _look(self) -> None:
        await reconcile(self.shop)
        await self.shop.poll("orders.poll", "toys")
        await self.shop.pass_time(301)

    async def settle(self) -> None:
        """Time passes and everything is looked at, until nothing moves any more."""
        for _ in range(3):
            await self.shop.pass_time(3 * 3600)
            await self._look()

    def shown(self) -> Mapping[tuple[str, str], str]:
        return {
            (code, field): value
            for code, (price, stock) in sold(self.shop, self.listing).items()
            for field, value in (("price", price), ("stock", str(stock)))
        }


async def _run(steps: Sequence[tuple[str, object, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        market = Market(shop, await shop.list_offer(make_offer(OFFER, make_spec(1), make_spec(2))))
        for step in steps:
            await market.play(*step)
            assert {which: market.shown()[which] for which in market.edited} == market.edited, step
        await market.settle()
        shown, kept = market.shown(), set(await locked(shop))
        bindings = {b.sku_code: b for b in await shop.db.read(catalogue.bindings, 1)}
        waiting = {code for code in bindings if market.orders}
        await shop.db.close()
    assert {which: shown[which] for which in market.edited} == market.edited
    assert kept == set(market.edited), "nothing is kept that the seller did not change"
    for code, binding in bindings.items():
        assert shown[code, "price"] == str(binding.price_wanted)
        assert code in waiting or shown[code, "stock"] == str(binding.stock_wanted)


@settings(max_examples=10, derandomize=True)
@given(st.lists(STEPS, min_size=1, max_size=8))
def test_an_edit_is_never_overwritten_and_without_edits_the_channel_becomes_as_wanted(
    steps: list[tuple[str, object, object]],
) -> None:
    anyio.run(_run, steps)


def test_an_edit_right_after_an_order_we_have_not_heard_of_stays() -> None:
    anyio.run(_run, [("order", 0, False), ("stock", 0, 3)])
