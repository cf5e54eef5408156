"""``syncbridge import``: offers come in, and tables that were edited come back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from syncbridge.cli.attended import carry_out, progress
from syncbridge.cli.entries import words_of
from syncbridge.cli.output import ExitCode, say, show_json

if TYPE_CHECKING:
    from typer._click.core import Context

    from syncbridge.bootstrap import App
    from syncbridge.flows.importing import Report, Request
    from syncbridge.model.importing import ImportItem

TABLES = (".csv", ".xlsx", ".xls", ".tsv", ".txt")


class _OffersFirst(TyperGroup):
    """What is no command names offers."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read `import 676651652931` as `import offers 676651652931`."""
        if args and args[0] not in (*self.commands, "--help"):
            args = ["offers", *args]
        return super().parse_args(ctx, args)


import_ = typer.Typer(
    cls=_OffersFirst, no_args_is_help=True, help="Bring offers in: syncbridge import ID, ADDRESS or FILE."
)
Account = Annotated[str | None, typer.Option(metavar="NAME", help="Supplier account; needed if there are several.")]
Stores = Annotated[
    list[str] | None, typer.Option("--store", metavar="NAME", help="List them only here; may be repeated.")
]
Most = Annotated[int, typer.Option(min=1, help="Take so many of what is found.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be imported and write nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Edited = Annotated[Path, typer.Argument(metavar="FILE", help="The table, as it was exported and edited.")]
Prepare = Callable[["App", str], Awaitable["Request"]]


@import_.command()
def offers(
    ctx: typer.Context,
    source: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE...", help="Offer ids, addresses of pages, or one file.")
    ] = None,
    account: Account = None,
    store: Stores = None,
    resume: Annotated[int | None, typer.Option(metavar="RUN", help="Go on with an import.")] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Import offers by id, by the address of their page, or from a CSV or XLSX with a column of these."""
    if (resume is None) == (not source):
        raise typer.BadParameter("name offers or a file, or an import to go on with: --resume RUN")
    if resume is not None:
        _tell(ctx, asyncio.run(_resumed(ctx, resume, quiet=json)), json=json)
        return
    from syncbridge.flows.importing import Request, named
    from syncbridge.model.importing import Source

    given, what = _written(source or [])

    async def prepare(app: App, account: str) -> Request:
        items = tuple(named(app.bridge, account, *each) for each in given)
        return Request(account, Source.FILE if what else Source.OFFERS, what, items)

    _import(ctx, account, store, prepare, dry_run=dry_run, json=json)


@import_.command()
def keyword(
    ctx: typer.Context,
    words: Annotated[str, typer.Argument(metavar="WORDS", help="What to look for.")],
    account: Account = None,
    store: Stores = None,
    most: Most = 500,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Import the offers that a search for these words finds, the best first."""
    from syncbridge.flows.importing import Request
    from syncbridge.model.catalog import Search
    from syncbridge.model.importing import Source

    async def prepare(_: App, account: str) -> Request:
        return Request(account, Source.KEYWORD, words, search=Search(words), most=most)

    _import(ctx, account, store, prepare, dry_run=dry_run, json=json)


@import_.command()
def shop(
    ctx: typer.Context,
    seller: Annotated[str, typer.Argument(metavar="SHOP", help="The supplier's id, or any offer of theirs.")],
    account: Account = None,
    store: Stores = None,
    most: Most = 500,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Import the offers in one supplier's shop."""
    from syncbridge.flows.importing import Request, shop_of
    from syncbridge.model.catalog import Search
    from syncbridge.model.importing import Source

    async def prepare(app: App, account: str) -> Request:
        supplier = await shop_of(app.bridge, account, seller)
        return Request(account, Source.SHOP, supplier, search=Search(shop=supplier), most=most)

    _import(ctx, account, store, prepare, dry_run=dry_run, json=json)


@import_.command()
def pool(ctx: typer.Context, account: Account = None, store: Stores = None, json: Json = False) -> None:
    """Import the offers of the account's selection pool now; the daemon reads it every hour anyway."""
    from syncbridge.flows.importing import Request
    from syncbridge.model.importing import Source

    async def prepare(_: App, account: str) -> Request:
        return Request(account, Source.POOL)

    _import(ctx, account, store, prepare, dry_run=False, json=json)


@import_.command()
def status(
    ctx: typer.Context,
    run: Annotated[int | None, typer.Argument(metavar="RUN", help="Default: the newest.")] = None,
    json: Json = False,
) -> None:
    """How an import stands: counts, pace, what is left of the quota, and each row that failed."""
    from syncbridge.cli.database import with_bridge
    from syncbridge.flows import importing

    report = with_bridge(ctx, lambda session, bridge: importing.report(session, bridge, run))
    _tell(ctx, report, json=json)


@import_.command()
def bindings(ctx: typer.Context, file: Edited, json: Json = False) -> None:
    """Bind SKUs as an edited table of bindings says; each to a spec of an offer that was imported."""
    _edit(ctx, "bindings", file, json=json)


@import_.command()
def prices(ctx: typer.Context, file: Edited, json: Json = False) -> None:
    """Propose the prices of an edited table; nothing goes out before the plan is approved."""
    _edit(ctx, "prices", file, json=json)


@import_.command()
def listings(ctx: typer.Context, file: Edited, json: Json = False) -> None:
    """Keep titles and descriptions of an edited table, which listings are drafted with."""
    _edit(ctx, "listings", file, json=json)


def _edit(ctx: typer.Context, table: str, file: Path, *, json: bool) -> None:
    from syncbridge.cli.database import with_bridge
    from syncbridge.cli.edited_file import edited_rows
    from syncbridge.cli.import_report import tell_edits
    from syncbridge.flows.editing import EDITS
    from syncbridge.flows.exporting import TABLES
    from syncbridge.sheets.reading import rows_of_file

    words = words_of(ctx, None)
    rows = edited_rows(rows_of_file(file), TABLES[table], words, file.name)
    edits = with_bridge(ctx, lambda session, bridge: EDITS[table](session, bridge, rows, file.name))
    tell_edits(edits, words, json=json)


def _import(
    ctx: typer.Context, account: str | None, stores: list[str] | None, prepare: Prepare, *, dry_run: bool, json: bool
) -> None:
    if dry_run:
        from syncbridge.cli.import_report import tell_planned

        tell_planned(asyncio.run(_planned(ctx, account, stores or [], prepare)), words_of(ctx, None), json=json)
    else:
        _tell(ctx, asyncio.run(_imported(ctx, account, stores or [], prepare, quiet=json)), json=json)


def _tell(ctx: typer.Context, report: Report, *, json: bool) -> None:
    from syncbridge.cli.import_report import as_json, print_report

    words = words_of(ctx, None)
    if json:
        show_json(as_json(report, words))
    else:
        print_report(report, words)
    if report.failures or report.stuck:
        raise typer.Exit(ExitCode.PARTIAL)


async def _imported(
    ctx: typer.Context, account: str | None, stores: list[str], prepare: Prepare, *, quiet: bool
) -> Report:
    from syncbridge.flows import importing

    async def start(app: App) -> int:
        request = await _request(app, account, stores, prepare)
        return await app.bridge.db.run(importing.begin, request, now=app.bridge.clock.now())

    return await _carried_out(ctx, start, quiet=quiet)


async def _resumed(ctx: typer.Context, run: int, *, quiet: bool) -> Report:
    from syncbridge.flows import importing

    async def start(app: App) -> int:
        await app.bridge.db.run(importing.resume, run, now=app.bridge.clock.now())
        return run

    return await _carried_out(ctx, start, quiet=quiet)


async def _carried_out(ctx: typer.Context, start: Callable[[App], Awaitable[int]], *, quiet: bool) -> Report:
    from syncbridge.flows import importing

    app = await _app(ctx)
    bridge = app.bridge
    try:
        run = await start(app)
        if not quiet:
            say(f"import {run}: if this is interrupted, it goes on with: syncbridge import --resume {run}")
        standing = await bridge.db.read(importing.standing, bridge, run)
        with progress("offers", standing.left + standing.done, quiet=quiet) as told:
            await carry_out(app, lambda session: importing.standing(session, bridge, run), told)
        return await bridge.db.read(importing.report, bridge, run)
    finally:
        await app.close()


async def _planned(ctx: typer.Context, account: str | None, stores: list[str], prepare: Prepare) -> list[ImportItem]:
    from syncbridge.flows import importing

    app = await _app(ctx)
    try:
        request = await _request(app, account, stores, prepare)
        request = replace(request, items=(*request.items, *await importing.look_for(app.bridge, request)))
        return await app.bridge.db.read(importing.planned, request, now=app.bridge.clock.now())
    finally:
        await app.close()


async def _request(app: App, account: str | None, stores: list[str], prepare: Prepare) -> Request:
    from syncbridge.flows import importing

    name = importing.account_of(app.bridge, account)
    importing.check_stores(app.bridge, name, stores)
    return replace(await prepare(app, name), stores=tuple(dict.fromkeys(stores)))


async def _app(ctx: typer.Context) -> App:
    from syncbridge.bootstrap import assemble, open_database
    from syncbridge.cli.log import set_up_log
    from syncbridge.settings import load_settings

    set_up_log(level=30)
    settings = load_settings(ctx.obj)
    return await assemble(settings, open_database(settings))


def _written(sources: list[str]) -> tuple[list[tuple[int, str, str]], str]:
    """What names the offers, as (row, text, spoilt), and the file's name if it is one."""
    files = [source for source in sources if Path(source).suffix.lower() in TABLES or Path(source).is_file()]
    if not files:
        return [(number, source, "") for number, source in enumerate(sources, 1)], ""
    if len(sources) > 1:
        raise typer.BadParameter("name one file, or offer ids and addresses")
    from syncbridge.cli.offers_file import offers_in
    from syncbridge.sheets.reading import rows_of_file

    file = Path(files[0])
    return list(offers_in(rows_of_file(file), file.name)), file.name
