"""What became of plans: a result for each store and product, none hidden by another's failure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from syncbridge.cli.attended import carry_out, progress
from syncbridge.cli.output import ExitCode, plain, say, show, show_json
from syncbridge.cli.plan_shown import counted, headed
from syncbridge.errors import SyncBridgeError

if TYPE_CHECKING:
    from syncbridge.bootstrap import App
    from syncbridge.flows.approval import Decided
    from syncbridge.flows.bridge import Bridge
    from syncbridge.store.plan_lists import Product
    from syncbridge.texts import Texts

    Act = Callable[[Bridge, int], Awaitable[Decided]]
    """Does something with a plan."""

FAILED = ("refused", "stale")
FINE = ("applied", "auditing")
WAITING = "approved"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one plan."""

    asked: int
    plan: int | None = None
    store: str = ""
    products: Sequence[Product] = ()
    waiting: dict[int, tuple[str, str]] | None = None
    """Why a listing's jobs still wait: code and reason."""
    left: Mapping[str, int] = field(default_factory=dict)
    """How many of its changes were left as they are, by reason."""
    error: str = ""
    """Why nothing was done with it at all."""


async def act_on_plans(ctx: typer.Context, plans: Collection[int], act: Act, *, quiet: bool) -> list[Outcome]:
    """Do it to each plan, wait for the jobs of all, and look what became of each."""
    from syncbridge.bootstrap import assemble, open_database
    from syncbridge.cli.log import set_up_log
    from syncbridge.flows import attended
    from syncbridge.settings import load_settings

    set_up_log(level=30)
    settings = load_settings(ctx.obj)
    app = await assemble(settings, open_database(settings))
    try:
        begun: dict[int, Decided | str] = {}
        for plan in plans:
            try:
                begun[plan] = await act(app.bridge, plan)
            except SyncBridgeError as error:
                begun[plan] = str(error)
        keys = [key for one in begun.values() if not isinstance(one, str) for key in one.keys]
        with progress("jobs", len(keys), quiet=quiet) as told:
            await carry_out(app, attended.goes_on(app.bridge, keys), told)
        return [await _outcome(app, plan, one) for plan, one in begun.items()]
    finally:
        await app.close()


async def _outcome(app: App, asked: int, decided: Decided | str) -> Outcome:
    from syncbridge.flows.approval import named
    from syncbridge.queue import dead_letters
    from syncbridge.store import plan_lists

    if isinstance(decided, str):
        return Outcome(asked, error=decided)
    db, plan = app.bridge.db, decided.plan
    if plan is None:
        return Outcome(asked, left=decided.left)
    stuck = await db.read(dead_letters.of_keys, decided.keys)
    return Outcome(
        asked,
        plan,
        (await db.read(named, plan)).store,
        await db.read(plan_lists.products, plan),
        {int(subject.rpartition("/")[2]): why for subject, why in stuck.items()},
        decided.left,
    )


def tell_outcomes(outcomes: Sequence[Outcome], words: Texts, *, json: bool) -> None:
    """Say what became of each product of each store, and end with 3 if part failed and 1 if all did."""
    if json:
        show_json({"plans": [_as_json(one) for one in outcomes]})
    for one in [] if json else outcomes:
        _print(one, words)
    ends = [_end(one, product)[0] for one in outcomes for product in one.products]
    bad = sum(end not in FINE for end in ends) + sum(bool(one.error) for one in outcomes)
    if bad:
        raise typer.Exit(ExitCode.PARTIAL if bad < len(ends) + sum(bool(one.error) for one in outcomes) else 1)


def _end(outcome: Outcome, product: Product) -> tuple[str, str]:
    """The state of a product's changes in one word, and why."""
    if product.state != WAITING:
        return str(product.state), product.result
    code, why = _waits_for(outcome, product)
    return ("auditing" if code == "auditing" else "waiting"), why


def _waits_for(outcome: Outcome, product: Product) -> tuple[str, str]:
    """Code and reason of what a product's approved changes wait for."""
    return (outcome.waiting or {}).get(product.listing, ("", "it goes out with the listing"))


def _print(one: Outcome, words: Texts) -> None:
    label = words.labels
    if one.error:
        say(f"{label['plan']} {one.asked}: {one.error}")
        return
    ends: dict[str, int] = {}
    for product in one.products:
        word, _ = _end(one, product)
        ends[word] = ends.get(word, 0) + product.number
    told = [counted(ends, "change", words) or label["outcome_none"]]
    told += [label["outcome_left"].format(number=number, why=words.said(why)) for why, number in one.left.items()]
    store = f"{one.store} · " if one.store else ""
    show(f"{store}{label['plan']} {one.plan or one.asked}: {' · '.join(told)}")
    for product in one.products:
        what, end = label[f"field_{product.field}"], label[f"change_{_end(one, product)[0]}"]
        became = label["outcome_product"].format(number=product.number, field=what, state=end)
        name, why = headed(product.listing, product.listing_id, product.title, words), _why(one, product, words)
        show(f"    {name} · {became}{why and f': {why}'}")


def _why(one: Outcome, product: Product, words: Texts) -> str:
    """Why a product's changes stand where they stand, with the words of its cause where it has a code."""
    if product.state != WAITING:
        return words.said(plain(product.result))
    code, why = _waits_for(one, product)
    return f"{words.of(code).cause} ({plain(why)})" if code else words.said(why)


def _as_json(one: Outcome) -> dict[str, object]:
    results: list[dict[str, object]] = [
        {
            "listing": product.listing,
            "listing_id": product.listing_id or None,
            "title": product.title,
            "field": product.field,
            "state": _end(one, product)[0],
            "changes": product.number,
            "why": _end(one, product)[1],
        }
        for product in one.products
    ]
    told: dict[str, object] = {
        "asked": one.asked,
        "plan": one.plan,
        "store": one.store,
        "results": results,
        "said": ", ".join(f"{number} left: {why}" for why, number in one.left.items()),
    }
    return told | ({"error": one.error} if one.error else {})
