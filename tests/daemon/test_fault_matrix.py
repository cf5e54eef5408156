"""Rows of the fault matrix that the process must hold: two daemons, signals, a clock that is set, a disk that fails."""

from __future__ import annotations

import asyncio
import resource
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import apscheduler.schedulers.base
import apscheduler.triggers.interval
import httpx
import pytest
import structlog

from syncbridge import daemon as process
from syncbridge.bootstrap import App, SystemClock, assemble, open_database
from syncbridge.errors import ConfigError
from syncbridge.flows.schedule import Every
from syncbridge.settings import load_settings
from syncbridge.store.owner import sole_owner
from syncbridge.testing.loopback import free_port
from tests.daemon.conftest import column, daemon, run_daemon, slow_vendor, until
from tests.web.conftest import aliexpress_push, signed_by_aliexpress, write_settings

DATABASE = "syncbridge.db"
SHORT_LEASES = "[jobs]\nlease = 0.6\nrenewal = 0.2\nsweep = 0.1\n"


def with_short_leases(config: Path) -> Path:
    config.write_text(config.read_text() + SHORT_LEASES)
    return config


class SetClock(SystemClock):
    """The machine's clock, and somebody who sets it."""

    offset = timedelta(0)

    def now(self) -> datetime:
        return super().now() + SetClock.offset


class SetDatetime(datetime):
    """What the scheduler sees of it."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # as it is called
        return datetime.now(tz) + SetClock.offset


@pytest.mark.anyio
@pytest.mark.parametrize("step", [-3600, 3600])
async def test_row_17_the_schedule_neither_stops_nor_bursts_when_the_clock_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    settings = load_settings(write_settings(tmp_path), environ={})
    app = await assemble(settings, open_database(settings), clock=SetClock())
    ticks: list[float] = []

    async def note(_app: App, _every: Every, _wake: asyncio.Event) -> None:
        ticks.append(time.monotonic())

    monkeypatch.setattr(process, "_tick", note)
    monkeypatch.setattr(process, "STEP", 0.2)
    monkeypatch.setattr(SetClock, "offset", timedelta(0))
    for module in (apscheduler.schedulers.base, apscheduler.triggers.interval):
        monkeypatch.setattr(module, "datetime", SetDatetime)
    ticking = asyncio.create_task(process._keep_ticking(app, [Every("orders.poll", "toys", 0.5)], asyncio.Event()))
    await asyncio.sleep(0.7)
    before = len(ticks)
    with structlog.testing.capture_logs() as logs:
        SetClock.offset = timedelta(seconds=step)
        await asyncio.sleep(1.5)
    ticking.cancel()
    await app.close()

    assert before == 1
    assert 3 <= len(ticks) - before <= 5  # at once, and each half second from then on
    assert [(log["event"], log["seconds"]) for log in logs] == [("clock.stepped", step)]


@pytest.mark.process
def test_row_28_a_daemon_whose_disk_takes_nothing_goes_on_by_itself_when_it_does(tmp_path: Path) -> None:
    port = free_port()
    body, url = aliexpress_push(), f"http://127.0.0.1:{port}"
    headers = signed_by_aliexpress(body)
    with daemon(write_settings(tmp_path, port=port), port) as it:
        until(lambda: httpx.get(f"{url}/health/ready").status_code == 200)
        soft, hard = resource.prlimit(it.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(it.pid, resource.RLIMIT_FSIZE, (1, hard))  # every write to a file fails
        failing = [httpx.post(f"{url}/webhooks/toys", content=body, headers=headers).status_code for _ in range(3)]
        readiness = httpx.get(f"{url}/health/ready").status_code
        kept = column(tmp_path / DATABASE, "SELECT id FROM inbox")
        time.sleep(0.5)  # the driver meets it too
        resource.prlimit(it.pid, resource.RLIMIT_FSIZE, (soft, hard))
        answer = httpx.post(f"{url}/webhooks/toys", content=body, headers=headers)

        assert (failing, readiness, kept) == ([503] * 3, 503, [])
        assert answer.status_code == 200
        assert httpx.get(f"{url}/health/ready").status_code == 200
        attempts = "SELECT attempt FROM job WHERE kind = 'orders.take'"
        until(lambda: column(tmp_path / DATABASE, attempts) not in ([], [0]))  # and the workers work
        assert it.poll() is None


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """Settings whose database has a page of garbage, and a copy made before an upgrade."""
    config = write_settings(tmp_path)
    asyncio.run(_made(config))
    file = tmp_path / DATABASE
    shutil.copy(file, f"{file}.before-0002")
    content = bytearray(file.read_bytes())
    content[8192:12288] = b"\xa5" * 4096
    file.write_bytes(content)
    return config


async def _made(config: Path) -> None:
    await open_database(load_settings(config, environ={})).close()


@pytest.mark.process
def test_row_29_a_damaged_database_is_refused_and_its_restore_command_mends_it(spoilt: Path) -> None:
    refused = run_daemon(spoilt)
    command = refused.stderr.strip().rpartition(": syncbridge ")[2]
    again = subprocess.run(
        [sys.executable, "-m", "syncbridge", "--config", str(spoilt), *command.split()],
        capture_output=True,
        text=True,
        check=False,
    )
    port = free_port()
    spoilt.write_text(spoilt.read_text().replace("port = 0", f"port = {port}"))

    assert (refused.returncode, refused.stdout) == (4, "")
    assert " is damaged (" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert command == f"db restore {spoilt.with_name(DATABASE)}.before-0002"
    assert again.returncode == 0, again.stderr
    with daemon(spoilt, port) as it:
        assert it.poll() is None


@pytest.mark.process
def test_row_41_a_second_daemon_on_the_same_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    port = free_port()
    config = write_settings(tmp_path, port=port)
    with daemon(config, port) as first:
        second = run_daemon(config)

        assert (second.returncode, second.stdout) == (4, "")
        assert second.stderr.startswith("another syncbridge daemon works on ")
        assert "Traceback" not in second.stderr
        assert first.poll() is None


@pytest.mark.process
def test_row_41_a_stopped_daemon_is_still_the_owner(tmp_path: Path) -> None:
    port = free_port()
    config = write_settings(tmp_path, port=port)
    with daemon(config, port) as first:
        first.send_signal(signal.SIGSTOP)
        second = run_daemon(config)
        first.send_signal(signal.SIGCONT)

        assert (second.returncode, first.poll()) == (4, None)
        assert second.stderr.startswith("another syncbridge daemon works on ")


def test_row_41_a_link_to_the_database_leads_to_the_same_owner(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path), environ={})
    (tmp_path / "link.db").symlink_to(tmp_path / DATABASE)
    linked = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}/link.db"})

    with (
        sole_owner(settings.database_file),
        pytest.raises(ConfigError, match="another syncbridge daemon"),
        sole_owner(linked.database_file),
    ):
        raise AssertionError("there are two owners")


@pytest.mark.process
def test_row_42_sigterm_ends_it_in_order_and_lets_a_running_job_end(tmp_path: Path) -> None:
    port = free_port()
    with slow_vendor() as (base_url, asked), daemon(write_settings(tmp_path, port=port, base_url=base_url), port) as it:
        assert asked.wait(10)
        it.send_signal(signal.SIGTERM)
        output, _ = it.communicate(timeout=10)

    assert it.returncode == 0, output
    assert "daemon.stopped" in output
    states = column(tmp_path / "syncbridge.db", "SELECT state FROM job WHERE kind = 'orders.poll'")
    reasons = column(tmp_path / "syncbridge.db", "SELECT reason_code FROM job WHERE kind = 'orders.poll'")
    assert states == ["parked"]  # it ended and said why; the next tick is its next attempt
    assert reasons != [""]


@pytest.mark.process
def test_row_42_a_job_that_does_not_end_is_cut_off_and_left_to_the_next_daemon(tmp_path: Path) -> None:
    port = free_port()
    running = "SELECT attempt FROM job WHERE kind = 'orders.poll' AND state = 'running'"
    with slow_vendor(no_answer=10) as (base_url, asked):
        config = write_settings(tmp_path, port=port, base_url=base_url)
        with daemon(config, port, before="import syncbridge.daemon; syncbridge.daemon.GRACE = 0.3") as it:
            assert asked.wait(10)
            it.send_signal(signal.SIGTERM)
            output, _ = it.communicate(timeout=10)
        left = column(tmp_path / DATABASE, running)
        with daemon(config, port):
            until(lambda: column(tmp_path / DATABASE, running) == [2])

    assert it.returncode == 0, output
    told = [output.index(event) for event in ("daemon.cut_off", "poll.cut_off", "daemon.stopped")]
    assert told == sorted(told)  # the job let go before the database was closed
    assert "Traceback" not in output
    assert left == [1]


@pytest.mark.process
def test_row_42_a_daemon_stopped_past_its_leases_goes_on_where_it_was(tmp_path: Path) -> None:
    port = free_port()
    with slow_vendor(no_answer=0.5) as (base_url, asked):
        config = with_short_leases(write_settings(tmp_path, port=port, base_url=base_url))
        with daemon(config, port) as it:
            assert asked.wait(10)
            it.send_signal(signal.SIGSTOP)
            time.sleep(1.5)
            it.send_signal(signal.SIGCONT)
            ended = "SELECT attempt FROM job WHERE kind = 'orders.poll' AND state = 'parked'"
            until(lambda: column(tmp_path / DATABASE, ended))
            it.send_signal(signal.SIGTERM)
            output, _ = it.communicate(timeout=10)

    assert it.returncode == 0, output
    assert "job.fenced" not in output
    assert set(column(tmp_path / DATABASE, "SELECT attempt FROM job WHERE state = 'parked'")) == {1}
