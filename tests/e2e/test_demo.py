"""The demo as its user runs it: processes of their own, loopback HTTP, and the vendors' own books at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process


def play(folder: Path, *args: str) -> dict[str, object]:
    """What a demo tells; if it takes too long it ends with all that it started."""
    command = [sys.executable, "-m", "syncbridge", "demo", "--json", *args]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as demo:
        try:
            said, why = demo.communicate(timeout=580)
        except subprocess.TimeoutExpired:
            os.killpg(demo.pid, signal.SIGKILL)
            raise
    assert demo.returncode == 0, said + why
    told: dict[str, object] = json.loads(said)
    return told


@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_of_trade_ends_with_balanced_books(seed: int, tmp_path: Path) -> None:
    told = play(tmp_path, "--seed", str(seed))
    assert told["ledger_balanced"] is True
    assert (told["purchase_orders_doubled"], told["orders_lost"]) == (0, 0)
    for name, least in LEAST.items():
        assert told[name] >= least, f"{name}: {told[name]}"  # type: ignore[operator]  # these are numbers
    assert min(told["routes"].values()) >= 3, told["routes"]  # type: ignore[attr-defined]  # orders by way
    assert (told["declared_twice"], told["declared_domestic"], told["declared_wrong"]) == (0, 0, 0)


def test_twenty_kills_double_and_lose_nothing(tmp_path: Path) -> None:
    told = play(tmp_path, "--seed", "3", "--kills", "20")
    assert told["kills"] == 20
    assert told["ledger_balanced"] is True
    assert (told["purchase_orders_doubled"], told["orders_lost"]) == (0, 0)


LEAST = {
    "offers_pulled": 30,
    "skus_pulled": 300,
    "listings_published": 30,
    "price_updates": 1,
    "stock_updates": 1,
    "orders_received": 24,
    "orders_pushed": 18,
    "purchase_orders_placed": 18,
    "retried": 1,
    "unknown_resolved": 1,
    "bought_by_hand": 1,
    "parked": 2,
    "tracking_declared": 18,
    "webhooks_rejected": 1,
    "holds": 1,
}
