"""`syncbridge rules`: are the mapping files sound, and what do they decide about a SKU."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from syncbridge.cli.output import ExitCode, say, show, show_json
from syncbridge.errors import MappingError
from syncbridge.rules.mapping import BuyMode, Part, PricePolicy, Route, Rules, SkuRule
from syncbridge.rules.mapping_cases import in_words, parse_cases, run_cases
from syncbridge.rules.mapping_check import check as findings
from syncbridge.rules.mapping_file import parse
from syncbridge.rules.routing import route_for, rule_of
from syncbridge.rules.wording import did_you_mean
from syncbridge.settings import load_settings, read_mappings

rules = typer.Typer(help="Check the mapping files, and explain what they decide.", no_args_is_help=True)

BOUGHT = {
    BuyMode.AUTO: "bought automatically",
    BuyMode.CONFIRM: "bought once a person confirmed it",
    BuyMode.BY_HAND: "bought by hand",
    BuyMode.OWN_STOCK: "not bought: the seller ships from own stock",
}
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


@dataclass(frozen=True, slots=True)
class _Report:
    routes: int = 0
    cases: int = 0
    problems: tuple[str, ...] = ()


@rules.command()
def check(
    ctx: typer.Context,
    path: Annotated[Path | None, typer.Argument(help="File or folder; default: the settings' mappings.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read the mapping files, look for rules in each other's way, and run the worked examples in cases/."""
    settings = load_settings(ctx.obj)
    report = _checked(path or settings.mappings, tuple(settings.accounts) or None)
    if as_json:
        show_json(
            {
                "ok": not report.problems,
                "routes": report.routes,
                "cases": report.cases,
                "problems": list(report.problems),
            }
        )
    elif not report.problems:
        show(f"{report.routes} routes and {report.cases} cases are in order")
    else:
        say("\n".join(report.problems))
    if report.problems:
        raise typer.Exit(ExitCode.CONFIG_INVALID)


@rules.command()
def explain(
    ctx: typer.Context,
    sku: Annotated[str, typer.Argument(help="SKU code as on the channel.")],
    store: Annotated[str, typer.Option(help="Account of the store.")],
    as_json: AsJson = False,
) -> None:
    """Say which rule decides about a SKU, where it is written, and what it says."""
    settings = load_settings(ctx.obj)
    known = parse(read_mappings(settings.mappings), tuple(settings.accounts) or None)
    route = route_for(sku, store, known)
    rule = rule_of(sku, store, known)
    if as_json:
        show_json({"sku": sku, "store": store, "route": _as_json(route) if route else None, "sku_rule": _ways(rule)})
    elif route:
        show("\n".join([_in_words(sku, store, route), *_rule_in_words(rule)]))
    if route is None:
        say(_why_none(sku, store, known))
        raise typer.Exit(ExitCode.FAILURE)


def _checked(path: Path, accounts: tuple[str, ...] | None) -> _Report:
    try:
        read = parse(read_mappings(path), accounts)
        folder = path / "cases"
        cases = parse_cases(read_mappings(folder)) if folder.is_dir() else ()
    except MappingError as error:
        return _Report(problems=tuple(str(error).splitlines()))
    return _Report(len(read.routes), len(cases), (*findings(read), *run_cases(cases, read)))


def _why_none(sku: str, store: str, known: Rules) -> str:
    stores = {name for route in known.routes for name in route.stores}
    if store not in stores:
        return f'no route is for a store "{store}"{did_you_mean(store, stores)}'
    prefixes = sorted(route.prefix for route in known.routes if store in route.stores)
    return f"no route's prefix fits SKU {sku} of store {store}; the prefixes there are: {', '.join(prefixes)}"


def _in_words(sku: str, store: str, route: Route) -> str:
    services = ", ".join(f"{theirs} is {ours}" for theirs, ours in route.services.items())
    lines = {
        "supplier": f"{route.supplier}, {BOUGHT[route.buy]}",
        "relay": f"{route.relay.name}, {route.relay.city}",
        "carrier": f"{route.carrier} ({services})",
        "price": "; ".join(f"{name} {value}" for name, value in _price_terms(route.price).items() if value),
        "stock": f"at most {route.stock.cap}, {route.stock.buffer} kept back",
        "category": route.listing.category_id,
    }
    head = f"SKU {sku} of store {store} takes route {route.name} by its prefix {route.prefix} ({route.place})"
    return "\n".join([head, *(f"  {name:<9} {text}" for name, text in lines.items())])


def _as_json(route: Route) -> dict[str, object]:
    return {
        "name": route.name,
        "prefix": route.prefix,
        "file": route.place.file,
        "line": route.place.line,
        "column": route.place.column,
        "supplier": route.supplier,
        "buy": route.buy,
        "carrier": route.carrier,
        "services": dict(route.services),
        "price": _price_terms(route.price),
        "stock": {"buffer": route.stock.buffer, "cap": route.stock.cap},
        "category": route.listing.category_id,
    }


def _rule_in_words(rule: SkuRule | None) -> list[str]:
    if rule is None:
        return []
    parts = [f"  {'parts':<9} {in_words(rule.parts)} ({rule.place})"] if rule.parts else []
    backups = [f"{n}. {way.supplier}: {in_words(way.parts)}" for n, way in enumerate(rule.backups, start=1)]
    return [*parts, *(f"  {'backup':<9} {text} ({rule.place})" for text in backups)]


def _ways(rule: SkuRule | None) -> dict[str, object] | None:
    if rule is None:
        return None
    backups = [{"supplier": way.supplier, "parts": _parts(way.parts)} for way in rule.backups]
    return {"file": rule.place.file, "line": rule.place.line, "parts": _parts(rule.parts), "backups": backups}


def _parts(parts: tuple[Part, ...]) -> list[dict[str, object]]:
    return [{"offer": part.offer_id, "spec": part.spec_id, "quantity": part.quantity} for part in parts]


def _price_terms(policy: PricePolicy) -> dict[str, str | None]:
    return {
        "currency": policy.currency,
        "multiplier": str(policy.multiplier),
        "packing": str(policy.packing),
        "freight": str(policy.freight),
        "commission": str(policy.commission),
        "minimum_margin": str(policy.minimum_margin),
        "ending": str(policy.ending) if policy.ending is not None else None,
    }
