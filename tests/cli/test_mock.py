"""``syncbridge mock``: one line of JSON, then it serves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from syncbridge.cli.main import app

SELLERS = {"base_url", "auth_url", "app_key", "app_secret", "access_token", "refresh_token"}
KEYS = {
    "ecb": {"base_url"},
    "fourpx": {"base_url", "app_key", "app_secret"},
    "kuaidi100": {"base_url", "customer", "key"},
    "track17": {"base_url", "token"},
}


@contextmanager
def serving(*arguments: str) -> Iterator[dict[str, dict[str, str]]]:
    """The first line a mock prints, while it serves."""
    command = [sys.executable, "-m", "syncbridge", "mock", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def served() -> Iterator[dict[str, dict[str, str]]]:
    with serving("all", "--offers", "3") as accounts:
        yield accounts


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return tmp_path / "faults.toml"


def statuses(account: dict[str, str], api: str, times: int) -> list[int]:
    """What an API answers to calls nobody signed."""
    url = f"{account['base_url']}/openapi/param2/1/com.alibaba.trade/{api}/{account['app_key']}"
    return [httpx.get(url).status_code for _ in range(times)]


def refusal(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["mock", *arguments])
    assert (result.exit_code, result.stdout) == (4, "")
    return result.stderr


@pytest.mark.process
def test_it_prints_an_account_for_each_vendor_and_serves_them(served: dict[str, dict[str, str]]) -> None:
    assert sorted(served) == ["1688", "aliexpress", "ecb", "fourpx", "kuaidi100", "track17"]
    for name, account in served.items():
        assert account.keys() >= KEYS.get(name, SELLERS)
        assert all(account.values())
        assert account["base_url"].startswith("http://127.0.0.1:")
        assert isinstance(httpx.get(f"{account['base_url']}/_books").json(), dict)


@pytest.mark.process
def test_a_fault_plan_is_met_by_call_and_the_same_seed_meets_the_same_chance(plan: Path) -> None:
    plan.write_text(
        """
        [[faults]]
        vendor = "1688"
        api = "alibaba.trade.getBuyerOrderList"
        fault = "unavailable"
        call = 2
        [[faults]]
        vendor = "1688"
        api = "alibaba.trade.get.buyerView"
        fault = "unavailable"
        probability = 0.5
        """
    )
    met = []
    for _ in range(2):
        with serving("alibaba1688", "--seed", "7", "--faults", str(plan)) as accounts:
            (account,) = accounts.values()
            assert statuses(account, "alibaba.trade.getBuyerOrderList", 3) == [400, 503, 400]
            met.append(statuses(account, "alibaba.trade.get.buyerView", 12))

    assert met[0] == met[1]
    assert set(met[0]) == {400, 503}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("faults = 1", "cannot be read"),
        ("[[faults]", "cannot be read"),
        ('[[faults]]\nvendor = "1688"\napi = "*"', "cannot be read"),
        ('[[faults]]\nvendor = "1688"\napi = "*"\nfault = "unavailable"\nwhen = "now"', "cannot be read"),
        ('[[faults]]\nvendor = "ebay"\napi = "*"\nfault = "unavailable"', "names 'ebay'; served are 1688"),
    ],
)
def test_a_fault_plan_that_cannot_be_read_is_refused(plan: Path, text: str, words: str) -> None:
    plan.write_text(text)

    assert words in refusal("1688", "--faults", str(plan))


def test_a_fault_plan_that_is_not_there_is_refused(plan: Path) -> None:
    assert "faults.toml cannot be read" in refusal("1688", "--faults", str(plan))


@pytest.mark.process
def test_a_fault_the_mock_does_not_know_is_refused(plan: Path) -> None:
    plan.write_text('[[faults]]\nvendor = "1688"\napi = "*"\nfault = "gremlins"')

    assert "gremlins" in refusal("1688", "--port", "0", "--faults", str(plan))


def test_a_vendor_that_has_no_mock_is_refused_with_those_that_have() -> None:
    assert (
        refusal("ebay")
        == "there is no mock of 'ebay'; there are 1688, aliexpress, ecb, fourpx, kuaidi100, track17, or all\n"
    )
