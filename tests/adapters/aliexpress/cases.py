"""How each call is driven, by its name; filled by the files of calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.adapters.aliexpress.shop import Shop

Act = Callable[[Shop], Awaitable[None]]
CASES: dict[str, Act] = {}


def case(api: str) -> Callable[[Act], Act]:
    """Keep what drives this call."""

    def kept(act: Act) -> Act:
        CASES[api] = act
        return act

    return kept
