"""What can still be done about an order that will miss its ship-by time, the cheapest that is enough first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from syncbridge.model.catalog import Offer
from syncbridge.model.money import Money
from syncbridge.model.purchasing import PurchaseLine, PurchaseState
from syncbridge.model.shipping import LineQuote
from syncbridge.rules.deadlines import Forecast, Lead, Progress, forecast

BETWEEN_URGES = timedelta(hours=24)
"""A supplier may be asked once in that time (1688.md §5.9)."""
Bought = tuple[str, Sequence[PurchaseLine]]
"""A supplier account, and what is bought from it."""
URGED = timedelta(hours=24)
"""A supplier who was asked is taken to ship within it. Nobody has measured that."""
UNSENT = (PurchaseState.INTENDED, PurchaseState.REFUSED)
"""Nothing of such a purchase is at the supplier."""


class Means(StrEnum):
    """What can be done."""

    URGE = "urge"
    SWITCH = "switch"
    """Buy it from a backup."""
    FASTER_LINE = "faster_line"
    ASK_BUYER = "ask_buyer"
    """Ask for more time, or for a cancellation."""


@dataclass(frozen=True, slots=True)
class Rescue:
    """One thing that can be done, what it costs and what it brings."""

    means: Means
    cost: Money | None
    """More than without it; negative if it saves; None: nothing."""
    gain: timedelta
    """How much sooner it is declared; of a line, how much sooner the buyer has it."""
    in_time: bool
    """Whether the ship-by time is kept then."""
    declared_at: datetime | None = None
    """When it is expected to be declared then."""
    to: str = ""
    """The supplier account or the line."""


LAST_RESORT = Rescue(Means.ASK_BUYER, None, timedelta(0), in_time=False)


@dataclass(frozen=True, slots=True)
class Position:
    """A purchase that will be late, and how far it is."""

    ship_by: datetime
    forecast: Forecast
    state: PurchaseState
    progress: tuple[Progress, ...]
    leads: tuple[Lead, Lead]
    """At the supplier, and on the route."""


@dataclass(frozen=True, slots=True)
class Backup:
    """Another way to buy the same."""

    supplier: str
    """Account name."""
    more: Money | None
    """What it costs more than the present way; None: a price of it is not known."""
    dispatch: Lead


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that would take a parcel not booked yet, and the one that the rules take."""

    taken: LineQuote
    offered: tuple[LineQuote, ...]


def rescues(
    position: Position, *, backup: Backup | None = None, lines: Lines | None = None, now: datetime
) -> Sequence[Rescue]:
    """What can be done: first what keeps the ship-by time, the cheapest first; then what only helps; the buyer last.

    `backup` is the next way to buy it, `lines` what may take its parcel; None where there is none, or nobody knows.
    """
    found = [*_urge(position, now), *_switch(position, backup, now), *_faster(lines)]
    found.sort(key=lambda rescue: (not rescue.in_time, *_price(rescue.cost)))
    return [*found, LAST_RESORT]


def more(here: Sequence[Bought], there: Sequence[Bought], offers: Mapping[tuple[str, str], Offer]) -> Money | None:
    """What goods cost more there than here, by the offers as last read; None where a price is not known.

    Freight is left out: only a quote tells it.
    """
    costs = [[_cost(supplier, line, offers) for supplier, lines in some for line in lines] for some in (here, there)]
    known = [cost for some in costs for cost in some if cost is not None]
    if len(known) < sum(map(len, costs)) or len({cost.currency for cost in known}) != 1:
        return None
    nothing = Money.zero(known[0].currency)
    now, then = (sum((cost for cost in some if cost), nothing) for some in costs)
    return then - now


def _cost(supplier: str, line: PurchaseLine, offers: Mapping[tuple[str, str], Offer]) -> Money | None:
    offer = offers.get((supplier, line.offer_id))
    costs = {spec.spec_id: spec.cost for spec in offer.specs} if offer else {}
    cost = costs.get(line.spec_id)
    return cost * line.quantity if cost else None


def may_urge(progress: Progress, now: datetime) -> bool:
    """Whether the supplier may be asked to ship a vendor order: it is paid, and was not asked for within the day."""
    was_urged = progress.urged_at is not None and now - progress.urged_at < BETWEEN_URGES
    return progress.waits_to_be_shipped and not was_urged


def _urge(position: Position, now: datetime) -> list[Rescue]:
    if not any(may_urge(one, now) for one in position.progress):
        return []
    then = max(_urged(position, one, now) for one in position.progress)
    return [_sooner(position, Means.URGE, None, then)]


def _urged(position: Position, progress: Progress, now: datetime) -> datetime:
    """When a vendor order is declared once all that may be asked for is."""
    if not may_urge(progress, now):
        return forecast(position.leads, (progress,), start=now).declared_at
    return now + URGED + position.leads[1].time


def _switch(position: Position, backup: Backup | None, now: datetime) -> list[Rescue]:
    """Only while nothing is at the supplier, and only where it is enough: it cannot be taken back."""
    if backup is None or backup.more is None or position.state not in UNSENT:
        return []
    _, route = position.leads
    bought = forecast((backup.dispatch, route), (), start=now).declared_at
    rescue = _sooner(position, Means.SWITCH, backup.more, bought, backup.supplier)
    return [rescue] if rescue.in_time else []


def _sooner(position: Position, means: Means, cost: Money | None, then: datetime, to: str = "") -> Rescue:
    declared_at = min(then, position.forecast.declared_at)
    gain = position.forecast.declared_at - declared_at
    return Rescue(means, cost, gain, declared_at <= position.ship_by, declared_at, to)


def _faster(lines: Lines | None) -> list[Rescue]:
    """Lines the buyer gets the parcel sooner by. The shop's clock stops with the number, so they do not keep it."""
    if lines is None or lines.taken.days is None or lines.taken.cost is None:
        return []
    taken, longest = lines.taken.cost, lines.taken.days[1]
    return [
        Rescue(Means.FASTER_LINE, line.cost - taken, timedelta(days=longest - line.days[1]), False, to=line.name)
        for line in lines.offered
        if line.days and line.days[1] < longest and line.cost and line.cost.currency == taken.currency
    ]


def _price(cost: Money | None) -> tuple[bool, str, Decimal]:
    """Free things first; amounts of one currency by their size, of several apart."""
    return (False, "", Decimal(0)) if cost is None else (cost.amount > 0, cost.currency, cost.amount)
