"""``syncbridge accounts``: who is opened until when, and how a person opens one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from typer.testing import CliRunner

from syncbridge import bootstrap
from syncbridge.bootstrap import SystemClock
from syncbridge.cli import connecting
from syncbridge.cli.main import app
from syncbridge.errors import AccessExpired
from syncbridge.flows import connect
from syncbridge.ports import Adapter, Authorizes, Tokens, Wiring
from syncbridge.store import accounts, grants, quota
from syncbridge.web.callback import Returned
from tests.cli.test_queue import Desk
from tests.web.conftest import STORE_KEY

NOW = SystemClock().now()
DAY = timedelta(days=1)
OPENED = Tokens("at-canary", "rt-canary", NOW + 30 * DAY, NOW + 60 * DAY, "2000001")


class Vendor:
    """A vendor's page, and the one code it gives."""

    def __init__(self, tokens: Tokens = OPENED) -> None:
        self.opened = tokens
        self.asked: list[tuple[str, str]] = []
        self.closed = 0

    def page(self, *, callback: str, state: str) -> str:
        self.asked.append((callback, state))
        return f"https://vendor/authorize?redirect_uri={callback}&state={state}"

    async def tokens(self, code: str, *, callback: str) -> Tokens:
        if code != "good":
            raise AccessExpired("the code is spent", vendor="vendor", code="InvalidCode")
        return self.opened

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """AliExpress opens its accounts on that vendor's page."""
    vendor, find = Vendor(), bootstrap.find_adapter

    def authorize(settings: object, wiring: Wiring) -> Authorizes:
        return vendor

    def found(name: str) -> Adapter[Any]:
        adapter = find(name)
        return replace(adapter, authorize=authorize) if name == "aliexpress" else replace(adapter, authorize=None)

    monkeypatch.setattr(bootstrap, "find_adapter", found)
    return vendor


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def browser(monkeypatch: pytest.MonkeyPatch, said: Returned | None = None) -> list[str]:
    """A browser that comes back with this, or with a good code and the state it was sent out with."""
    waited: list[str] = []

    async def wait_for(callback: str, is_ours: Any, *, seconds: float) -> Returned:
        waited.append(callback)
        return said or Returned("good", asked[-1])

    asked: list[str] = []
    ask = connect.ask

    def noted(session: Session, account: str, *, now: datetime) -> str:
        asked.append(ask(session, account, now=now))
        return asked[-1]

    monkeypatch.setattr(connect, "ask", noted)
    monkeypatch.setattr(connecting, "wait_for", wait_for)
    return waited


def kept(desk: Desk) -> Tokens:
    (tokens,) = desk.change(lambda session: accounts.tokens_of(session, "toys"))
    assert isinstance(tokens, Tokens)
    return tokens


def test_a_browser_that_comes_back_opens_the_account(
    desk: Desk, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = browser(monkeypatch)
    result = desk.run("connect", "toys", group="accounts")

    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("https://vendor/authorize?")
    assert waited == ["http://127.0.0.1:8689/callback"]
    assert "toys is connected" in result.stderr
    assert "canary" not in result.output
    assert kept(desk) == OPENED
    assert vendor.closed == 1


def test_each_question_has_a_state_of_its_own_and_only_the_last_is_answered(
    desk: Desk, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser(monkeypatch, Returned("", "nobody's", ""))
    for _ in range(2):
        assert desk.run("connect", "toys", group="accounts").exit_code == 1
    first, last = (state for _, state in vendor.asked)
    assert first != last
    assert len(last) >= 32

    address = "http://127.0.0.1:8689/callback?code=good&state={}"
    refused = desk.run("connect", "toys", "--code", address.format(first), group="accounts")
    assert refused.exit_code == 1
    assert "answers no question of ours" in refused.stderr

    assert desk.run("connect", "toys", "--code", address.format(last), group="accounts").exit_code == 0
    again = desk.run("connect", "toys", "--code", address.format(last), group="accounts")
    assert again.exit_code == 1  # each question is answered once


def test_the_code_alone_may_be_pasted(desk: Desk, vendor: Vendor) -> None:
    assert desk.run("connect", "toys", "--code", "good", group="accounts").exit_code == 0
    assert kept(desk) == OPENED


def test_a_spent_code_changes_nothing(desk: Desk, vendor: Vendor) -> None:
    desk.run("connect", "toys", "--code", "good", group="accounts")
    result = desk.run("connect", "toys", "--code", "spent", group="accounts")

    assert (result.exit_code, result.stderr) == (5, "the code is spent\n")
    assert kept(desk) == OPENED


def test_a_refusal_on_the_page_says_so(desk: Desk, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    browser(monkeypatch)
    desk.run("connect", "toys", group="accounts")
    address = f"http://127.0.0.1:8689/callback?error=access_denied&state={vendor.asked[-1][1]}"
    assert desk.run("connect", "toys", "--code", address, group="accounts").exit_code == 1


def test_an_address_of_another_machine_is_pasted(desk: Desk, vendor: Vendor) -> None:
    text = desk.config.read_text("utf-8")
    desk.config.write_text(text.replace("[accounts.toys]", '[accounts.toys]\ncallback = "https://shop.example/cb"'))
    result = desk.run("connect", "toys", group="accounts", stdin=b"good\n")

    assert result.exit_code == 0, result.stderr
    assert vendor.asked[0][0] == "https://shop.example/cb"
    assert kept(desk) == OPENED


def test_the_account_of_somebody_else_is_not_taken_for_ours(desk: Desk, vendor: Vendor) -> None:
    desk.run("connect", "toys", "--code", "good", group="accounts")
    vendor.opened = replace(OPENED, owner="2000002", access="other")
    result = desk.run("connect", "toys", "--code", "good", group="accounts")

    assert result.exit_code == 1
    assert "toys is 2000001 at the vendor, and 2000002 was logged in: nothing is changed" in result.stderr
    assert kept(desk) == OPENED


@pytest.mark.parametrize(
    ("name", "said"), [("nobody", "the settings have no account 'nobody'"), ("forwarder", "nothing to connect")]
)
def test_what_cannot_be_connected_says_why(desk: Desk, vendor: Vendor, name: str, said: str) -> None:
    result = desk.run("connect", name, group="accounts")
    assert result.exit_code == 4
    assert said in result.stderr


def test_connecting_lets_the_accounts_jobs_go_on_and_keeps_the_configured_seed(desk: Desk, vendor: Vendor) -> None:
    configured = Tokens("from settings")
    desk.change(
        lambda session: accounts.seed_tokens(session, "toys", configured),
        lambda session: accounts.pause(session, "toys", until=NOW + DAY, why="over"),
    )
    assert desk.run("connect", "toys", "--code", "good", group="accounts").exit_code == 0
    (pauses,) = desk.change(accounts.pauses)
    assert pauses == {}


def test_json_is_one_object_for_the_page_and_one_for_the_end(
    desk: Desk, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser(monkeypatch)
    result = desk.run("connect", "toys", "--json", group="accounts")
    page, end = map(json.loads, result.stdout.splitlines())
    assert page["page"].startswith("https://vendor/authorize?")
    assert end["access_until"] == OPENED.access_expires_at.isoformat(timespec="seconds")  # type: ignore[union-attr]


def listed(desk: Desk) -> dict[str, dict[str, Any]]:
    return {row["account"]: row for row in desk.answer("list", group="accounts")["accounts"]}


def test_the_list_says_until_when_and_what_to_do(desk: Desk, vendor: Vendor) -> None:
    assert listed(desk)["toys"]["standing"] == "end_unknown"  # tokens of the settings
    desk.run("connect", "toys", "--code", "good", group="accounts")
    toys = listed(desk)["toys"]

    assert toys["standing"] == "in_order"
    assert toys["access_until"] == (NOW + 30 * DAY).isoformat(timespec="seconds")
    assert toys["renewable_until"] == toys["open_again_by"] == (NOW + 60 * DAY).isoformat(timespec="seconds")
    assert listed(desk)["forwarder"]["standing"] == "no_tokens"
    people = desk.run("list", "--lang", "zh", group="accounts").stdout
    assert "toys · aliexpress · 正常 · 访问令牌有效至" in people
    assert "canary" not in people


def test_the_list_shows_what_was_called_today_what_is_left_and_what_is_banned(desk: Desk, vendor: Vendor) -> None:
    until = NOW + timedelta(hours=1)
    every, app = timedelta(seconds=0.25), f"alibaba1688/{STORE_KEY}"
    desk.change(
        lambda session: quota.lease_slots(session, app, "catalogue", now=NOW, every=every, slots=10),
        lambda session: quota.ban_calls(session, [(app, "catalogue")], until=until, why="too fast", now=NOW),
    )
    main, toys = listed(desk)["main"], listed(desk)["toys"]

    assert toys["calls_today"] == {}
    assert main["calls_today"] == {"catalogue": 10}
    assert main["calls_left"] == 99_990
    assert main["banned"] == [{"group": "catalogue", "until": until.isoformat(timespec="seconds"), "why": "too fast"}]
    assert "(catalogue): too fast" in desk.run("list", group="accounts").stdout


def test_adapters_list_shows_what_an_account_may_not_call_and_when_it_is_asked_again(desk: Desk) -> None:
    refused = grants.Refused("main", "pool.product.pull", "1688", "gw.APIACLDecline", "not allowed", NOW, NOW + DAY)
    desk.change(lambda session: grants.refuse(session, refused))
    answer = desk.answer("list", group="adapters")

    assert answer["adapters"]["alibaba1688"]["accounts"] == ["main", "byhand"]
    (row,) = answer["not_granted"]
    assert (row["account"], row["api"], row["why"]) == ("main", "pool.product.pull", "not allowed")
    people = desk.run("list", group="adapters").stdout
    assert "    main: may not call, as the vendor said:" in people
    assert f"pool.product.pull · since {NOW:%Y-%m-%d} · asked again from" in people
    assert "    byhand: nothing was refused so far" in people


def test_adapters_list_needs_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["adapters", "list"])
    assert result.exit_code == 0
    assert "ecb: base_url" in result.stdout
