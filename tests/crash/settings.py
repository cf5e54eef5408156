"""What a day is made of: one offer, one order for it, and settings under which everything waits seconds."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from pathlib import Path

from syncbridge.demo.abroad import listed
from syncbridge.demo.scenario import MAIN, STORE, Want, make

EXAMPLE = (Path(__file__).parents[2] / "mappings" / "example.yaml").read_text(encoding="utf-8")
ONE_SUPPLIER = EXAMPLE.partition("  - name: toys-byhand")[0]
OFFER = make(1, offers=8).offers[MAIN][1]
QUANTITY = 2


def offer_of(number: int) -> dict[str, object]:
    """An offer of its own for each day, since days share their vendors."""
    offer = deepcopy(OFFER)
    offer["offerId"] = 630300000000 + number
    for place, spec in enumerate(listed(offer["productSkuInfos"])):
        spec["specId"] = f"{number:016x}{place:016x}"
        spec["skuId"] = 63030000000000 + 100 * number + place
        spec["amountOnSale"] = 500
    return offer


def want_of(number: int, place: int) -> Want:
    """A spec of the day's offer."""
    return Want(MAIN, str(630300000000 + number), f"{number:016x}{place:016x}", QUANTITY)


def cost_of(number: int, place: int) -> Decimal:
    """What a spec of the day's offer costs at first, in yuan."""
    return Decimal(str(listed(offer_of(number)["productSkuInfos"])[place]["price"]))


def write_settings(
    folder: Path, vendors: str, port: int, accounts: Mapping[str, Mapping[str, object]], pool: str
) -> None:
    """As the demo's, with more attempts than a day has kills."""
    patient = "{ attempts = 60, first = 0.2, cap = 0.5 }"
    text = f"""\
cool_off = 0.1
web = {{ port = {port} }}
workers = {{ idle = 0.1 }}
deadlines = {{ total = 3, read = 3, margin = 0.5, quarantine = 6.5 }}
jobs = {{ lease = 10, renewal = 3, sweep = 1 }}
polls = {{ orders = 1, purchases = 1, offers = 2, carrier = 0.5 }}
waits = {{ audit = 0.2, read_back = 0.5, booking = 0.5, orders = 1 }}
retry = {{ purchase = {patient}, tracking = {patient}, catalogue = {patient} }}
limits = {{ alibaba1688 = {{ per_second = 400 }}, aliexpress = {{ per_second = 400 }} }}

[accounts.forwarder]
adapter = "forwarder_csv"
path = "forwarder.csv"
"""
    for name in (MAIN, STORE):
        adapter = "aliexpress" if name == STORE else "alibaba1688"
        text += f'\n[accounts.{name}]\nadapter = "{adapter}"\n'
        text += f'base_url = "{vendors}/{adapter}"\nauth_url = "{vendors}/{adapter}"\n'
        for key in ("app_key", "app_secret", "access_token", "refresh_token"):
            text += f'{key} = "{accounts[name][key]}"\n'
        text += (
            "live = true\n" if name == STORE else f'daily_spending_cap = "100000.00 CNY"\noffer_pool_id = "{pool}"\n'
        )
    (folder / "mappings").mkdir()
    (folder / "mappings" / "one.yaml").write_text(ONE_SUPPLIER, encoding="utf-8")
    file = folder / "syncbridge.toml"
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
