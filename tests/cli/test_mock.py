"""``syncbridge mock``: one line of JSON, then it serves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

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


@pytest.fixture
def served() -> Iterator[dict[str, dict[str, str]]]:
    """The first line a mock of all vendors prints, while it serves."""
    command = [sys.executable, "-m", "syncbridge", "mock", "all", "--port", "0", "--offers", "3"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


@pytest.mark.process
def test_it_prints_an_account_for_each_vendor_and_serves_them(served: dict[str, dict[str, str]]) -> None:
    assert sorted(served) == ["alibaba1688", "aliexpress", "ecb", "fourpx", "kuaidi100", "track17"]
    for name, account in served.items():
        assert account.keys() >= KEYS.get(name, SELLERS)
        assert all(account.values())
        assert account["base_url"].startswith("http://127.0.0.1:")
        assert account["base_url"].endswith(f"/{name}")
        assert isinstance(httpx.get(f"{account['base_url']}/_books").json(), dict)


def test_a_vendor_that_has_no_mock_is_refused_with_those_that_have() -> None:
    result = CliRunner().invoke(app, ["mock", "ebay"])

    assert (result.exit_code, result.stdout) == (4, "")
    assert (
        result.stderr
        == "there is no mock of 'ebay'; there are alibaba1688, aliexpress, ecb, fourpx, kuaidi100, track17, or all\n"
    )
