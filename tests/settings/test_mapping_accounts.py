"""Every account a mapping file names must be one of the settings, of the right sort, or nothing starts."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from syncbridge.bootstrap import assemble, open_database
from syncbridge.errors import ConfigError
from syncbridge.rules.rates import RateBrakes
from syncbridge.settings import load_settings
from tests.databases import as_after_a_first_start
from tests.web.conftest import write_settings

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("      - supplier: byhand", "      - supplier: second", "SKU TYSET3 names the supplier account 'second'"),
        ("      - supplier: byhand", "      - supplier: toys", "SKU TYSET3 names the supplier account 'toys'"),
        ("    supplier: main", "    supplier: forwarder", "route toys-main names the supplier account 'forwarder'"),
        ("    carrier: forwarder", "    carrier: main", "route toys-main names the carrier account 'main'"),
        ("      - toys", "      - garden", "route toys-main names the store account 'garden'"),
    ],
)
async def test_an_account_of_no_such_sort_is_refused_at_start(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    settings = load_settings(write_settings(tmp_path), environ={})
    example = tmp_path / "mappings" / "example.yaml"
    example.write_text(example.read_text("utf-8").replace(old, new), "utf-8")
    as_after_a_first_start(settings)
    db = open_database(settings)

    with pytest.raises(ConfigError, match=f"example.yaml:[0-9]+:[0-9]+: {sentence}, but the settings have no such"):
        await assemble(settings, db)
    await db.close()


async def test_a_route_whose_parcels_the_channel_books_names_no_carrier(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path), environ={})
    example = tmp_path / "mappings" / "example.yaml"
    carrier = "    carrier: forwarder\n"
    example.write_text(
        example.read_text("utf-8").replace(carrier, "    ship: official\n    parcels: stationery\n", 1), "utf-8"
    )

    app = await assemble(settings, open_database(settings))
    assert app.bridge.rules.routes[0].carrier == ""
    await app.close()


async def test_an_account_that_tells_rates_is_asked_within_the_brakes_of_the_settings(tmp_path: Path) -> None:
    file = write_settings(tmp_path, top="[brakes]\nrate_band = 0.02\nrate_outlier = 0.04\nrate_days = 5\n")
    text = file.read_text("utf-8")
    file.write_text(text + '[accounts.ecb]\nadapter = "ecb"\n', "utf-8")
    example = tmp_path / "mappings" / "example.yaml"
    written = "  CNY/USD:\n    rate: 0.1400\n    day: 2026-11-20"
    example.write_text(example.read_text("utf-8").replace(written, "  CNY/USD: ecb"), "utf-8")
    settings = load_settings(file, environ={})

    app = await assemble(settings, open_database(settings))
    assert list(app.bridge.exchanges) == ["ecb"]
    assert app.bridge.rules.followed == {("CNY", "USD"): "ecb"}
    assert app.bridge.terms.rate_brakes == RateBrakes(Decimal("0.02"), Decimal("0.04"), 5)
    await app.close()
