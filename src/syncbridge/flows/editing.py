"""Tables that people edited come back: each row is judged for itself, and a row that changes nothing writes nothing.

Bindings and words are written. Prices are proposed: they go out when a person has approved the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from syncbridge.flows.bridge import Bridge
from syncbridge.flows.events import offer_job
from syncbridge.flows.exporting import TABLES, Table
from syncbridge.model.catalog import Binding, ChangeState, GivenText, Offer, OwnListing
from syncbridge.queue.job import enqueue
from syncbridge.rules import edited, planning
from syncbridge.rules.planning import Step
from syncbridge.rules.routing import BoundSpec, route_for
from syncbridge.store import catalogue, edits, given_texts, plans, timeline
from syncbridge.store.edits import UNSENT, Sku
from syncbridge.store.given_texts import Place

Source = tuple[str, ...]
"""Account and offer."""
TOGETHER = 500
"""Rows looked up at a time."""


@dataclass(frozen=True, slots=True)
class EditedRow:
    """A row as a person left it."""

    number: int
    cells: Mapping[str, str]
    """By column."""
    spoilt: Mapping[str, str] = field(default_factory=dict)
    """Why a cell cannot be taken for what was meant, by column."""


@dataclass(frozen=True, slots=True)
class RowFailure:
    """A row that was not taken, and why."""

    number: int
    written: str
    code: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class RowChange:
    """What a row changes."""

    number: int
    store: str
    what: str
    before: str
    after: str


@dataclass(slots=True)
class Edits:
    """What became of a table."""

    unchanged: int = 0
    changes: list[RowChange] = field(default_factory=list)
    failures: list[RowFailure] = field(default_factory=list)
    plans: dict[str, int] = field(default_factory=dict)
    """By store, the plan that waits for approval."""

    @property
    def stores(self) -> Mapping[str, int]:
        """How many rows change something, by store."""
        return Counter(change.store for change in self.changes)


Judge = Callable[[EditedRow], None]
"""Takes a row, or refuses it."""


class _Refused(Exception):
    """A row cannot be taken."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.why = why


def bindings(session: Session, bridge: Bridge, rows: Sequence[EditedRow], file: str) -> Edits:
    """Bind SKUs to the specs that rows name, where these are known."""
    now, told = bridge.clock.now(), Edits()
    fresh: dict[Sku, BoundSpec] = {}

    def judge(row: EditedRow, binding: Binding, offers: Mapping[Source, Offer]) -> None:
        spec = BoundSpec(row.cells["account"], row.cells["offer"], row.cells["spec"])
        before = BoundSpec(binding.supplier, binding.offer_id, binding.spec_id)
        if spec == before:
            told.unchanged += 1
            return
        _check_spec(bridge, binding, spec, offers.get((spec.supplier, spec.offer_id)))
        fresh[_sku(row)] = spec
        told.changes.append(RowChange(row.number, binding.store, binding.sku_code, _named(before), _named(spec)))

    def look_up(some: Sequence[EditedRow]) -> Judge:
        known, offers = edits.bindings(session, {_sku(row) for row in some}), _offers(session, some)
        return lambda row: judge(row, _of_sku(known, row), offers)

    _each(told, rows, TABLES["bindings"], look_up)
    edits.bind(session, fresh)
    read = sorted({(spec.supplier, spec.offer_id) for spec in fresh.values()})
    enqueue(session, [offer_job(*offer, f"bound {now.isoformat()}", now) for offer in read], now=now)
    for store, number in told.stores.items():
        timeline.note(session, f"store {store}", "bindings given", at=now, file=file, rows=str(number))
    return told


def prices(session: Session, bridge: Bridge, rows: Sequence[EditedRow], file: str) -> Edits:
    """Propose the prices that rows name, one plan for each store."""
    told = Edits()
    steps: dict[str, list[tuple[int, Step]]] = {}

    def judge(row: EditedRow, binding: Binding, proposed: str | None) -> None:
        price, before = _price(row, binding), str(binding.price_wanted)
        if price in ("", before, proposed):
            told.unchanged += 1
            return
        step = Step(binding.sku_code, "price", before, price, f"given in {file} row {row.number}")
        steps.setdefault(binding.store, []).append((binding.listing, step))
        told.changes.append(RowChange(row.number, binding.store, binding.sku_code, before, price))

    def look_up(some: Sequence[EditedRow]) -> Judge:
        known = edits.bindings(session, {_sku(row) for row in some})
        proposed = edits.proposed_prices(session, known)
        return lambda row: judge(row, _of_sku(known, row), proposed.get(_sku(row)))

    _each(told, rows, TABLES["prices"], look_up)
    _propose(session, bridge, told, steps, f"prices given in {file}")
    return told


def listings(session: Session, bridge: Bridge, rows: Sequence[EditedRow], file: str) -> Edits:
    """Keep the words that rows give for listings: those not sent yet are drafted with them, to the others' they are
    proposed, one plan for each store.
    """
    told = Edits()
    fresh: dict[Place, GivenText | None] = {}
    reworded: list[OwnListing] = []
    steps: dict[str, list[tuple[int, Step]]] = {}

    def judge(row: EditedRow, offer: Offer | None, given: GivenText, listing: OwnListing | None) -> None:
        if row.cells["store"] not in bridge.channels:
            raise _Refused("row_unknown_store", ", ".join(sorted(bridge.channels)))
        if offer is None:
            raise _Refused("row_unknown_offer")
        text = _text(row)
        if text == given:
            told.unchanged += 1
            return
        store, account, offer_id = _place(row)
        fresh[_place(row)] = text if text != GivenText() else None
        told.changes.append(RowChange(row.number, store, f"{account}/{offer_id}", given.title, text.title))
        if listing is not None and listing.state in UNSENT:
            reworded.append(_worded(listing, offer, text))
        elif listing is not None:
            why = f"given in {file} row {row.number}"
            steps.setdefault(store, []).extend((listing.id, step) for step in _word_steps(listing, offer, text, why))

    def look_up(some: Sequence[EditedRow]) -> Judge:
        offers, there = _offers(session, some), edits.listings(session, {_place(row) for row in some})
        given = _given(session, some)
        return lambda row: judge(
            row, offers.get(_place(row)[1:]), given.get(_place(row), GivenText()), there.get(_place(row))
        )

    _each(told, rows, TABLES["listings"], look_up)
    given_texts.give(session, fresh, now=bridge.clock.now())
    edits.reword(session, reworded)
    _propose(session, bridge, told, steps, f"words given in {file}")
    return told


EDITS: Mapping[str, Callable[[Session, Bridge, Sequence[EditedRow], str], Edits]] = {
    "bindings": bindings,
    "prices": prices,
    "listings": listings,
}


def _propose(
    session: Session, bridge: Bridge, told: Edits, steps: Mapping[str, Sequence[tuple[int, Step]]], cause: str
) -> None:
    """Write what a table asks for as one plan for each store, which waits for a person."""
    for store, of_store in steps.items():
        if of_store:
            told.plans[store] = plans.begin(session, store, cause, now=bridge.clock.now())
            plans.add(session, told.plans[store], of_store, ChangeState.PROPOSED)
            plans.overtake(session, told.plans[store])


def _each(
    told: Edits, rows: Sequence[EditedRow], table: Table, look_up: Callable[[Sequence[EditedRow]], Judge]
) -> None:
    """Judge every row for itself; what names no thing, or one that another row named, is refused."""
    seen: dict[tuple[str, ...], int] = {}
    for start in range(0, len(rows), TOGETHER):
        some = rows[start : start + TOGETHER]
        judge = look_up(some)
        for row in some:
            try:
                first = seen.setdefault(_key(row, table), row.number)
                if first != row.number:
                    raise _Refused("row_repeated", f"row {first} is about it already")
                judge(row)
            except _Refused as refused:
                told.failures.append(RowFailure(row.number, _written(row, table), refused.code, refused.why))


def _key(row: EditedRow, table: Table) -> tuple[str, ...]:
    for column in (*table.keys, *table.edited):
        if column in row.spoilt:
            raise _Refused(row.spoilt[column])
    if missing := [column for column in table.keys if not row.cells[column]]:
        raise _Refused("row_names_nothing", ", ".join(missing))
    return tuple(row.cells[column] for column in table.keys)


def _of_sku(known: Mapping[Sku, Binding], row: EditedRow) -> Binding:
    if _sku(row) not in known:
        raise _Refused("row_unknown_sku")
    return known[_sku(row)]


def _check_spec(bridge: Bridge, binding: Binding, spec: BoundSpec, offer: Offer | None) -> None:
    if spec.supplier not in bridge.suppliers:
        raise _Refused("row_unknown_account", ", ".join(sorted(bridge.suppliers)))
    if offer is None:
        raise _Refused("row_unknown_offer")
    if spec.spec_id not in {each.spec_id for each in offer.specs}:
        raise _Refused("row_unknown_spec", f"offer {spec.offer_id} has no spec {spec.spec_id or '(empty)'}")
    route = route_for(binding.sku_code, binding.store, bridge.rules)
    if route is not None and route.supplier != spec.supplier:
        raise _Refused("row_other_account", f"route {route.name} ({route.place}) buys through {route.supplier}")


def _price(row: EditedRow, binding: Binding) -> str:
    """The price as plans write it; empty if the row names none."""
    try:
        price = edited.price(row.cells["price"], row.cells["currency"], binding.price_wanted)
    except ValueError as error:
        raise _Refused("row_bad_price", str(error)) from error
    return str(price) if price else ""


def _text(row: EditedRow) -> GivenText:
    try:
        return edited.text(row.cells["title"], row.cells["description"])
    except ValueError as error:
        raise _Refused("row_bad_title", str(error)) from error


def _worded(listing: OwnListing, offer: Offer, text: GivenText) -> OwnListing:
    title, description = planning.words(offer, text)
    return replace(listing, draft=replace(listing.draft, title=title, description_html=description))


def _word_steps(listing: OwnListing, offer: Offer, text: GivenText, why: str) -> list[Step]:
    """The changes that give a listing on the channel these words, or the supplier's again."""
    before, after = listing.draft, _worded(listing, offer, text).draft
    words = (("title", before.title, after.title), ("description", before.description_html, after.description_html))
    return [Step("", field, old, new, why) for field, old, new in words if old != new]


def _offers(session: Session, rows: Sequence[EditedRow]) -> dict[Source, Offer]:
    return {
        (account, offer_id): offer
        for account, offer_ids in _by_account(rows).items()
        for offer_id, offer in catalogue.offers(session, account, offer_ids).items()
        if offer is not None
    }


def _given(session: Session, rows: Sequence[EditedRow]) -> dict[Place, GivenText]:
    return {
        (store, account, offer_id): text
        for account, offer_ids in _by_account(rows).items()
        for (store, offer_id), text in given_texts.of_offers(session, account, offer_ids).items()
    }


def _by_account(rows: Sequence[EditedRow]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.cells["account"], set()).add(row.cells["offer"])
    return found


def _sku(row: EditedRow) -> Sku:
    return row.cells["store"], row.cells["sku"]


def _place(row: EditedRow) -> Place:
    return row.cells["store"], row.cells["account"], row.cells["offer"]


def _named(spec: BoundSpec) -> str:
    return f"{spec.supplier}/{spec.offer_id}/{spec.spec_id}"


def _written(row: EditedRow, table: Table) -> str:
    return " · ".join(row.cells[column] for column in (*table.keys, *table.edited) if row.cells[column])[:120]
