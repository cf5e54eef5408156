"""``syncbridge mock``: the mock vendors over HTTP, for trying things and for other people's tests."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from syncbridge.cli.output import show
from syncbridge.errors import ConfigError

if TYPE_CHECKING:
    from starlette.applications import Starlette

ADAPTERS = {
    "1688": "alibaba1688",
    "aliexpress": "aliexpress",
    "ecb": "ecb",
    "fourpx": "fourpx",
    "kuaidi100": "kuaidi100",
    "track17": "track17",
}
"""The vendors that have a mock, and the adapter each belongs to."""
SEED = 1688
"""Of what the mocks are filled with and what chance does to them, the same each time."""


class _Fault(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One line of a fault plan; the mock says what it does not know."""

    vendor: str
    api: str
    fault: str
    call: int | None = None
    count: int | None = None
    probability: float | None = None


class _Plan(msgspec.Struct, forbid_unknown_fields=True):
    """A fault plan."""

    faults: list[_Fault]


def mock(
    vendor: Annotated[
        str, typer.Argument(metavar="VENDOR", help="1688, aliexpress, ecb, fourpx, kuaidi100, track17 or all.")
    ] = "all",
    port: Annotated[int, typer.Option(help="0 takes any free port.")] = 8690,
    offers: Annotated[
        int, typer.Option(min=0, help="Fill the supplier with so many offers, and the store with what sells them.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="What the offers and the faults by chance are drawn from.")] = SEED,
    faults: Annotated[
        Path | None,
        typer.Option(help="A TOML file of faults to come: by call, by count, or with a probability."),
    ] = None,
) -> None:
    """Serve mock vendors on loopback; prints one line of JSON with an account for each, then serves until stopped."""
    named = next((name for name, adapter in ADAPTERS.items() if vendor in (name, adapter)), vendor)
    if named not in (*ADAPTERS, "all"):
        raise ConfigError(f"there is no mock of {vendor!r}; there are {', '.join(ADAPTERS)}, or all")
    names = tuple(ADAPTERS) if named == "all" else (named,)
    asyncio.run(_serve(names, port, offers, seed, _planned(faults, names)))


def _planned(path: Path | None, names: tuple[str, ...]) -> list[_Fault]:
    """The faults of a file; raises ConfigError for one that cannot be read, or that names another vendor."""
    if path is None:
        return []
    try:
        plan = msgspec.toml.decode(path.read_bytes(), type=_Plan)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise ConfigError(f"the fault plan {path} cannot be read: {error}") from error
    for fault in plan.faults:
        if fault.vendor not in names:
            raise ConfigError(f"the fault plan {path} names {fault.vendor!r}; served are {', '.join(names)}")
    return plan.faults


async def _serve(names: tuple[str, ...], port: int, offers: int, seed: int, faults: list[_Fault]) -> None:
    import socket

    import uvicorn

    listener = socket.create_server(("127.0.0.1", port), reuse_port=False)
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(_apps(names), log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  uvicorn offers no event to wait for
        await asyncio.sleep(0.01)
    accounts = {name: await _account(f"{base_url}/{ADAPTERS[name]}", name, offers, seed) for name in names}
    await _plan_faults(base_url, faults)
    show(json.dumps(accounts))
    await serving


def _apps(names: tuple[str, ...]) -> Starlette:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from syncbridge.adapters.http import push
    from syncbridge.bootstrap import SystemClock, find_adapter

    routes = []
    for name in names:
        make = find_adapter(ADAPTERS[name]).mock
        assert make is not None  # noqa: S101  these have one
        routes.append(Mount(f"/{ADAPTERS[name]}", app=make(SystemClock(), push).asgi()))  # type: ignore[arg-type]  # an ASGI app
    return Starlette(routes=routes)


async def _account(base_url: str, name: str, offers: int, seed: int) -> dict[str, object]:
    from syncbridge.demo.old_store import make
    from syncbridge.testing.control import MockControl

    async with MockControl(base_url) as control:
        account = await control.tell("accounts")
        if name == "1688":
            await control.tell("seed", seed=seed)
        if offers and name == "1688":
            await control.tell("offers", offers=list(make(seed, offers).offers), pool="1")
        elif offers and name == "aliexpress":
            old = make(seed, offers)
            await control.tell("products", access_token=account["access_token"], products=list(old.products))
    return {"base_url": base_url, "auth_url": base_url, **account}


async def _plan_faults(base_url: str, faults: list[_Fault]) -> None:
    """Tell each vendor's mock what will go wrong; raises ConfigError for what it does not know."""
    from syncbridge.testing.control import MockControl, MockRefused

    for fault in faults:
        said = msgspec.to_builtins(fault)
        async with MockControl(f"{base_url}/{ADAPTERS[said.pop('vendor')]}") as control:
            try:
                await control.tell("faults", **said)
            except MockRefused as error:
                raise ConfigError(f"the fault plan cannot be followed: {error}") from error
