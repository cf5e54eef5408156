"""A store of 5,000 SKUs comes under syncbridge, held at each step against the channel's own books."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncbridge.flows import adoption
from syncbridge.testing.clock import VirtualLoop
from tests.flows.old_shop import OldShop

pytestmark = pytest.mark.anyio
PRODUCTS = 500


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[OldShop]:
    made = OldShop(tmp_path, PRODUCTS)
    await made.open(live=False)
    yield made
    await made.close()


async def test_a_store_of_5000_skus_is_adopted_as_its_codes_say(shop: OldShop) -> None:
    import time

    t = time.time()
    await shop.poll_offers("first")
    print("offers", time.time() - t)
    t = time.time()
    before = await shop.products()
    told = await shop.adopt()
    print("adopt", time.time() - t)
    t = time.time()
    print(told, shop.clock.now(), await shop.calls())
    decided = await shop.db.run(adoption.approve_all, shop.app.bridge, "toys", rule=True, score=0.7)
    print("approve", time.time() - t, decided.skus, decided.refused[:3])
    t = time.time()
