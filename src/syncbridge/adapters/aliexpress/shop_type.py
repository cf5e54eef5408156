"""What kind of shop it is: asked of the vendor once, before the first call that only some kinds may make (§0)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from syncbridge.adapters.aliexpress.refusals import VENDOR
from syncbridge.adapters.aliexpress.wire_access import Relations
from syncbridge.errors import NotGranted, Rejected

SHOP_TYPE = "global.seller.relation.query"
_OTHER_CALLS = {
    "POP_CHOICE": "semi-managed (半托管)",
    "ONE_STOP_SERVICE": "fully managed (全托管)",
    "LOCAL_SERVICE": "of the local service",
}
"""Kinds of business with calls of their own, which are not served yet."""


class ShopType:
    """Asks once; what cannot be asked, or has a name nobody documented, is served."""

    def __init__(self, ask: Callable[[], Awaitable[Relations]], *, pop_choice: bool) -> None:
        self._ask = ask
        self._refused = _OTHER_CALLS.keys() - ({"POP_CHOICE"} if pop_choice else set())
        self._kinds: Collection[str] | None = None
        self._asking = asyncio.Lock()

    async def check(self) -> None:
        """Raise NotGranted unless the shop is, or may be, one whose seller runs it."""
        if self._kinds is None:
            async with self._asking:
                if self._kinds is None:
                    self._kinds = await self._told()
        if self._kinds and self._refused.issuperset(self._kinds):
            raise NotGranted(self._in_words(self._kinds), vendor=VENDOR, code="shop_type")

    async def _told(self) -> Collection[str]:
        try:
            relations = await self._ask()
        except (NotGranted, Rejected):
            return ()  # the app may not ask; what the shop may not do, its calls will say
        return sorted({one.business_type for one in relations.seller_relation_list if one.business_type})

    def _in_words(self, kinds: Collection[str]) -> str:
        named = " and ".join(f"{_OTHER_CALLS[kind]}, {kind}" for kind in kinds)
        what = f"AliExpress says this shop is {named}; such shops are not served yet, only those the seller runs (POP)"
        also = "; if you run all of its listings yourself, set pop_choice = true for the account"
        return what + (also if "POP_CHOICE" in kinds else "")
