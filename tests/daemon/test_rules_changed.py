"""Mapping files are edited while the daemon runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncbridge.bootstrap import App, assemble, open_database
from syncbridge.daemon import reload_mappings
from syncbridge.errors import MappingError
from syncbridge.settings import load_settings
from syncbridge.store import holds
from tests.web.conftest import write_settings

pytestmark = pytest.mark.anyio


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    settings = load_settings(write_settings(tmp_path), {})
    assembled = await assemble(settings, open_database(settings))
    yield assembled
    await assembled.close()


def edit(app: App, old: str, new: str) -> None:
    file = app.settings.mappings / "example.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


async def alarms(app: App) -> list[str]:
    return [hold.figures["why"] for hold in await app.bridge.db.read(holds.all_open)]


async def test_edited_rules_are_in_force_without_a_restart(app: App) -> None:
    edit(app, "prefix: HB", "prefix: HZ")
    assert await reload_mappings(app)
    assert "HZ" in [route.prefix for route in app.bridge.rules.routes]


async def test_files_left_alone_are_not_read_into_new_rules(app: App) -> None:
    before = app.bridge
    assert not await reload_mappings(app)
    assert app.bridge is before


async def test_row_43_a_mistake_keeps_the_old_rules_and_names_its_place_and_the_nearest_key(app: App) -> None:
    before = app.bridge.rules
    edit(app, "    supplier: main", "    suplier: main")
    assert not await reload_mappings(app)
    assert app.bridge.rules is before
    (why,) = await alarms(app)
    assert "example.yaml:" in why
    assert 'did you mean "supplier"?' in why


async def test_row_43_an_account_that_does_not_exist_keeps_the_old_rules(app: App) -> None:
    before = app.bridge.rules
    edit(app, "    supplier: main", "    supplier: mian")
    assert not await reload_mappings(app)
    assert app.bridge.rules is before
    assert len(await alarms(app)) == 1


async def test_row_43_the_alarm_ends_when_the_mistake_is_mended(app: App) -> None:
    edit(app, "    supplier: main", "    suplier: main")
    await reload_mappings(app)
    edit(app, "    suplier: main", "    supplier: main")
    await reload_mappings(app)
    assert await alarms(app) == []


async def test_broken_files_at_the_start_are_refused(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path), {})
    (settings.mappings / "example.yaml").write_text("routes: [", "utf-8")
    with pytest.raises(MappingError, match=r"example.yaml:\d+"):
        await assemble(settings, open_database(settings))
