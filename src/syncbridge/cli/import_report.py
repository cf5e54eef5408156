"""What became of an import, for people in their language and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from syncbridge.cli.output import ExitCode, plain, show, show_json
from syncbridge.cli.rows import SHOWN, print_rows, row_as_json
from syncbridge.model.importing import ImportItem, ItemState

if TYPE_CHECKING:
    from syncbridge.flows.editing import Edits
    from syncbridge.flows.importing import Report
    from syncbridge.texts import Texts


def as_json(report: Report, words: Texts) -> dict[str, object]:
    """An import for programs; times in seconds, `calls_left` null if nobody knows the quota."""
    run = report.run
    return {
        "run": run.id,
        "account": run.account,
        "source": run.source,
        "what": run.what,
        "begun_at": run.begun_at.isoformat(timespec="seconds"),
        "ended_at": run.ended_at.isoformat(timespec="seconds") if run.ended_at else None,
        "counts": _counts(report.counts),
        "stores": {store: dict(states) for store, states in report.stores.items()},
        "failures": [row_as_json(item, words, run.id) for item in report.failures],
        "doubles": [row_as_json(item, words, run.id) for item in report.doubles],
        "per_second": report.per_second,
        "seconds_left": report.seconds_left,
        "calls_left": report.calls_left,
        "stuck": {"id": report.stuck.id, "reason": report.stuck.reason} if report.stuck else None,
    }


def print_report(report: Report, words: Texts) -> None:
    """An import for people: counts, listings by store, what waits, and each row that failed with what to do."""
    run, label = report.run, words.labels
    what = f" · {plain(run.what)}" if run.what else ""
    show(f"{label['import']} {run.id}{what} · {run.account} · {_told(report.counts, words)}")
    for store, states in report.stores.items():
        told = ", ".join(f"{label[f'listing_{state}']} {number}" for state, number in states.items())
        show(f"    {store}: {told or label['nothing_listed']}")
    if report.seconds_left is not None:
        left = timedelta(seconds=report.seconds_left)
        show(f"    {report.per_second:.1f}/s · {label['time_left']} {left}")
    if report.calls_left is not None:
        show(f"    {label['calls_left']} {report.calls_left:,}")
    if report.stuck is not None:
        show(f"    ! {plain(report.stuck.reason)}")
        show(f"    → {words.of('import_stuck').todo.replace('{id}', str(run.id))}")
    print_rows(report.doubles, words, run.id)
    print_rows(report.failures, words, run.id)


def tell_planned(items: Sequence[ImportItem], words: Texts, *, json: bool) -> None:
    """What an import would do; ends with an exit code other than 0 if rows cannot be read."""
    counts = Counter(item.state for item in items)
    failed = [item for item in items if item.state is ItemState.FAILED]
    doubles = [item for item in items if item.state is ItemState.DOUBLE]
    if json:
        told = {
            "failures": [row_as_json(item, words) for item in failed],
            "doubles": [row_as_json(item, words) for item in doubles],
        }
        show_json({"dry_run": True, "counts": _counts(counts), **told})
    else:
        show(f"{words.labels['would_import']} {counts[ItemState.WAITING]} · {_told(counts, words)}")
        print_rows([*doubles, *failed], words)
    if failed:
        raise typer.Exit(ExitCode.PARTIAL)


def tell_edits(edits: Edits, words: Texts, *, json: bool) -> None:
    """What became of an edited table; ends with an exit code other than 0 if rows were refused."""
    if json:
        show_json(
            {
                "unchanged": edits.unchanged,
                "stores": dict(edits.stores),
                "plans": edits.plans,
                "changes": [asdict(change) for change in edits.changes],
                "failures": [row_as_json(row, words) for row in edits.failures],
            }
        )
    else:
        _print_edits(edits, words)
    if edits.failures:
        raise typer.Exit(ExitCode.PARTIAL if edits.changes or edits.unchanged else ExitCode.FAILURE)


def _print_edits(edits: Edits, words: Texts) -> None:
    label = words.labels
    for change in edits.changes[:SHOWN]:
        row = f"{label['row']} {change.number} · {change.store} {change.what}"
        show(plain(f"{row}: {change.before or label['empty_cell']} → {change.after or label['empty_cell']}"))
    if len(edits.changes) > SHOWN:
        show(f"… {len(edits.changes) - SHOWN} {label['more_rows']} --json")
    told = [f"{label['rows_changed']} {len(edits.changes)}", f"{label['rows_unchanged']} {edits.unchanged}"]
    show(" · ".join([*told, f"{label['item_failed']} {len(edits.failures)}"]))
    for store, number in edits.stores.items():
        plan = f" · {label['plan_waits']} {edits.plans[store]}" if store in edits.plans else ""
        show(f"    {store}: {label['rows_changed']} {number}{plan}")
    print_rows(edits.failures, words)


def _counts(counts: Mapping[ItemState, int]) -> dict[str, int]:
    return {state: counts.get(state, 0) for state in ItemState}


def _told(counts: Mapping[ItemState, int], words: Texts) -> str:
    told = [f"{words.labels[f'item_{state}']} {number}" for state, number in _counts(counts).items() if number]
    return " · ".join(told) or words.labels["nothing_found"]
