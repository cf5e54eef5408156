"""``syncbridge audit``: what it prints, and how it ends."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from typer.testing import CliRunner, Result

from syncbridge.bootstrap import SystemClock, open_database
from syncbridge.cli.main import app
from syncbridge.cli.output import ExitCode
from syncbridge.flows.schedule import Every, tick
from syncbridge.model.orders import OrderStage, OrderState
from syncbridge.queue import job as jobs
from syncbridge.settings import load_settings
from syncbridge.store import orders
from syncbridge.testing.builders import make_order
from tests.databases import as_after_a_first_start
from tests.web.conftest import write_settings

NOW = SystemClock().now()
POLLS = (("toys", "orders.poll"), ("main", "purchase.poll"), ("byhand", "purchase.poll"))
ORDER = "8172481060036440"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings, and a database whose polls all came to their end; no vendor can be reached."""
    file = write_settings(tmp_path)
    as_after_a_first_start(load_settings(file, environ={}))
    change(file, polled)
    return file


def change(config: Path, work: object) -> None:
    async def run() -> None:
        db = open_database(load_settings(config, environ={}))
        try:
            await db.run(work)  # type: ignore[arg-type]  # takes a session
        finally:
            await db.close()

    asyncio.run(run())


def polled(session: Session) -> None:
    for account, kind in POLLS:
        tick(session, Every(kind, account, 1.0), now=NOW)
    for job_id in jobs.due(session, now=NOW, most=9):
        claim = jobs.claim(session, job_id, now=NOW, lease=timedelta(seconds=120))
        assert claim is not None
        jobs.finish(session, claim, now=NOW)


def forgotten(session: Session) -> None:
    orders.keep(session, "toys", make_order(ORDER, NOW))


def waiting(session: Session) -> None:
    orders.keep(session, "toys", make_order(ORDER, NOW, state=OrderState.UNPAID))


def audit(config: Path, *args: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(config), "audit", *args])


def test_books_that_fit_end_with_success(config: Path) -> None:
    change(config, waiting)

    result = audit(config, "--offline")

    assert result.exit_code == ExitCode.OK
    assert "1 channel orders (1 waiting), 0 vendor orders of theirs" in result.stdout
    assert "by our own tables alone" in result.stdout
    assert result.stdout.endswith("everything fits\n")


def test_each_difference_is_printed_with_what_to_do_and_ends_with_failure(config: Path) -> None:
    change(config, forgotten)

    result = audit(config, "--offline")

    assert result.exit_code == ExitCode.FAILURE
    assert f"! order toys/{ORDER} · forgotten" in result.stdout
    assert "with no purchase and nothing in the retry queue" in result.stdout
    assert "    → buy it by hand" in result.stdout
    assert result.stdout.endswith("differences: 1\n")


def test_a_program_gets_every_field(config: Path) -> None:
    change(config, forgotten)

    result = audit(config, "--offline", "--since", "30d", "--json")

    told = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (ExitCode.FAILURE, "")
    assert list(told) == [
        "version",
        "since",
        "at",
        "live",
        "balanced",
        "orders",
        "vendor_orders",
        "foreign",
        "differences",
    ]
    assert (told["balanced"], told["live"], told["orders"]) == (False, False, {OrderStage.WAITING: 1})
    (one,) = told["differences"]
    assert list(one) == ["kind", "subject", "why", "next_step"]


def test_vendors_that_cannot_be_reached_are_differences_and_the_rest_is_told(config: Path) -> None:
    change(config, forgotten)

    told = json.loads(audit(config, "--json").stdout)

    found = [(one["kind"], one["subject"]) for one in told["differences"]]
    accounts = [("unreadable", f"account {name}") for name in ("toys", "main", "byhand")]
    assert found == [*accounts, ("forgotten", f"order toys/{ORDER}")]


@pytest.mark.parametrize(
    ("args", "code"), [(["--store", "toy"], 4), (["--since", "soon"], 2), (["--since", "9" * 12 + "d"], 2)]
)
def test_what_cannot_be_meant_is_said(config: Path, args: list[str], code: int) -> None:
    result = audit(config, "--offline", *args)

    assert result.exit_code == code
    assert 'did you mean "toys"' in result.stderr or "2026-11-01" in result.stderr
