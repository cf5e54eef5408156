"""Commands that wait for work: they do it themselves where no daemon runs, and show how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from syncbridge.cli.output import say
from syncbridge.errors import ConfigError

if TYPE_CHECKING:
    from syncbridge.bootstrap import App
    from syncbridge.flows.attended import Look, Standing, Told


async def carry_out(app: App, look: Look, told: Told) -> None:
    """Do what was asked for, or let the daemon that runs on this database do it, and wait."""
    from syncbridge.flows import attended
    from syncbridge.queue import job as jobs
    from syncbridge.store.owner import is_owned, sole_owner

    db, clock, file = app.bridge.db, app.bridge.clock, app.settings.database_file
    while True:
        with ExitStack() as stack:
            try:
                stack.enter_context(sole_owner(file))
            except ConfigError:
                if await attended.watch(app.bridge, look, told, lambda: is_owned(file)):
                    return
                continue
            await db.run(jobs.free_leases, now=clock.now())  # of a daemon or command that was killed
            await attended.work(app.bridge, app.worker(), look, told)
            return


@contextmanager
def progress(noun: str, total: int, *, quiet: bool) -> Iterator[Told]:
    """A bar with count, rate, time left and the calls left of today's quota; `total` may turn out to be more."""
    if quiet or not total:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn(noun), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
        TextColumn("{task.fields[quota]}"),
    )  # fmt: skip
    done = 0
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(noun, total=total, rate="", quota="")

        def told(standing: Standing) -> None:
            nonlocal done
            done = standing.done
            speed = bar.tasks[0].speed
            bar.update(
                task,
                completed=done,
                total=max(total, done + standing.left),
                rate=f"{speed:.1f}/s" if speed else "",
                quota="" if standing.calls_left is None else f"{standing.calls_left:,} calls left today",
            )

        yield told
    say(f"{done} {noun} done")
