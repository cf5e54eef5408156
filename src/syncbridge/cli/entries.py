"""How entries of the retry queue are shown: to people in their language, to programs as JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from syncbridge.cli.output import plain, show

if TYPE_CHECKING:
    from syncbridge.flows.retry_queue import Entry
    from syncbridge.model.purchasing import Purchase, PurchaseLine
    from syncbridge.rules.candidates import Candidate
    from syncbridge.rules.deadlines import Forecast
    from syncbridge.rules.rescues import Rescue
    from syncbridge.texts import Texts

Lang = Annotated[
    Literal["en", "zh"] | None, typer.Option(help="Language; default: that of the settings, else the locale's.")
]


def words_of(ctx: typer.Context, lang: str | None) -> Texts:
    """The words of the language asked for, or the settings', or the locale's."""
    from syncbridge.settings import load_settings
    from syncbridge.texts import choose, texts

    return texts(choose(lang or load_settings(ctx.obj).language, os.environ))


def _words(entry: Entry, words: Texts) -> tuple[str, str]:
    """Cause and what to do; what is tried again by itself needs nothing."""
    if entry.state == "waiting":
        return words.of(entry.code).cause, words.labels["tried_again"]
    text = words.of(entry.code, entry.what)
    return text.cause, text.todo.replace("{id}", entry.id)


def as_json(entry: Entry, words: Texts, now: datetime, rescues: Sequence[Rescue] = ()) -> dict[str, object]:
    """An entry for programs; `late_in_seconds` is the time left to act, negative if it is late, null if it is not."""
    cause, todo = _words(entry, words)
    left = entry.late(now)
    return {
        "id": entry.id,
        "what": entry.what,
        "subject": entry.subject,
        "state": entry.state,
        "code": entry.code,
        "cause": cause,
        "reason": entry.reason,
        "figures": dict(entry.figures),
        "next_step": todo,
        "at_stake": str(entry.at_stake) if entry.at_stake else None,
        "mark": entry.mark or None,
        "attempts": entry.attempts,
        "next_attempt": _stamp(entry.next_attempt),
        "ship_by": _stamp(entry.ship_by),
        "act_by": _stamp(entry.act_by),
        "late_in_seconds": None if left is None else round(left.total_seconds()),
        "forecast": _forecast_as_json(entry.forecast) if entry.forecast else None,
        "rescues": [_rescue_as_json(entry, rescue, words) for rescue in rescues],
    }


def _forecast_as_json(forecast: Forecast) -> dict[str, object]:
    ahead = [
        {"seconds": round(lead.time.total_seconds()), "basis": lead.basis, "sample": lead.sample}
        for lead in forecast.ahead
    ]
    return {"declared_at": _stamp(forecast.declared_at), "ahead": ahead}


def _rescue_as_json(entry: Entry, rescue: Rescue, words: Texts) -> dict[str, object]:
    return {
        "means": rescue.means,
        "said": words.labels[f"rescue_{rescue.means}"],
        "to": rescue.to or None,
        "cost": str(rescue.cost) if rescue.cost else None,
        "gain_in_seconds": round(rescue.gain.total_seconds()),
        "in_time": rescue.in_time,
        "declared_at": _stamp(rescue.declared_at),
        "command": _remedy(entry, rescue),
    }


def print_entry(entry: Entry, words: Texts, now: datetime, rescues: Sequence[Rescue] = ()) -> None:
    """An entry for people: what it is, whether it will be late, why it stopped, and what to do."""
    label = words.labels
    cause, todo = _words(entry, words)
    head = [entry.id, label[entry.state], entry.subject, entry.what]
    head += [entry.mark] if entry.mark else []
    head += [f"{label['at_stake']} {entry.at_stake}"] if entry.at_stake else []
    head += [f"{label['ship_by']} {entry.ship_by:%Y-%m-%d %H:%M} UTC"] if entry.ship_by else []
    head += [f"{label['tries']} {entry.attempts}"] if entry.attempts else []
    head += [f"{label['next_try']} {entry.next_attempt:%Y-%m-%d %H:%M:%S} UTC"] if entry.next_attempt else []
    show(plain(" · ".join(head)))
    left = entry.late(now)
    if left is not None:
        show(f"    ! {label['too_late' if left < timedelta(0) else 'act_within']} {_duration(abs(left))}")
        show(f"    {_forecast(entry.forecast, words)}" if entry.forecast else "")
    show(f"    {cause} ({plain(entry.code)})")
    show(f"    {plain(entry.reason)}{_figures(entry.figures)}")
    show(f"    → {todo}")
    for rescue in rescues:
        show(f"    → {_rescue(entry, rescue, words)}")


def _forecast(forecast: Forecast, words: Texts) -> str:
    """When it will be declared, and what that is expected by."""
    label = words.labels
    ahead = [label[f"by_{lead.basis}"].format(sample=lead.sample, time=_duration(lead.time)) for lead in forecast.ahead]
    told = f" ({'; '.join(ahead)})" if ahead else ""
    return f"{label['forecast']} {forecast.declared_at:%Y-%m-%d %H:%M} UTC{told}"


def _rescue(entry: Entry, rescue: Rescue, words: Texts) -> str:
    """What can be done, what it costs, what it brings, and the command."""
    label = words.labels
    told = [label[f"rescue_{rescue.means}"] + (f" {plain(rescue.to)}" if rescue.to else "")]
    if rescue.declared_at:
        told.append(f"{label['forecast']} {rescue.declared_at:%Y-%m-%d %H:%M} UTC")
        told.append(label["in_time" if rescue.in_time else "still_late"])
    elif rescue.gain:
        told.append(f"{label['sooner_there']} {_duration(rescue.gain)}")
    told += [f"{label['costs_more']} {rescue.cost}"] if rescue.cost else []
    command = _remedy(entry, rescue)
    return " · ".join(told) + (f": {command}" if command else "")


def _remedy(entry: Entry, rescue: Rescue) -> str | None:
    """The command that does it; None where only a person can, on the vendor's page or in the mapping files."""
    from syncbridge.flows.retry_queue import GOING_ON

    if rescue.means not in ("urge", "switch") or entry.purchase is None:
        return None
    return f"syncbridge queue {rescue.means} {GOING_ON}{entry.purchase}"


def print_candidates(entry: Entry, purchase: Purchase, found: list[Candidate], words: Texts) -> None:
    """What a purchase wants, and under it each order it may have become, with the command that adopts it."""
    label = words.labels
    sent = f" · {label['sent']} {purchase.sent_at:%Y-%m-%d %H:%M:%S} UTC" if purchase.sent_at else ""
    cost = f" · {purchase.quote.total}" if purchase.quote else ""
    show(f"{label['wanted']}: {_lines(purchase.lines)}{cost} · {purchase.mark}{sent}")
    for candidate in found:
        order = candidate.order
        made = f"{order.created_at:%Y-%m-%d %H:%M:%S} UTC" if order.created_at else ""
        state = label.get(order.state, label["state_other"])
        alike = ", ".join(label[like] for like in candidate.likeness)
        show(plain(f"{order.vendor_order_id} · {state} · {order.total} · {made} · {_lines(order.lines)} · {alike}"))
        if _command(entry, candidate):
            show(f"    → {_command(entry, candidate)}")
    if not found:
        show(label["no_candidates"])


def candidate_as_json(entry: Entry, candidate: Candidate) -> dict[str, object]:
    """A candidate for programs."""
    order = candidate.order
    return {
        "number": order.vendor_order_id,
        "state": order.state,
        "total": str(order.total),
        "created_at": _stamp(order.created_at),
        "lines": [{"offer": line.offer_id, "spec": line.spec_id, "quantity": line.quantity} for line in order.lines],
        "likeness": [str(like) for like in candidate.likeness],
        "score": candidate.score,
        "command": _command(entry, candidate),
    }


def _command(entry: Entry, candidate: Candidate) -> str:
    """What adopts a candidate; empty for one that was cancelled."""
    from syncbridge.model.purchasing import VendorOrderState

    if candidate.order.state is VendorOrderState.CANCELLED:
        return ""
    return f"syncbridge queue adopt {entry.id} {candidate.order.vendor_order_id}"


def _lines(lines: tuple[PurchaseLine, ...]) -> str:
    return ", ".join(f"{line.offer_id}/{line.spec_id} × {line.quantity}" for line in lines)


def _figures(figures: Mapping[str, str]) -> str:
    told = ", ".join(f"{plain(name)}: {plain(value)}" for name, value in figures.items() if value)
    return f" [{told}]" if told else ""


def _stamp(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _duration(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    days, hours, left = minutes // 1440, minutes // 60 % 24, minutes % 60
    return f"{days} d {hours} h" if days else f"{hours} h {left} min"
