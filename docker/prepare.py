"""Prepares a daemon that works for `syncbridge mock`: `python prepare.py FOLDER`.

The folder holds accounts.json, which is what the mock printed, and gets syncbridge.toml. The supplier gets an offer.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from importlib.resources import files
from pathlib import Path

ACCOUNTS = {"main": "alibaba1688", "byhand": "alibaba1688", "toys": "aliexpress"}
KEYS = ("base_url", "auth_url", "app_key", "app_secret", "access_token", "refresh_token")
SUPPLIER = 'offer_pool_id = "1"\ndaily_spending_cap = "2000.00 CNY"\n'
EXTRA = {"main": SUPPLIER, "byhand": SUPPLIER, "toys": "live = true\n"}
FORWARDER = '[accounts.forwarder]\nadapter = "forwarder_csv"\npath = "forwarder.csv"\n'


def settings(opened: dict[str, dict[str, str]]) -> str:
    """The accounts the example mapping file names, with the keys the mock gave out."""
    return FORWARDER + "".join(_account(name, opened[vendor], vendor) for name, vendor in ACCOUNTS.items())


def _account(name: str, keys: dict[str, str], vendor: str) -> str:
    lines = "".join(f'{key} = "{keys[key]}"\n' for key in KEYS)
    return f'\n[accounts.{name}]\nadapter = "{vendor}"\n{lines}{EXTRA[name]}'


def _publish(shop: str) -> None:
    """Put the real offer that comes with the demo into the supplier's pool 1."""
    offer = json.loads(files("syncbridge.demo").joinpath("real_offer.json").read_text("utf-8"))
    body = json.dumps({"offers": [offer], "pool": "1"}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{shop}/_mock/offers", body, headers)  # noqa: S310  the mock's own address
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  as above


def _prepare(folder: Path) -> None:
    opened = json.loads((folder / "accounts.json").read_text())
    _publish(opened["alibaba1688"]["base_url"])
    file = folder / "syncbridge.toml"
    file.touch(mode=0o600)
    file.write_text(settings(opened))


if __name__ == "__main__":
    _prepare(Path(sys.argv[1]))
