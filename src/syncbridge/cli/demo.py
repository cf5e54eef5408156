"""``syncbridge demo``: everything, on this machine, without a key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.output import ExitCode, say, show, show_json

if TYPE_CHECKING:
    from syncbridge.demo.report import Report


def demo(
    seed: Annotated[int, typer.Option(help="The same seed makes the same day.")] = 1,
    kills: Annotated[int, typer.Option(help="Kill the daemon so many times at random moments.", min=0)] = 0,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running afterwards, until Ctrl+C.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Play a day of trade on mock vendors and hold their books against it; ends 0 only if they balance."""
    from syncbridge.demo.run import Options, run

    options = Options(seed=seed, kills=kills, keep=keep)
    try:
        report = _played(lambda tell: run(options, tell, on_keep=_keep), quiet=json)
    except TimeoutError as error:
        say(f"the demo gave up: {error}; the same run again: syncbridge demo --seed {seed}")
        raise typer.Exit(ExitCode.FAILURE) from error
    if json:
        show_json(report.plain())
    else:
        _summary(report)
    if not report.balanced:
        raise typer.Exit(ExitCode.FAILURE)


def _played(play: Callable[[Callable[[str], None]], Awaitable[Report]], *, quiet: bool) -> Report:
    from rich.console import Console

    async def main() -> Report:
        if quiet:
            return await play(lambda _: None)
        console = Console(stderr=True)
        with console.status("beginning") as status:

            def tell(what: str) -> None:
                console.print(f"[dim]·[/dim] {what}")
                status.update(what)

            return await play(tell)

    return asyncio.run(main())


async def _keep(web: str, mocks: str, config: Path) -> None:
    say(f"everything is running; Ctrl+C ends it\n  web    {web}\n  mocks  {mocks}/alibaba1688, {mocks}/aliexpress")
    say(f"  look   syncbridge --config {config} queue list")
    await asyncio.Event().wait()


def _summary(report: Report) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    plain = report.plain()
    differences = report.books.differences
    table = Table("what", "how many", box=box.SIMPLE)
    for name, value in plain.items():
        if isinstance(value, dict):
            for way, orders in value.items():
                table.add_row(f"orders sent by {way}", str(orders))
        elif name not in ("differences", "ledger_balanced", "seconds"):
            table.add_row(name.replace("_", " "), str(value))
    Console().print(table)
    for difference in differences:
        show(f"! {difference}")
    verdict = "The books balance." if report.balanced else "The books do not balance."
    show(f"{verdict} {plain['seconds']} s")
