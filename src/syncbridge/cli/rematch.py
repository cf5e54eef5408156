"""``syncbridge rematch``: SKUs whose spec the supplier renamed or deleted, and the specs that may take its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.batch import one_by_one, tell
from syncbridge.cli.database import in_database
from syncbridge.cli.output import plain, show, show_json

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.model.catalog import Spec
    from syncbridge.rules.rematch import Match
    from syncbridge.store.holds import OpenHold
    from syncbridge.store.lost_specs import LostSpec

    Proposals = list[tuple[LostSpec, list[Match]]]

rematch = typer.Typer(help="Which spec takes the place of one that a supplier renamed.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="As `rematch list` shows them.")]
NEW = "new-"
"""What the ids of new variants begin with."""


@rematch.command("list")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """Each SKU that lost its spec, with what may have taken its place, side by side; and variants that are new."""
    found, new = in_database(ctx, _found)
    if json:
        lost = [_as_json(one, matches) for one, matches in found]
        variants = [{"id": f"{NEW}{hold.id}", "subject": hold.subject, **hold.figures} for hold in new]
        show_json({"lost": lost, "new": variants})
        return
    for one, matches in found:
        _print(one, matches)
    for hold in new:
        show(plain(f"{NEW}{hold.id} · {hold.subject} · {hold.figures['variants']}"))
        show(f"    {plain(hold.figures['why'])}")
        show(f"    → syncbridge rematch refuse {NEW}{hold.id}")
    if not found and not new:
        show("Every SKU has its spec.")


@rematch.command()
def accept(
    ctx: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `rematch list` shows it.")],
    spec: Annotated[str | None, typer.Option(metavar="ID", help="The spec; default: the likeliest.")] = None,
    json: Json = False,
) -> None:
    """Bind the SKU to a spec of the same offer; orders that wait for it are bought so."""
    from syncbridge.bootstrap import SystemClock
    from syncbridge.flows import variants

    now = SystemClock().now()

    def act(session: Session, one: str) -> None:
        variants.accept(session, _number(one), spec, now=now)

    tell(one_by_one(ctx, [id_], act), "has its spec; its stock follows by itself", json=json)


@rematch.command()
def refuse(ctx: typer.Context, ids: Ids, json: Json = False) -> None:
    """Say that no spec takes its place, so that it stays at zero; or that new variants have been seen to."""
    from syncbridge.bootstrap import SystemClock
    from syncbridge.flows import new_variants, variants

    now = SystemClock().now()

    def act(session: Session, one: str) -> None:
        if one.startswith(NEW):
            new_variants.dismiss(session, _number(one.removeprefix(NEW)), now=now)
        else:
            variants.refuse(session, _number(one), now=now)

    tell(one_by_one(ctx, ids, act), "is settled", json=json)


def _found(session: Session) -> tuple[Proposals, list[OpenHold]]:
    from syncbridge.flows import new_variants, variants
    from syncbridge.store import holds, lost_specs

    lost = [(one, variants.found_for(session, one)) for one in lost_specs.all_open(session)]
    return lost, [hold for hold in holds.all_open(session) if hold.kind == new_variants.NEW_VARIANT]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _print(one: LostSpec, matches: list[Match]) -> None:
    since = f"{one.lost_at:%Y-%m-%d %H:%M} UTC"
    show(plain(f"{one.id} · {one.subject} · offer {one.account}/{one.offer_id} · since {since}"))
    show(f"    was: {_wording(one.spec)}")
    for match in matches:
        likeness = ", ".join(f"{name} {likeness}" for name, likeness in match.likeness.items())
        show(f"    {match.score}: {_wording(match.spec)} ({likeness})")
        show(f"    → syncbridge rematch accept {one.id} --spec {plain(match.spec.spec_id)}")
    if not matches:
        show("    no spec of the offer is free")
    show(f"    → syncbridge rematch refuse {one.id}")


def _wording(spec: Spec) -> str:
    from syncbridge.rules.rematch import wording

    told = [wording(spec), str(spec.cost) if spec.cost else "", spec.goods_code or ""]
    return plain(" · ".join(part for part in told if part))


def _as_json(one: LostSpec, matches: list[Match]) -> dict[str, object]:
    return {
        "id": str(one.id),
        "store": one.store,
        "sku": one.sku_code,
        "supplier": one.account,
        "offer": one.offer_id,
        "since": one.lost_at.isoformat(timespec="seconds"),
        "lost": _spec_as_json(one.spec),
        "matches": [{"score": m.score, "likeness": dict(m.likeness), **_spec_as_json(m.spec)} for m in matches],
    }


def _spec_as_json(spec: Spec) -> dict[str, object]:
    return {
        "spec": spec.spec_id,
        "attributes": [list(pair) for pair in spec.attributes],
        "cost": str(spec.cost) if spec.cost else None,
        "goods_code": spec.goods_code,
        "image": spec.image_url,
    }
