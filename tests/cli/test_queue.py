"""``syncbridge queue`` on a database with something of every sort in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlmodel import Session
from typer.testing import CliRunner, Result

from syncbridge.bootstrap import SystemClock, open_database
from syncbridge.cli.main import app
from syncbridge.model.purchasing import PlacedOrder, PurchaseLine, PurchaseState, Quote, VendorOrderState
from syncbridge.queue import dead_letters
from syncbridge.queue import job as jobs
from syncbridge.queue.job import NewJob
from syncbridge.rules.routing import Split
from syncbridge.settings import load_settings
from syncbridge.store import holds, orders, placed_orders, purchases, timeline
from syncbridge.store.tables.work import Job
from syncbridge.testing.builders import cny, make_order, usd
from tests.databases import as_after_a_first_start
from tests.flows.conftest import ROUTE
from tests.web.conftest import write_settings

T = TypeVar("T")
NOW = SystemClock().now()
ORDER = "8172481060036440"
ENTRY_KEYS = [
    "id",
    "what",
    "subject",
    "state",
    "code",
    "cause",
    "reason",
    "figures",
    "next_step",
    "at_stake",
    "mark",
    "attempts",
    "next_attempt",
    "ship_by",
    "act_by",
    "late_in_seconds",
    "forecast",
    "rescues",
]


class Desk:
    """A person at the command line, and the database they look into."""

    def __init__(self, folder: Path) -> None:
        self.config = write_settings(folder)
        as_after_a_first_start(load_settings(self.config, environ={}))

    def run(self, *args: str, group: str = "queue", stdin: bytes | None = None, **environ: str) -> Result:
        speak = {"COLUMNS": "250", "LC_ALL": "C"} | environ
        return CliRunner().invoke(app, ["--config", str(self.config), group, *args], input=stdin, env=speak)

    def answer(self, *args: str, group: str = "queue") -> dict[str, Any]:  # JSON
        """The JSON answer of a command that succeeds."""
        result = self.run(*args, "--json", group=group)
        assert (result.exit_code, result.stderr) == (0, "")
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    def change(self, *work: Callable[[Session], T]) -> list[T]:
        """Do this to the database, as the daemon would."""

        async def run() -> list[T]:
            db = open_database(load_settings(self.config, environ={}))
            try:
                return [await db.run(one) for one in work]
            finally:
                await db.close()

        return asyncio.run(run())

    def row(self, job_id: str) -> Job:
        (row,) = self.change(lambda session: session.get_one(Job, int(job_id)))
        return row


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def parked(session: Session, *, state: PurchaseState = PurchaseState.INTENDED, reason: str = "profit -1.00 USD") -> str:
    """A purchase that a guard stopped; answers its entry's id."""
    order = make_order(ORDER, NOW)
    orders.keep(session, "toys", order)
    split = Split(replace(ROUTE, name="toys-main"), 0, (PurchaseLine("676651652931", "1", 2),), usd("36.62"))
    purchase = purchases.intend(session, "toys", ORDER, split, now=NOW)
    if state is not PurchaseState.INTENDED:
        quote = Quote(cny("30"), cny("0"), cny("30"), "general", ("alipay",))
        purchases.sent(session, purchase, quote, cap=cny("100"), day_began=NOW - timedelta(days=1), now=NOW)
        purchases.move(session, purchase, state, when=[PurchaseState.SENT])
    args = {"purchase": str(purchase), "order": ORDER, "store": "toys"}
    timeline.note(session, f"order toys/{ORDER}", "held: margin", at=NOW, why="a loss")
    return stuck(session, f"purchase.place:{purchase}", "purchase.place", args, park=True, reason=reason)


def waiting(session: Session) -> str:
    """A look at an order that failed and will be repeated."""
    return stuck(session, "take", "orders.take", {}, park=False, reason="the store is down")


def stuck(session: Session, key: str, kind: str, args: dict[str, str], *, park: bool, reason: str) -> str:
    new = NewJob(kind, key, "main", NOW, NOW, subject=f"order toys/{ORDER}", args=args)
    jobs.enqueue(session, [new], now=NOW)
    job_id = int(session.connection().exec_driver_sql("SELECT id FROM job WHERE key = ?", (key,)).scalar_one())
    claim = jobs.claim(session, job_id, now=NOW, lease=timedelta(seconds=120))
    assert claim is not None
    if park:
        jobs.park(session, claim, now=NOW, code="margin", why=reason)
    else:
        jobs.postpone(session, claim, run_at=NOW + timedelta(hours=1), code="down", why=reason, costs_attempt=True)
    return str(job_id)


def test_an_empty_queue_says_so(desk: Desk) -> None:
    result = desk.run("list")

    assert (result.exit_code, result.stdout) == (0, "The retry queue is empty.\n")
    assert desk.answer("list") == {"version": 1, "entries": []}


def test_the_list_shows_each_entry_with_its_cause_and_next_step(desk: Desk) -> None:
    place, take = desk.change(parked, waiting)

    result = desk.run("list")

    assert result.exit_code == 0
    assert "earn too little, or lose money" in result.stdout
    assert "profit -1.00 USD" in result.stdout
    assert f"syncbridge queue retry {place}" in result.stdout
    assert "the store is down" in result.stdout
    assert "it is tried again by itself" in result.stdout
    assert str(take) in result.stdout


def test_the_list_for_programs_has_every_field(desk: Desk) -> None:
    place, take = desk.change(parked, waiting)

    answer = desk.answer("list")

    assert answer["version"] == 1
    first, second = answer["entries"]
    assert list(first) == ENTRY_KEYS
    assert (first["id"], first["state"], first["code"], first["next_attempt"]) == (place, "parked", "margin", None)
    assert (second["id"], second["state"], second["attempts"]) == (take, "waiting", 1)
    assert first["ship_by"] == (NOW + timedelta(days=3)).isoformat(timespec="seconds")
    assert second["next_attempt"] == (NOW + timedelta(hours=1)).isoformat(timespec="seconds")


def test_an_entry_is_shown_with_what_happened_so_far(desk: Desk) -> None:
    (place,) = desk.change(parked)

    result = desk.run("show", str(place))
    answer = desk.answer("show", str(place))

    assert result.exit_code == 0
    assert "held: margin  why=a loss" in result.stdout
    assert list(answer) == ["version", "entry", "history", "candidates"]
    assert [told["event"] for told in answer["history"]] == ["held: margin"]


@pytest.mark.parametrize("command", [["show", "77"], ["retry", "77"], ["drop", "77", "--reason", "no"]])
def test_an_entry_that_does_not_exist_is_said_so(desk: Desk, command: list[str]) -> None:
    result = desk.run(*command)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "there is no entry 77; see: syncbridge queue list\n"


def test_a_retried_entry_is_due_at_once_with_all_its_attempts(desk: Desk) -> None:
    (place,) = desk.change(parked)

    result = desk.run("retry", str(place))

    row = desk.row(str(place))
    assert (result.exit_code, result.stdout) == (0, "")
    assert (row.state, row.attempt) == ("ready", 0)
    assert row.run_at <= SystemClock().now()
    assert "retried by a person" in desk.run("show", str(place)).stdout


def test_a_waiting_entry_can_be_tried_early(desk: Desk) -> None:
    (take,) = desk.change(waiting)

    assert desk.run("retry", str(take)).exit_code == 0
    assert desk.row(str(take)).run_at <= SystemClock().now()


def test_a_dropped_entry_leaves_the_queue_and_stops_its_purchase(desk: Desk) -> None:
    (place,) = desk.change(parked)

    result = desk.run("drop", str(place), "--reason", "sold out for good")

    assert (result.exit_code, result.stderr) == (0, f"{place} is dropped\n")
    assert desk.answer("list")["entries"] == []
    assert desk.row(str(place)).reason == "sold out for good"
    assert desk.change(purchases.figures) == [{"stopped": 1}]


def test_a_reason_to_drop_is_asked_for(desk: Desk) -> None:
    (place,) = desk.change(parked)

    assert desk.run("drop", str(place)).exit_code != 0
    assert desk.row(str(place)).state == "parked"


@pytest.mark.parametrize("state", [PurchaseState.SENT, PurchaseState.UNKNOWN, PurchaseState.PLACED])
def test_what_may_have_been_bought_is_not_dropped(desk: Desk, state: PurchaseState) -> None:
    (place,) = desk.change(lambda session: parked(session, state=state))

    result = desk.run("drop", str(place), "--reason", "no")

    assert result.exit_code == 1
    assert f"is {state}: it may have been bought" in result.stderr
    assert desk.row(str(place)).state == "parked"
    assert desk.change(purchases.figures) == [{state.value: 1}]


def test_what_the_supplier_refused_may_be_dropped(desk: Desk) -> None:
    (place,) = desk.change(lambda session: parked(session, state=PurchaseState.REFUSED))

    assert desk.run("drop", str(place), "--reason", "no").exit_code == 0


def test_an_entry_that_ended_meanwhile_is_neither_retried_nor_dropped(desk: Desk) -> None:
    (take,) = desk.change(waiting)
    desk.change(lambda session: dead_letters.drop(session, int(str(take)), why="done", now=NOW))

    assert "is dropped; only parked and waiting" in desk.run("retry", str(take)).stderr
    assert "is dropped; only parked and waiting" in desk.run("drop", str(take), "--reason", "no").stderr


def test_a_purchase_to_be_made_by_hand_is_an_entry_with_its_mark(desk: Desk) -> None:
    desk.change(lambda session: parked(session, state=PurchaseState.BY_HAND))

    found = desk.answer("list")["entries"]

    (card,) = [entry for entry in found if entry["state"] == "by_hand"]
    assert card["id"] == "hand-1"
    assert "with the mark" in card["reason"]


def test_without_a_database_none_is_made(tmp_path: Path) -> None:
    config = write_settings(tmp_path)

    result = CliRunner().invoke(app, ["--config", str(config), "queue", "list"])

    assert result.exit_code == 4
    assert "start the daemon" in result.stderr
    assert not list(tmp_path.glob("*.db"))


def late(session: Session, *, hours: float) -> str:
    """An order nobody knows where to buy, so four days are assumed, that must be acted on in so many hours."""
    ship_by = NOW + timedelta(days=4, hours=hours)
    orders.keep(session, "toys", make_order(ORDER, NOW, ship_by=ship_by))
    return stuck(session, "late", "orders.take", {"order": ORDER, "store": "toys"}, park=True, reason="no route")


def test_what_will_miss_its_deadline_is_listed_with_by_how_much(desk: Desk) -> None:
    (entry,) = desk.change(lambda session: late(session, hours=-30.5))

    result = desk.run("list", "--late")
    (told,) = desk.answer("list", "--late")["entries"]

    assert told["id"] == entry
    assert -31 * 3600 < told["late_in_seconds"] < -30 * 3600
    assert "misses its ship-by time by 1 d 6 h" in result.stdout


def test_what_can_still_be_shipped_in_time_if_acted_on_now_is_listed_too(desk: Desk) -> None:
    desk.change(lambda session: late(session, hours=5.5))

    assert "in time only if acted on within 5 h 2" in desk.run("list", "--late").stdout


def test_what_has_time_is_not_called_late(desk: Desk) -> None:
    desk.change(lambda session: late(session, hours=30))

    assert desk.run("list", "--late").stdout == "Nothing will miss its ship-by time.\n"
    assert len(desk.answer("list")["entries"]) == 1


def paid_for(session: Session) -> None:
    """A purchase that is paid and goes forward, for an order that must be shipped in a day."""
    parked(session, state=PurchaseState.UNKNOWN)
    orders.keep(session, "toys", make_order(ORDER, NOW, ship_by=NOW + timedelta(days=1)))
    purchase = purchases.get(session, 1)
    made = PlacedOrder("88", VendorOrderState.PAID, cny("30"), cny("0"), created_at=NOW, paid_at=NOW)
    placed_orders.adopt(session, purchase, [made], now=NOW)
    placed_orders.paid(session, purchase, made, now=NOW)
    session.connection().exec_driver_sql("UPDATE job SET state = 'done'")


def test_what_goes_forward_too_slowly_is_listed_with_its_forecast_and_what_can_be_done(desk: Desk) -> None:
    desk.change(paid_for)

    head, misses, foreseen, cause, reason, todo, urge, last = desk.run("list", "--late").stdout.splitlines()
    (told,) = desk.answer("list", "--late")["entries"]

    assert head.startswith("late-1 · goes forward, too slowly · order toys/8172481060036440 · purchase · ")
    assert misses.strip() == "! misses its ship-by time by 3 d 0 h"
    assert "UTC (2 d 0 h to ship assumed, no history; 2 d 0 h from shipped to declared assumed" in foreseen
    assert (cause.strip(), "is paid" in reason) == ("It goes forward, but will be declared too late. (will_miss)", True)
    assert todo.strip() == "→ Choose one of these, the cheapest that is enough first:"
    assert urge.strip().startswith("→ ask the supplier to ship · expected to be declared ")
    assert urge.endswith(" UTC · still late: syncbridge queue urge late-1")
    assert last.strip().startswith("→ at last: ask the buyer for more time")
    assert told["forecast"]["ahead"] == [
        {"seconds": 172800, "basis": "no_history", "sample": 0},
        {"seconds": 172800, "basis": "no_parcels", "sample": 0},
    ]
    urged = told["rescues"][0]
    assert (urged["means"], urged["cost"], urged["in_time"]) == ("urge", None, False)
    assert urged["command"] == "syncbridge queue urge late-1"
    assert 86000 < urged["gain_in_seconds"] <= 86400
    assert desk.answer("list")["entries"] == []


def test_what_can_be_done_is_said_in_chinese_too(desk: Desk) -> None:
    desk.change(paid_for)
    told = desk.run("list", "--late", "--lang", "zh").stdout
    for words in ("正在进行，但太慢", "发货暂按 2 d 0 h 估算", "催供应商发货", "最后办法"):
        assert words in told


def test_a_supplier_is_asked_to_ship_because_a_person_wants_it(desk: Desk) -> None:
    desk.change(paid_for)
    assert desk.answer("urge", "late-1")["results"] == [{"id": "late-1", "done": True, "why": ""}]
    assert job_args_of(desk, "dispatch.urge") == {"vendor_order": "88"}
    shown = desk.run("show", "late-1").stdout
    assert "to be urged, by a person" in shown
    refused = desk.run("urge", "late-2")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "there is no purchase late-2; see: syncbridge queue list --late\n",
    )


def job_args_of(desk: Desk, kind: str) -> object:
    (args,) = desk.change(lambda session: job_args(session, kind))
    return args


def test_mapping_files_that_cannot_be_read_hide_nothing_but_the_backups(desk: Desk) -> None:
    desk.change(paid_for)
    (desk.config.parent / "mappings" / "shop.yaml").write_text("routes: [")
    result = desk.run("list", "--late")
    assert "No backup suppliers are looked for" in result.stderr
    assert "queue urge late-1" in result.stdout


def test_the_list_can_be_narrowed_to_a_cause(desk: Desk) -> None:
    place, take = desk.change(parked, waiting)

    assert [entry["id"] for entry in desk.answer("list", "--cause", "margin")["entries"]] == [place]
    assert [entry["id"] for entry in desk.answer("list", "--cause", "down")["entries"]] == [take]


@pytest.mark.parametrize("asked", [["--lang", "zh"], []])
def test_the_queue_speaks_chinese(desk: Desk, asked: list[str]) -> None:
    desk.change(parked)
    if not asked:
        desk.config.write_text('language = "zh"\n' + desk.config.read_text())

    result = desk.run("list", *asked)

    assert "利润太低" in result.stdout
    assert "等您处理" in result.stdout


def test_the_locale_decides_where_nobody_said_a_language(desk: Desk) -> None:
    desk.change(parked)

    assert "利润太低" in desk.run("list", LC_ALL="zh_CN.UTF-8").stdout
    assert "利润太低" not in desk.run("list", "--lang", "en", LC_ALL="zh_CN.UTF-8").stdout


def test_a_suppliers_words_cannot_move_the_cursor_or_fake_a_line(desk: Desk) -> None:
    desk.change(lambda session: parked(session, reason="no\x1b[2J\n7 · waits for you\u202e"))

    lines = desk.run("list").stdout.splitlines()

    assert "    no [2J 7 · waits for you" in lines
    assert all(line.isprintable() for line in lines)


def test_no_word_of_the_buyer_or_of_a_secret_is_shown(desk: Desk) -> None:
    (place, *_) = desk.change(parked, parked_by_hand)
    buyer = ["Ana", "García", "612345678", "Calle Mayor", "28001", "Madrid"]
    shown = [
        desk.run(*args, group=group)
        for group, *args in (
            ("queue", "list"),
            ("queue", "list", "--json"),
            ("queue", "show", str(place)),
            ("queue", "show", str(place), "--json"),
            ("purchases", "list", "--json"),
            ("purchases", "shopping-list"),
            ("purchases", "shopping-list", "--csv", "-"),
        )
    ]

    assert all(result.exit_code == 0 for result in shown)
    assert not [word for word in [*buyer, "secret-of-the-app"] for result in shown if word in result.output]


def parked_by_hand(session: Session) -> None:
    session.connection().exec_driver_sql("UPDATE purchase SET state = 'by_hand'")


def test_all_of_a_cause_are_tried_at_once(desk: Desk) -> None:
    place, _ = desk.change(parked, waiting)

    result = desk.run("retry", "--cause", "margin", "--json")

    assert json.loads(result.stdout)["results"] == [{"id": place, "done": True, "why": ""}]
    assert desk.row(str(place)).state == "ready"


def test_a_cause_nobody_waits_for_is_said_so_with_those_there_are(desk: Desk) -> None:
    desk.change(parked)

    result = desk.run("retry", "--cause", "margins")

    assert (result.exit_code, result.stderr) == (1, 'nothing waits because of margins; did you mean "margin"?\n')


@pytest.mark.parametrize("args", [[], ["1", "--cause", "margin"]])
def test_a_retry_wants_either_entries_or_a_cause(desk: Desk, args: list[str]) -> None:
    assert desk.run("retry", *args).exit_code == 2


def test_one_bad_entry_never_stops_the_others(desk: Desk) -> None:
    place, take = desk.change(lambda session: parked(session, state=PurchaseState.PLACED), waiting)

    result = desk.run("drop", str(place), "77", str(take), "--reason", "no")

    assert result.exit_code == 3
    told = result.stderr.splitlines()
    assert [line.partition(" ")[0] for line in told] == [f"{place}:", "77:", str(take)]
    assert "it may have been bought" in told[0]
    assert [entry["id"] for entry in desk.answer("list")["entries"]] == [place]


def test_what_is_refused_half_way_has_changed_nothing(desk: Desk) -> None:
    (place, take) = desk.change(parked, waiting)
    desk.change(lambda session: dead_letters.drop(session, int(str(place)), why="done", now=NOW))

    result = desk.run("drop", str(place), str(take), "--reason", "no")

    assert result.exit_code == 3
    assert desk.change(purchases.figures) == [{"intended": 1}]


def test_a_halt_is_let_pass_from_the_command_line(desk: Desk) -> None:
    (place,) = desk.change(parked)
    figures = {"why": "profit -1.00 USD", "limit": "37.00 CNY"}
    desk.change(lambda session: holds.open_hold(session, "margin", f"order toys/{ORDER}", figures, now=NOW))

    assert "[limit: 37.00 CNY]" in desk.run("list").stdout
    assert desk.run("approve", str(place), "--reason", "a gift").exit_code == 0
    (purchase,) = desk.change(lambda session: purchases.get(session, 1))
    assert purchase.approvals == {"margin": "37.00 CNY"}
    assert "approved by a person: margin  limit=37.00 CNY, why=a gift" in desk.run("show", str(place)).stdout


def test_a_number_is_given_to_the_daemon_to_read(desk: Desk) -> None:
    desk.change(lambda session: parked(session, state=PurchaseState.BY_HAND))

    result = desk.run("adopt", "hand-1", "880000000000000001", "--total", "12.30 CNY")

    assert result.exit_code == 0
    (args,) = desk.change(lambda session: job_args(session, "decisions.adopt"))
    assert args == {
        "purchase": "1",
        "order": ORDER,
        "store": "toys",
        "vendor_orders": "880000000000000001",
        "total": "12.30 CNY",
    }


def job_args(session: Session, kind: str) -> object:
    text = session.connection().exec_driver_sql("SELECT args FROM job WHERE kind = ?", (kind,)).scalar_one()
    return json.loads(text)


def test_a_purchase_without_a_backup_is_not_switched_and_the_others_are_looked_at(desk: Desk) -> None:
    (place,) = desk.change(parked)

    result = desk.run("switch", str(place), "77", "--reason", "too dear", "--json")

    assert result.exit_code == 1
    first, second = json.loads(result.stdout)["results"]
    assert "no backup is left" in first["why"]
    assert "there is no entry 77" in second["why"]


def test_a_total_without_a_currency_is_a_usage_error(desk: Desk) -> None:
    result = desk.run("adopt", "hand-1", "88", "--total", "12.30")

    assert result.exit_code == 2
    assert "lacks a currency" in result.stderr


def test_a_purchase_is_not_declared_not_placed_while_it_may_appear(desk: Desk) -> None:
    (place,) = desk.change(lambda session: parked(session, state=PurchaseState.UNKNOWN))

    result = desk.run("not-placed", str(place), "--reason", "looked")

    assert result.exit_code == 1
    assert "may still appear" in result.stderr
    assert desk.change(purchases.figures) == [{"unknown": 1}]


def test_an_unclear_purchase_is_shown_with_its_candidates_and_the_command_for_each(desk: Desk) -> None:
    (place,) = desk.change(lambda session: parked(session, state=PurchaseState.UNKNOWN))
    line = PurchaseLine("676651652931", "1", 2)
    alike = PlacedOrder("88001", VendorOrderState.PAID, cny("30"), cny("0"), lines=(line,), created_at=NOW)
    gone = replace(alike, vendor_order_id="88002", state=VendorOrderState.CANCELLED)

    def seen(session: Session) -> None:
        for order in (gone, alike):
            placed_orders.see(session, "main", order, now=NOW)

    desk.change(seen)

    text = desk.run("show", str(place)).stdout
    answer = desk.answer("show", str(place))

    assert "wanted: 676651652931/1 × 2 · 30.00 CNY" in text
    assert f"→ syncbridge queue adopt {place} 88001" in text
    assert "88002 · cancelled" in text
    assert "adopt 1 88002" not in text
    assert [(one["number"], one["likeness"]) for one in answer["candidates"]] == [
        ("88001", ["lines", "time"]),
        ("88002", ["lines", "time"]),
    ]
    assert [one["command"] for one in answer["candidates"]] == [f"syncbridge queue adopt {place} 88001", ""]
