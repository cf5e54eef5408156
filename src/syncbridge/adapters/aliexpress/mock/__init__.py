"""AliExpress as its documents say it behaves, with books of its own and failures on demand.

Strict where the vendor is: signatures, tokens, parameters, types. What its documents leave open is decided
against the caller. Served over HTTP or called in process, it is the same app; time is the clock's it was given.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.routing import Route

from syncbridge.adapters.aliexpress.mock.books import books
from syncbridge.adapters.aliexpress.mock.control import Control
from syncbridge.adapters.aliexpress.mock.gateway import Gateway
from syncbridge.adapters.aliexpress.mock.oauth import ConsentPage
from syncbridge.adapters.aliexpress.mock.pushing import Announcer
from syncbridge.adapters.aliexpress.mock.world import World
from syncbridge.ports import Clock, Push


class AliExpressMock:
    """One vendor with its accounts; keeps to the `MockVendor` port."""

    def __init__(self, clock: Clock, push: Push) -> None:
        self.world = World(clock)
        gateway = Gateway(self.world)
        self._app = Starlette(
            routes=[
                Route("/sync", gateway.sync, methods=["GET", "POST"]),
                Route("/rest/{path:path}", gateway.rest, methods=["GET", "POST"]),
                Route("/oauth/authorize", ConsentPage(self.world).authorize, methods=["GET"]),
                *Control(self.world, Announcer(clock, push)).routes(),
            ]
        )

    def asgi(self) -> Starlette:
        """The app that answers as the vendor does."""
        return self._app

    def books(self) -> Mapping[str, object]:
        """What the vendor's own ledger says, as JSON values."""
        return books(self.world)
