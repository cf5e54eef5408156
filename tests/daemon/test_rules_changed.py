"""Mapping files are edited while the daemon runs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncbridge.bootstrap import App, assemble, open_database
from syncbridge.daemon import reload_mappings
from syncbridge.errors import MappingError
from syncbridge.settings import load_settings
from syncbridge.store import holds
from tests.databases import as_after_a_first_start
from tests.web.conftest import write_settings

pytestmark = pytest.mark.anyio


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    settings = load_settings(write_settings(tmp_path), {})
    as_after_a_first_start(settings)
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


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    buffer: 2", "    extends: careful\n    buffer: 2", "goes round in a circle"),
        (
            "    buffer: 2",
            "    extends: carful\n    buffer: 2",
            'is not defined under "stocks:"; did you mean "careful"?',
        ),
        ("    prefix: TY", "    prefix: TY\n    destinations: [Germany]", '"Germany" is no country'),
        ("    prefix: TY", "    prefix: TY\n    destinations: [DE]", "no route says it of other countries"),
        ("    prefix: TY", "    prefix: TY\n    pattern: TY{good}", "there are only {goods} and {any}"),
        ("skus:", "aliases:\n  - {code: A17, sku: XX1}\nskus:", "no route's prefix fits XX1"),
    ],
)
async def test_row_43_a_rule_that_cannot_work_keeps_the_old_ones_and_names_its_place(
    app: App, old: str, new: str, told: str
) -> None:
    before = app.bridge.rules
    edit(app, old, new)
    assert not await reload_mappings(app)
    assert app.bridge.rules is before
    (why,) = await alarms(app)
    assert re.search(r"example\.yaml:\d+:\d+: ", why)
    assert told in why


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
