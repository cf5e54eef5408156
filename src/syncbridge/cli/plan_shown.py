"""How a plan is shown: to people in their language, to programs as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from syncbridge.cli.output import plain, show

if TYPE_CHECKING:
    from syncbridge.model.catalog import Plan
    from syncbridge.rules.plan_totals import Totals
    from syncbridge.store.plan_lists import Line, Stopped
    from syncbridge.texts import Texts

PAGE = 200
"""Changes shown at once."""
LONGEST = 60
"""Characters of a text that are shown."""


def print_plan(
    one: Plan, sums: Totals, stopped: Sequence[Stopped], lines: Sequence[Line], words: Texts, *, page: int
) -> None:
    """A page of a plan for people: every change by listing, the totals, what guards stop of it, and what to do next."""
    label = words.labels
    show(head(one, words))
    last = 0
    for line in lines:
        if line.change.listing != last:
            last = line.change.listing
            show(headed(last, line.listing_id, line.title, words))
        show(f"    {plain(_line(line, words))}")
    if len(lines) == PAGE:
        show(f"… {label['plan_more']}: syncbridge plan show {one.id} --page {page + 1}")
    named = {name: number for name, number in asdict(sums).items() if number}
    show(f"{label['plan_total']}: {counted(named, 'total', words) or label['plan_empty']}")
    for brake in stopped:
        by = label["plan_stopped"].format(number=brake.number, guard=brake.guard)
        show(f"! {by}: {words.of(brake.guard).cause}")
        show(f"    {plain(brake.why)}")
    show(f"→ syncbridge apply {one.id}")


def plan_as_json(one: Plan, sums: Totals, stopped: Sequence[Stopped], lines: Sequence[Line]) -> dict[str, object]:
    """The same for programs; `more` says whether another page follows."""
    changes = [
        {
            "listing": line.change.listing,
            "listing_id": line.listing_id or None,
            "title": line.title,
            "sku": line.change.sku_code or None,
            "field": line.change.field,
            "before": line.change.before,
            "after": line.change.after,
            "reason": line.change.reason,
            "rule": line.change.rule,
            "state": line.change.state,
            "guard": line.change.guard or None,
            "result": line.change.result,
        }
        for line in lines
    ]
    brakes = [asdict(brake) for brake in stopped]
    more = len(lines) == PAGE
    return head_as_json(one) | {"totals": asdict(sums), "stopped": brakes, "changes": changes, "more": more}


def head(one: Plan, words: Texts) -> str:
    """A plan's number, store, time and cause."""
    when, why = f"{one.made_at:%Y-%m-%d %H:%M} UTC", words.said(one.cause)
    return plain(f"{words.labels['plan']} {one.id} · {one.store} · {when} · {why}")


def head_as_json(one: Plan) -> dict[str, object]:
    """The same for programs."""
    return {"plan": one.id, "store": one.store, "cause": one.cause, "made_at": one.made_at.isoformat()}


def headed(listing: int, listing_id: str, title: str, words: Texts) -> str:
    """A listing's number, its id on the channel, and its title."""
    label = words.labels
    return plain(f"{label['field_listing']} {listing} · {listing_id or label['not_on_channel']} · {title}")


def counted(numbers: Mapping[str, int], sort: str, words: Texts) -> str:
    """How many there are of what, by the names that labels of this sort give."""
    label = words.labels
    told = (label["counted"].format(number=number, what=label[f"{sort}_{name}"]) for name, number in numbers.items())
    return ", ".join(told)


def _line(line: Line, words: Texts) -> str:
    from syncbridge.rules.plan_totals import move

    change, label = line.change, words.labels
    by = move(change.before, change.after) if change.field == "price" else None
    before, after = (_value(change.field, value, words) for value in (change.before, change.after))
    what = f"{change.sku_code} {label[f'field_{change.field}']}: {before} → {after}".strip()
    moved = f" ({by:+.1%})" if by is not None else ""
    why = f" · {words.said(change.result)}" if change.result else ""
    state, rule = label[f"change_{change.state}"], change.rule or label["no_rule"]
    return f"{what}{moved} · {state}{why} · {words.said(change.reason)} · {rule}"


def _value(field: str, value: str, words: Texts) -> str:
    """What is neither a figure nor somebody's words has a name."""
    match field:
        case "title" | "description":
            return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
        case "status":
            return words.labels.get(f"listing_{value}", value)
        case _:
            return words.labels.get(f"value_{value.lower()}", value)
