"""`syncbridge rules`: are the mapping files sound, what do they decide, and what would others decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli import rule_words as words
from syncbridge.cli.database import looked_into
from syncbridge.cli.output import ExitCode, say, show, show_json
from syncbridge.cli.times import moment
from syncbridge.errors import ConfigError, MappingError, SyncBridgeError
from syncbridge.rules import mapping_check
from syncbridge.rules.codes import readings
from syncbridge.rules.mapping import Rules
from syncbridge.rules.mapping_cases import Case, parse_cases, run_cases
from syncbridge.rules.mapping_file import parse
from syncbridge.rules.routing import route_for, rule_of
from syncbridge.settings import Settings, load_settings, read_mappings

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.flows.simulate import Simulation
    from syncbridge.flows.sku_meaning import Meaning

rules = typer.Typer(help="Check the mapping files, explain what they decide, and try others.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


@dataclass(frozen=True, slots=True)
class _Report:
    routes: int = 0
    cases: int = 0
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@rules.command()
def check(
    ctx: typer.Context,
    path: Annotated[Path | None, typer.Argument(help="File or folder; default: the settings' mappings.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read the mapping files, look for what cannot work, and run the worked examples in cases/.

    Where the settings' database exists, the files are held against its catalogue too.
    """
    settings = load_settings(ctx.obj)
    report = _checked(path or settings.mappings, settings)
    if as_json:
        show_json(
            {
                "ok": not report.problems,
                "routes": report.routes,
                "cases": report.cases,
                "problems": list(report.problems),
                "warnings": list(report.warnings),
            }
        )
    else:
        for problem in report.problems:
            say(problem)
        for warning in report.warnings:
            say(f"warning: {warning}")
        if not report.problems:
            show(f"{report.routes} routes and {report.cases} cases are in order")
    if report.problems:
        raise typer.Exit(ExitCode.CONFIG_INVALID)


@rules.command()
def explain(
    ctx: typer.Context,
    sku: Annotated[str, typer.Argument(help="SKU code as on the channel.")],
    store: Annotated[str, typer.Option(help="Account of the store.")],
    as_json: AsJson = False,
) -> None:
    """Say which rule decides about a SKU, where it is written, what it says, and which spec the SKU means."""
    settings = load_settings(ctx.obj)
    known = _read(settings.mappings, settings)
    route = route_for(sku, store, known)
    rule = rule_of(sku, store, known)
    says = readings(sku, store, known)
    means = _meanings(settings, known, sku, store)
    if as_json:
        answer = words.explained_as_json(sku, store, known)
        show_json({**answer, "says": [words.says_as_json(one) for one in says], "means": words.means_as_json(means)})
    elif route:
        head = words.of_route(sku, store, route, known)
        show("\n".join([head, *words.of_rule(rule), *words.of_code(says), *words.of_spec(means)]))
    if route is None:
        say(words.why_none(sku, store, known))
        raise typer.Exit(ExitCode.FAILURE)


@rules.command()
def simulate(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="File or folder of the other mapping files.")],
    since: Annotated[str, typer.Option(help="How far back orders are replayed: 12h, 30d or 2026-11-01.")] = "30d",
    as_json: AsJson = False,
) -> None:
    """Say what other mapping files would change in the catalogue as last read and in past orders. Writes nothing."""
    settings = load_settings(ctx.obj)
    first = moment(since).astimezone(UTC)
    old, new = _read(settings.mappings, settings), _read(path, settings)
    problems = mapping_check.check(new)
    if problems:
        raise MappingError("\n".join(problems))

    def work(session: Session) -> Simulation:
        from syncbridge.flows.simulate import simulate as replay

        return replay(session, old, new, first)

    found = looked_into(settings, work)
    if found is None:
        raise ConfigError(f"there is no database {settings.database_file}, so there is nothing to replay")
    if as_json:
        show_json({"since": first.isoformat(timespec="seconds"), **words.simulation_as_json(found)})
    else:
        for line in words.of_simulation(found, first):
            show(line)


def _read(path: Path, settings: Settings) -> Rules:
    return parse(read_mappings(path), tuple(settings.accounts) or None)


def _checked(path: Path, settings: Settings) -> _Report:
    try:
        read = _read(path, settings)
        cases = _cases(path / "cases")
    except MappingError as error:
        return _Report(problems=tuple(str(error).splitlines()))
    problems = [*mapping_check.check(read), *run_cases(cases, read)]
    warnings = mapping_check.warnings(read)
    if not problems:
        more, doubtful = _in_catalogue(settings, read)
        problems, warnings = problems + more, warnings + doubtful
    return _Report(len(read.routes), len(cases), tuple(problems), tuple(warnings))


def _cases(folder: Path) -> tuple[Case, ...]:
    return parse_cases(read_mappings(folder)) if folder.is_dir() else ()


def _in_catalogue(settings: Settings, read: Rules) -> tuple[list[str], list[str]]:
    """Problems and warnings that the catalogue shows."""

    def work(session: Session) -> tuple[list[str], list[str]]:
        from syncbridge.flows.rule_check import in_catalogue

        found = in_catalogue(session, read)
        return found.problems, found.warnings

    try:
        return looked_into(settings, work) or ([], [])
    except SyncBridgeError as error:
        return [], [f"the catalogue was not looked at: {error}"]


def _meanings(settings: Settings, known: Rules, sku: str, store: str) -> list[Meaning]:
    def work(session: Session) -> list[Meaning]:
        from syncbridge.flows.sku_meaning import meanings

        return meanings(session, known, sku, store)

    try:
        return looked_into(settings, work) or []
    except SyncBridgeError as error:
        say(f"warning: the catalogue was not looked at: {error}")
        return []
