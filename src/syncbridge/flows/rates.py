"""Exchange rates come in every few hours; one that left its band is put in force, and all prices are made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from sqlmodel import Session

from syncbridge.errors import SyncBridgeError, Transient
from syncbridge.flows.bridge import CATALOGUE_PATIENCE, Bridge
from syncbridge.model.rates import DailyRates, InForce, Pair
from syncbridge.queue.execute import Done, Outcome, Retry
from syncbridge.queue.job import Claim, NewJob, enqueue
from syncbridge.rules.mapping import Rate
from syncbridge.rules.rates import crossed, decide, is_stale, working_days
from syncbridge.store import catalogue, holds, timeline
from syncbridge.store import rates as store

OUTLIER, STALE = "rate_outlier", "rate_stale"
Told = Sequence[DailyRates]


async def refresh(bridge: Bridge, job: Claim) -> Outcome:
    """Ask a source for the newest rates; what came with the program is what a first one is held against."""
    source = bridge.exchanges[job.account]
    pairs = [pair for pair, account in bridge.rules.followed.items() if account == job.account]
    known = await bridge.db.read(store.in_force)
    packaged = {pair: await source.packaged(pair) for pair in pairs if pair not in known}
    told: dict[Pair, Told] = {pair: [rates] if (rates := packaged.get(pair)) else [] for pair in pairs}
    try:
        newest = await source.daily()
    except Transient as error:
        return Retry(error.code, str(error), lambda session: _take(session, bridge, job.account, told))
    told = {pair: [*before, newest] for pair, before in told.items()}
    return Done(lambda session: _take(session, bridge, job.account, told))


def current(session: Session, bridge: Bridge) -> Bridge:
    """The bridge with the rates in force among its rules; those of the mapping files stay as they are written."""
    if not bridge.rules.followed:
        return bridge
    today, brakes = bridge.clock.now().date(), bridge.terms.rate_brakes
    known = store.in_force(session)
    followed = {
        pair: Rate(rate.value, rate.day, rate.source, stale=is_stale(rate, today, brakes))
        for pair, rate in known.items()
        if pair in bridge.rules.followed
    }
    return replace(bridge, rules=replace(bridge.rules, rates={**bridge.rules.rates, **followed}))


@dataclass(frozen=True, slots=True)
class Listed:
    """A pair that the mapping files name."""

    name: str
    source: str
    """Account name; empty: the mapping files themselves."""
    rate: Rate | None
    """None: nothing was told yet."""
    told: InForce | None
    held: Mapping[str, Mapping[str, str]]
    """Figures by kind of hold."""


def listed(session: Session, bridge: Bridge) -> list[Listed]:
    """Every pair that the mapping files name."""
    rates, told = current(session, bridge).rules.rates, store.in_force(session)
    followed = bridge.rules.followed
    pairs = sorted({*rates, *followed})
    held = holds.open_figures(session, [_subject("/".join(pair)) for pair in pairs])
    return [
        Listed(
            name="/".join(pair),
            source=followed.get(pair, ""),
            rate=rates.get(pair),
            told=told.get(pair) if pair in followed else None,
            held={kind: figures for (kind, subject), figures in held.items() if subject == _subject("/".join(pair))},
        )
        for pair in pairs
    ]


def accept(session: Session, bridge: Bridge, name: str) -> InForce:
    """A person believes the rate that is held: it is put in force. Raises SyncBridgeError if none is."""
    figures = holds.open_figures(session, [_subject(name)]).get((OUTLIER, _subject(name)))
    rate = {rate.name: rate for rate in store.in_force(session).values()}.get(name)
    if figures is None or rate is None:
        raise SyncBridgeError(f"no rate of {name} is held; see: syncbridge rates list")
    value, day, now = Decimal(figures["after"]), date.fromisoformat(figures["day"]), bridge.clock.now()
    told = replace(rate, value=value, day=day, since=now, told=value, told_day=day)
    store.keep(session, [told])
    holds.close_holds(session, OUTLIER, [_subject(name)], now=told.since)
    holds.close_holds(session, STALE, [_subject(name)], now=told.since)
    timeline.note(session, _subject(name), "accepted", at=told.since, **figures)
    _ask_for_prices(session, bridge, f"rate {name} was accepted")
    return told


def _take(session: Session, bridge: Bridge, account: str, told: Mapping[Pair, Told]) -> None:
    """Decide about each pair, keep what changed, and say what a person has to know."""
    known = store.in_force(session)
    kept: list[InForce] = []
    moved: list[str] = []
    for pair, days in told.items():
        before = known.get(pair)
        rate, changed = _decided(session, bridge, account, pair, before, days)
        if rate is not None and rate != before:
            kept.append(rate)
        fresh_again = _note_stale(session, bridge, account, pair, rate)
        if changed or fresh_again:
            moved.append("/".join(pair))
    store.keep(session, kept)
    if moved:
        _ask_for_prices(session, bridge, f"rate {', '.join(moved)}")


def _decided(
    session: Session, bridge: Bridge, account: str, pair: Pair, rate: InForce | None, days: Told
) -> tuple[InForce | None, bool]:
    """The rate in force after these days, and whether it is another one."""
    now, changed, first = bridge.clock.now(), False, rate is None
    for rates in days:
        told = crossed(rates, pair, source=account, now=now)
        if told is None:
            continue
        gap = max(1, working_days(rate.told_day, told.day)) if first and rate is not None else 1
        decision = decide(rate, told, bridge.terms.rate_brakes, days=gap)
        _note_outlier(session, rate, told, decision.held)
        rate, changed = decision.rate, changed or decision.changed
    return rate, changed


def _note_outlier(session: Session, rate: InForce | None, told: InForce, held: str) -> None:
    subject = _subject(told.name)
    if not held or rate is None:
        if rate is None or told.told_day > rate.told_day:
            holds.close_holds(session, OUTLIER, [subject], now=told.since)
        return
    figures = {"why": held, "before": str(rate.told), "after": str(told.value), "day": str(told.day)}
    if holds.open_hold(session, OUTLIER, subject, figures, now=told.since):
        timeline.note(session, subject, f"held: {OUTLIER}", at=told.since, **figures)


def _note_stale(session: Session, bridge: Bridge, account: str, pair: Pair, rate: InForce | None) -> bool:
    """Open or close the hold of a silent source; answers whether one that was silent speaks again."""
    now, subject = bridge.clock.now(), _subject("/".join(pair))
    if rate is not None and not is_stale(rate, now.date(), bridge.terms.rate_brakes):
        was_open = (STALE, subject) in holds.open_figures(session, [subject])
        holds.close_holds(session, STALE, [subject], now=now)
        return was_open
    last = f"since {rate.told_day}" if rate else "at all"
    why = f"{account} has told no rate of {'/'.join(pair)} {last}; prices that need it stay as they are"
    if holds.open_hold(session, STALE, subject, {"why": why}, now=now):
        timeline.note(session, subject, f"held: {STALE}", at=now, why=why)
    return False


def _ask_for_prices(session: Session, bridge: Bridge, cause: str) -> None:
    """Make all prices anew, from what is kept of the offers."""
    now = bridge.clock.now()
    accounts = catalogue.accounts(session)
    enqueue(session, [reprice_job(account, cause, now.isoformat(), "", now) for account in accounts], now=now)


def reprice_job(account: str, cause: str, run: str, after: str, now: datetime) -> NewJob:
    """The job that makes the prices of a page of offers anew, those whose ids come next `after` one."""
    return NewJob(
        kind="plan.reprice",
        key=f"plan.reprice:{account}:{run}:{after}",
        account=account,
        run_at=now,
        priority=now + CATALOGUE_PATIENCE,
        subject=f"account {account}",
        lock=f"plan.reprice:{account}",
        args={"cause": cause, "run": run, "after": after},
    )


def _subject(name: str) -> str:
    return f"rate {name}"
