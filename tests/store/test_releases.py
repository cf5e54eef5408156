"""Databases of earlier releases, filled by their demo, open in this one with everything in them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlmodel import Session

from syncbridge.bootstrap import open_database
from syncbridge.errors import ConfigError
from syncbridge.flows.retry_queue import entries
from syncbridge.settings import Settings
from syncbridge.store import accounts, catalogue, orders, parcels, purchases
from syncbridge.store.db import SqliteDatabase, load_keys, open_engine
from syncbridge.store.migrate import HEAD, migrate, outdated, revision
from syncbridge.store.owner import sole_owner
from syncbridge.store.tables.parcels import BookingRow, WaybillRow

pytestmark = pytest.mark.anyio
FIXTURES = Path(__file__).parent / "fixtures"


@dataclass(frozen=True)
class Filled:
    """What the demo of a release left in its database."""

    sold: int = 20
    declared: int = 26
    stuck: int = 2
    waybills: int = 26
    bookings: int = 0


RELEASES = {
    "v0.1.0": Filled(),
    "v0.2.0": Filled(),
    "v0.3.0": Filled(),
    "v0.4.0": Filled(sold=24, declared=27, stuck=6, waybills=29, bookings=18),
}


@pytest.mark.parametrize("release", RELEASES)
async def test_a_filled_database_of_an_earlier_release_opens(release: str, tmp_path: Path) -> None:
    filled = RELEASES[release]
    for kind in ("db", "key"):
        shutil.copy(FIXTURES / f"{release}.{kind}", tmp_path / f"old.{kind}")
    (tmp_path / "old.key").chmod(0o600)
    engine = open_engine(f"sqlite:///{tmp_path / 'old.db'}", load_keys(tmp_path / "old.key"))
    migrate(engine)
    db = SqliteDatabase(engine)
    try:
        assert revision(engine) == HEAD
        figures = await db.read(catalogue.figures)
        assert (figures.offers, figures.listings) == (32, 32)
        assert sum((await db.read(orders.figures)).values()) == filled.sold
        assert (await db.read(purchases.figures))["declared"] == filled.declared
        assert len(await db.read(entries)) == filled.stuck
        assert (await db.read(accounts.tokens_of, "toys")).access
        assert await db.read(count, WaybillRow) == filled.waybills
        assert await db.read(count, BookingRow) == filled.bookings
        numbers = await db.read(parcels.of_order, "8172481000000000", ["toys", "games"])
        assert all(parcel.shipment.mark for parcel in numbers)
        address = await db.read(orders.address_of, "toys", "8172481000000000")
        assert address is not None
        assert address.country
    finally:
        await db.close()


def count(session: Session, table: type[WaybillRow | BookingRow]) -> int:
    return session.scalars(select(func.count()).select_from(table)).one()


async def test_row_29_a_command_upgrades_nothing_beside_a_daemon_of_an_older_version(tmp_path: Path) -> None:
    for kind in ("db", "key"):
        shutil.copy(FIXTURES / f"v0.1.0.{kind}", tmp_path / f"old.{kind}")
    (tmp_path / "old.key").chmod(0o600)
    file = tmp_path / "old.db"
    settings = Settings(database_url=f"sqlite:///{file}", key_file=tmp_path / "old.key")
    with sole_owner(file), pytest.raises(ConfigError, match="another syncbridge daemon works on"):
        open_database(settings)
    engine = open_engine(settings.database_url, load_keys(settings.key_file))
    assert outdated(engine)
    engine.dispose()
    await open_database(settings).close()
