"""``syncbridge adopt``: an existing store comes under syncbridge, as far as a person says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from syncbridge.cli.adopt_shown import adoption_as_json, found_as_json, print_adoption, print_found
from syncbridge.cli.attended import carry_out, progress
from syncbridge.cli.database import in_database, with_bridge
from syncbridge.cli.entries import Lang, words_of
from syncbridge.cli.output import ExitCode, plain, say, show, show_json
from syncbridge.errors import ConfigError, SyncBridgeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session
    from typer._click.core import Context

    from syncbridge.cli.adopt_shown import Specs
    from syncbridge.flows.adoption import Decided
    from syncbridge.flows.bridge import Bridge
    from syncbridge.model.adoption import Adoption, FoundSku


class _StoreFirst(TyperGroup):
    """What is no command names a store."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read `adopt toys` as `adopt read toys`."""
        if args and args[0] not in (*self.commands, "--help"):
            args = ["read", *args]
        return super().parse_args(ctx, args)


adopt = typer.Typer(
    cls=_StoreFirst, no_args_is_help=True, help="Bring an existing store under syncbridge: syncbridge adopt STORE."
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Store = Annotated[str | None, typer.Option(metavar="NAME", help="Needed if several stores were read.")]
Sku = Annotated[str, typer.Argument(metavar="SKU", help="A SKU code, or LISTING/KEY as `adopt show` writes it.")]


@adopt.command()
def read(
    ctx: typer.Context,
    store: Annotated[str, typer.Argument(metavar="STORE", help="The account of the store.")],
    anew: Annotated[bool, typer.Option("--read", help="Read the store again, also where it was read before.")] = False,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Read a store and propose what feeds its SKUs; writes nothing to the store. `adopt STORE` is enough."""
    from syncbridge.cli.log import set_up_log

    set_up_log(level=30)
    told, unread = asyncio.run(_read(ctx, store, anew=anew, quiet=json))
    if json:
        show_json(adoption_as_json(told, unread))
    else:
        print_adoption(told, unread, words_of(ctx, lang))
    if unread:
        raise typer.Exit(ExitCode.PARTIAL)


@adopt.command("show")
def show_(
    ctx: typer.Context,
    sku: Annotated[
        str | None, typer.Argument(metavar="[SKU]", help="A SKU code, a listing's id, or LISTING/KEY.")
    ] = None,
    unclear: Annotated[bool, typer.Option("--unclear", help="Only what a person must look at.")] = False,
    proposed: Annotated[bool, typer.Option("--proposed", help="Only what is most like a spec.")] = False,
    store: Store = None,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Show SKUs with what may feed them, side by side, and why."""
    from syncbridge.model.adoption import AdoptionState
    from syncbridge.store import adoption

    states = [AdoptionState.UNCLEAR] if unclear else []
    states += [AdoptionState.PROPOSED] if proposed else []

    def find(session: Session) -> tuple[str, list[FoundSku], Specs]:
        where = _store(session, store)
        if sku is not None:
            found = adoption.named(session, where, sku)
        else:
            found = adoption.in_state(session, where, *states) if states else adoption.found(session, where)
        return where, found, adoption.specs_of(session, found)

    where, found, specs = in_database(ctx, find)
    words = words_of(ctx, lang)
    if json:
        show_json({"store": where, "skus": [found_as_json(one, specs, words) for one in found]})
    else:
        print_found(found, specs, words)


@adopt.command()
def approve(
    ctx: typer.Context,
    skus: Annotated[list[str] | None, typer.Argument(metavar="[SKU...]", help="SKU codes or listings' ids.")] = None,
    rule: Annotated[bool, typer.Option("--rule", help="Everything whose code names its spec.")] = False,
    score: Annotated[
        float | None, typer.Option(min=0, max=1, help="Everything proposed that is at least so much like.")
    ] = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """Say yes: bind SKUs to what is proposed. Their first changes are shown to you before they go out."""
    from syncbridge.flows import adoption as flow

    if not (skus or rule or score is not None):
        raise typer.BadParameter("say what: --rule, --score 0.9, or the SKUs")

    def act(session: Session, bridge: Bridge, where: str) -> Decided:
        done = flow.approve_all(session, bridge, where, rule=rule, score=score)
        named = flow.approve(session, bridge, where, skus or [])
        return flow.Decided(done.skus + named.skus, (*done.refused, *named.refused))

    _tell(_decide(ctx, store, act), "bound", json=json)


@adopt.command()
def bind(
    ctx: typer.Context,
    sku: Sku,
    offer: Annotated[str, typer.Argument(metavar="OFFER", help="The offer's id; it must have been imported.")],
    spec: Annotated[
        str, typer.Argument(metavar="[SPEC]", help="The spec's id or goods code; not needed where there is one only.")
    ] = "",
    store: Store = None,
    json: Json = False,
) -> None:
    """Name what feeds a SKU yourself; also one that is bound already."""
    from syncbridge.flows import adoption as flow

    _tell(_decide(ctx, store, lambda s, b, where: flow.bind(s, b, where, sku, offer, spec)), "bound", json=json)


@adopt.command()
def ignore(
    ctx: typer.Context,
    skus: Annotated[list[str], typer.Argument(metavar="SKU...", help="SKU codes, listings' ids, or LISTING/KEY.")],
    undo: Annotated[bool, typer.Option("--undo", help="Look at them again.")] = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Leave SKUs or whole listings alone from now on."""
    from syncbridge.flows import adoption as flow

    verb = "looked at again with the next `adopt`" if undo else "left alone"
    _tell(_decide(ctx, store, lambda s, b, where: flow.ignore(s, b, where, skus, undo=undo)), verb, json=json)


@adopt.command()
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new .csv or .xlsx.")],
    store: Store = None,
    lang: Lang = None,
) -> None:
    """Write all SKUs that are not bound yet as a table: fill in its column `decision` with approve or ignore."""
    from syncbridge.cli.adopt_table import table_row, write_table
    from syncbridge.store import adoption

    def find(session: Session) -> tuple[list[FoundSku], Specs]:
        found = adoption.open_skus(session, _store(session, store))
        return found, adoption.specs_of(session, found)

    found, specs = in_database(ctx, find)
    write_table(file, [table_row(one, specs, words_of(ctx, lang)) for one in found])
    say(f"{len(found)} SKUs are written to {file}")


@adopt.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The table with its column `decision` filled in.")],
    store: Store = None,
    json: Json = False,
) -> None:
    """Take the decisions of a table; you may also have changed its columns `offer` and `spec`."""
    from syncbridge.cli.adopt_table import decisions
    from syncbridge.flows import adoption as flow
    from syncbridge.sheets.reading import rows_of_file

    asked, unread = decisions(rows_of_file(file), file.name)
    done = _decide(ctx, store, lambda session, bridge, where: flow.decide(session, bridge, where, asked))
    _tell(flow.Decided(done.skus, (*unread, *done.refused)), "decided", json=json)


async def _read(ctx: typer.Context, store: str, *, anew: bool, quiet: bool) -> tuple[Adoption, list[tuple[str, str]]]:
    from syncbridge.bootstrap import assemble, open_database
    from syncbridge.flows import adopt as flow
    from syncbridge.flows import adoption
    from syncbridge.flows.attended import Standing
    from syncbridge.settings import load_settings
    from syncbridge.store import adoption as kept

    settings = load_settings(ctx.obj)
    app = await assemble(settings, open_database(settings))
    try:
        bridge = app.bridge
        if store not in bridge.channels:
            there = ", ".join(sorted(bridge.channels)) or "none"
            raise ConfigError(f"the settings have no store {store!r}; there are: {there}")
        unread: list[tuple[str, str]] = []
        if anew or store not in await bridge.db.read(kept.stores) or await bridge.db.read(flow.is_unfinished, store):
            run = await bridge.db.run(flow.begin, store, now=bridge.clock.now())
            with progress("listings", 1, quiet=quiet) as told:
                await carry_out(app, lambda session: flow.standing(session, bridge, store, run), told)
            unread = await bridge.db.read(flow.unread, store, run)
        with progress("pictures", int(bridge.images is not None), quiet=quiet) as seen:
            return await adoption.propose(bridge, store, lambda done, of: seen(Standing(of - done, done))), unread
    finally:
        await app.close()


def _store(session: Session, name: str | None) -> str:
    from syncbridge.store import adoption

    there = adoption.stores(session)
    if name is not None and name in there:
        return name
    if name is None and len(there) == 1:
        return there[0]
    if not there:
        raise SyncBridgeError("no store was read yet; begin with: syncbridge adopt STORE")
    raise SyncBridgeError(f"name one of the stores that were read: --store {' or --store '.join(there)}")


def _decide(ctx: typer.Context, store: str | None, act: Callable[[Session, Bridge, str], Decided]) -> Decided:
    return with_bridge(ctx, lambda session, bridge: act(session, bridge, _store(session, store)))


def _tell(decided: Decided, verb: str, *, json: bool) -> None:
    if json:
        refused = [{"sku": sku, "why": why} for sku, why in decided.refused]
        show_json({"skus": decided.skus, "refused": refused})
    else:
        for sku, why in decided.refused:
            show(plain(f"! {sku}: {why}"))
        say(f"{decided.skus} SKUs are {verb}" + (f", {len(decided.refused)} are not" if decided.refused else ""))
    if decided.refused:
        raise typer.Exit(ExitCode.PARTIAL if decided.skus else ExitCode.FAILURE)
