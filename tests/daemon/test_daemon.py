"""The daemon as a process: one owner, an orderly end, and nothing acknowledged that a kill could take away."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from syncbridge import daemon as process
from syncbridge.bootstrap import assemble, open_database
from syncbridge.cli.main import app
from syncbridge.errors import ConfigError
from syncbridge.settings import LimitSettings, load_settings
from syncbridge.store import grants
from syncbridge.store.owner import sole_owner
from syncbridge.testing.loopback import free_port
from syncbridge.wiring import GcraLimiter
from tests.daemon.conftest import column, daemon, run_daemon, slow_vendor, until
from tests.web.conftest import aliexpress_push, signed_by_aliexpress, write_settings

MODULES = 1050
"""Beside those that are built into the interpreter, which cost nothing."""


def test_a_database_has_one_owner_until_it_lets_go(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path), environ={})

    with (
        sole_owner(settings.database_file),
        pytest.raises(ConfigError, match="another syncbridge daemon"),
        sole_owner(settings.database_file),
    ):
        raise AssertionError("there are two owners")
    with sole_owner(settings.database_file):
        pass


@pytest.mark.process
def test_an_acknowledged_message_survives_a_kill_right_after(tmp_path: Path) -> None:
    port, body = free_port(), aliexpress_push()
    with daemon(write_settings(tmp_path, port=port), port) as it:
        answer = httpx.post(f"http://127.0.0.1:{port}/webhooks/toys", content=body, headers=signed_by_aliexpress(body))
        it.kill()
        it.wait()

    assert answer.status_code == 200
    assert column(tmp_path / "syncbridge.db", "SELECT topic FROM inbox") == ["53"]
    assert len(column(tmp_path / "syncbridge.db", "SELECT id FROM job WHERE kind = 'orders.take'")) == 1


@pytest.mark.process
def test_after_a_kill_the_next_daemon_takes_the_running_jobs_over_at_once(tmp_path: Path) -> None:
    port = free_port()
    database = tmp_path / "syncbridge.db"
    with slow_vendor() as (base_url, asked):
        config = write_settings(tmp_path, port=port, base_url=base_url)
        with daemon(config, port) as first:
            assert asked.wait(10)
            until(lambda: column(database, "SELECT 1 FROM job WHERE state = 'running' AND kind = 'orders.poll'"))
            first.kill()
            first.wait()
        before = column(database, "SELECT attempt FROM job WHERE kind = 'orders.poll'")
        with daemon(config, port):
            until(lambda: column(database, "SELECT attempt FROM job WHERE kind = 'orders.poll'") > before)


def refused(config: Path) -> Result:
    """How a daemon ends whose settings cannot be read: before there is anything that needs a process of its own."""
    return CliRunner().invoke(app, ["--config", str(config), "daemon"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cool_off = soon\n", "syncbridge.toml:1"),
        ("cool_of = 5\n", "cool_of"),
        ("database_url = 5\n", "database_url"),
    ],
)
def test_a_malformed_setting_is_refused_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    done = refused(write_settings(tmp_path, top=text))

    assert (done.exit_code, done.stdout) == (4, "")
    assert said in done.stderr
    assert str(tmp_path / "syncbridge.toml") in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "syncbridge.db").exists()


def test_missing_settings_are_refused_with_the_path(tmp_path: Path) -> None:
    done = refused(tmp_path / "nowhere.toml")

    assert done.exit_code == 4
    assert str(tmp_path / "nowhere.toml") in done.stderr


@pytest.mark.process
def test_an_account_a_route_names_and_the_settings_lack_is_refused_with_its_place(tmp_path: Path) -> None:
    config = write_settings(tmp_path)
    config.write_text(config.read_text().replace("[accounts.byhand]", "[accounts.other]"))

    done = run_daemon(config)

    assert done.returncode == 4
    assert "example.yaml:" in done.stderr
    assert "'byhand'" in done.stderr


def test_a_restart_loads_nothing_it_does_not_need(tmp_path: Path) -> None:
    """What it loads decides when the first job comes; alembic alone takes as long as reading the mapping files."""
    asyncio.run(_made(write_settings(tmp_path)))
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "import syncbridge.cli.daemon, syncbridge.daemon\n"
        "from syncbridge.bootstrap import assemble, open_database\n"
        "from syncbridge.settings import load_settings\n"
        "async def main():\n"
        f"    settings = load_settings(Path({str(tmp_path / 'syncbridge.toml')!r}), environ={{}})\n"
        "    await (await assemble(settings, open_database(settings))).close()\n"
        "asyncio.run(main())\n"
        "print(*sorted(sys.modules.keys() - set(sys.builtin_module_names)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()

    assert not [name for name in loaded if name.partition(".")[0] in ("alembic", "mako", "pytest")]
    assert not [name for name in loaded if name.startswith("syncbridge.") and name.split(".")[1] in ("demo", "testing")]
    assert not [name for name in loaded if name.startswith("syncbridge.adapters.") and ".mock" in name]
    assert len(loaded) < MODULES


@pytest.mark.anyio
async def test_calls_a_dead_daemon_had_reserved_do_not_hold_up_the_next(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path), environ={})
    app = await assemble(settings, open_database(settings))
    limit = LimitSettings(per_second=1)
    await GcraLimiter(app.bridge.db, app.bridge.clock, "toys", limit).slot("orders")
    await process.take_over(app)
    async with asyncio.timeout(1):
        await GcraLimiter(app.bridge.db, app.bridge.clock, "toys", limit).slot("orders")
    await app.close()


@pytest.mark.anyio
async def test_after_a_start_what_was_not_granted_is_asked_for_again(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path), environ={})
    app = await assemble(settings, open_database(settings))
    now = app.bridge.clock.now()
    refused = grants.Refused("main", "place", "1688", "gw.APIACLDecline", "no", now, now + timedelta(days=1))
    await app.bridge.db.run(grants.refuse, refused)
    await process.take_over(app)
    (kept,) = await app.bridge.db.read(grants.refused, ["main"])
    assert now <= kept.ask_at < now + timedelta(hours=1)
    await app.close()


async def _made(config: Path) -> None:
    await open_database(load_settings(config, environ={})).close()
