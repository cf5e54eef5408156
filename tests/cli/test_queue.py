"""``syncbridge queue`` on a database with something of every sort in it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from typer.testing import CliRunner, Result

from syncbridge.bootstrap import SystemClock, open_database
from syncbridge.cli.main import app
from syncbridge.model.purchasing import PurchaseLine, PurchaseState, Quote
from syncbridge.queue import dead_letters
from syncbridge.queue import job as jobs
from syncbridge.queue.job import NewJob
from syncbridge.rules.routing import Split
from syncbridge.settings import load_settings
from syncbridge.store import orders, purchases, timeline
from syncbridge.store.tables import Job
from syncbridge.testing.builders import cny, make_order, usd
from tests.flows.conftest import ROUTE
from tests.web.conftest import write_settings

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
]


class Desk:
    """A person at the command line, and the database they look into."""

    def __init__(self, folder: Path) -> None:
        self.config = write_settings(folder)
        asyncio.run(open_database(load_settings(self.config, environ={})).close())

    def run(self, *args: str) -> Result:
        return CliRunner().invoke(app, ["--config", str(self.config), "queue", *args], env={"COLUMNS": "250"})

    def answer(self, *args: str) -> dict[str, Any]:  # JSON
        """The JSON answer of a command that succeeds."""
        result = self.run(*args, "--json")
        assert (result.exit_code, result.stderr) == (0, "")
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    def change(self, *work: object) -> list[object]:
        """Do this to the database, as the daemon would."""

        async def run() -> list[object]:
            db = open_database(load_settings(self.config, environ={}))
            try:
                return [await db.run(one) for one in work]  # type: ignore[arg-type]  # each takes a session
            finally:
                await db.close()

        return asyncio.run(run())

    def row(self, job_id: str) -> Job:
        (row,) = self.change(lambda session: session.get_one(Job, int(job_id)))
        assert isinstance(row, Job)
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
    return stuck(session, "place", "purchase.place", args, park=True, reason=reason)


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
