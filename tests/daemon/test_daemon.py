"""The daemon as a process: one owner, an orderly end, and nothing acknowledged that a kill could take away."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from syncbridge.daemon import sole_owner
from syncbridge.errors import ConfigError
from syncbridge.settings import load_settings
from tests.daemon.conftest import column, daemon, free_port, run_daemon, until
from tests.web.conftest import aliexpress_push, signed_by_aliexpress, write_settings

NO_ANSWER = 0.7


def test_a_database_has_one_owner_until_it_lets_go(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path), environ={})

    with sole_owner(settings), pytest.raises(ConfigError, match="another syncbridge daemon"), sole_owner(settings):
        raise AssertionError("there are two owners")
    with sole_owner(settings):
        pass


@pytest.mark.process
def test_a_second_daemon_on_the_same_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    port = free_port()
    config = write_settings(tmp_path, port=port)
    with daemon(config, port) as first:
        second = run_daemon(config)

        assert (second.returncode, second.stdout) == (4, "")
        assert second.stderr.startswith("another syncbridge daemon works on ")
        assert "Traceback" not in second.stderr
        assert first.poll() is None


@pytest.mark.process
def test_sigterm_ends_it_in_order_and_lets_a_running_job_end(tmp_path: Path) -> None:
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


@pytest.mark.process
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cool_off = soon\n", "syncbridge.toml:1"),
        ("cool_of = 5\n", "cool_of"),
        ("database_url = 5\n", "database_url"),
    ],
)
def test_a_malformed_setting_is_refused_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    done = run_daemon(write_settings(tmp_path, top=text))

    assert (done.returncode, done.stdout) == (4, "")
    assert said in done.stderr
    assert str(tmp_path / "syncbridge.toml") in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "syncbridge.db").exists()


@pytest.mark.process
def test_missing_settings_are_refused_with_the_path(tmp_path: Path) -> None:
    done = run_daemon(tmp_path / "nowhere.toml")

    assert done.returncode == 4
    assert str(tmp_path / "nowhere.toml") in done.stderr


@pytest.mark.process
def test_an_account_a_route_names_and_the_settings_lack_is_refused_with_its_place(tmp_path: Path) -> None:
    config = write_settings(tmp_path)
    config.write_text(config.read_text().replace("[accounts.byhand]", "[accounts.other]"))

    done = run_daemon(config)

    assert done.returncode == 4
    assert "example.yaml:" in done.stderr
    assert "'byhand'" in done.stderr


@contextlib.contextmanager
def slow_vendor() -> Iterator[tuple[str, threading.Event]]:
    """A vendor that takes calls and hangs up after a while without an answer; tells when the first one came."""
    asked, over = threading.Event(), threading.Event()

    def hang_up_late(connection: socket.socket) -> None:
        with connection:
            if connection.recv(65536):
                asked.set()
            over.wait(NO_ANSWER)

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=hang_up_late, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=serve, args=(listener,), daemon=True)
        serving.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()
