"""``syncbridge mock``: the mock vendors over HTTP, for trying things and for other people's tests."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.output import show
from syncbridge.errors import ConfigError

if TYPE_CHECKING:
    from starlette.applications import Starlette

NAMES = ("alibaba1688", "aliexpress", "ecb", "fourpx", "kuaidi100", "track17")
SEED = 1688
"""Of what the mocks are filled with, the same each time."""


def mock(
    vendor: Annotated[
        str, typer.Argument(metavar="VENDOR", help="alibaba1688, aliexpress, ecb, fourpx, kuaidi100, track17 or all.")
    ] = "all",
    port: Annotated[int, typer.Option(help="0 takes any free port.")] = 8690,
    offers: Annotated[
        int, typer.Option(min=0, help="Fill the supplier with so many offers, and the store with what sells them.")
    ] = 0,
) -> None:
    """Serve mock vendors on loopback; prints one line of JSON with an account for each, then serves until stopped."""
    if vendor not in (*NAMES, "all"):
        raise ConfigError(f"there is no mock of {vendor!r}; there are {', '.join(NAMES)}, or all")
    asyncio.run(_serve(NAMES if vendor == "all" else (vendor,), port, offers))


async def _serve(names: tuple[str, ...], port: int, offers: int) -> None:
    import socket

    import uvicorn

    listener = socket.create_server(("127.0.0.1", port), reuse_port=False)
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(_apps(names), log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  uvicorn offers no event to wait for
        await asyncio.sleep(0.01)
    show(json.dumps({name: await _account(f"{base_url}/{name}", name, offers) for name in names}))
    await serving


def _apps(names: tuple[str, ...]) -> Starlette:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from syncbridge.adapters.http import push
    from syncbridge.bootstrap import SystemClock, find_adapter

    routes = []
    for name in names:
        make = find_adapter(name).mock
        assert make is not None  # noqa: S101  these have one
        routes.append(Mount(f"/{name}", app=make(SystemClock(), push).asgi()))  # type: ignore[arg-type]  # an ASGI app
    return Starlette(routes=routes)


async def _account(base_url: str, name: str, offers: int) -> dict[str, object]:
    from syncbridge.demo.old_store import make
    from syncbridge.testing.control import MockControl

    async with MockControl(base_url) as control:
        account = await control.tell("accounts")
        if offers and name == "alibaba1688":
            await control.tell("offers", offers=list(make(SEED, offers).offers), pool="1")
        elif offers and name == "aliexpress":
            old = make(SEED, offers)
            await control.tell("products", access_token=account["access_token"], products=list(old.products))
    return {"base_url": base_url, "auth_url": base_url, **account}
