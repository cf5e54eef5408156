"""How each call is driven, by its name; filled by the files of calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.adapters.aliexpress.shop import Shop

CASES: dict[str, Callable[[Shop], Awaitable[None]]] = {}


def case(api):
    """Keep what drives this call."""

    def kept(act):
        CASES[api] = act
        return act

    return kept
