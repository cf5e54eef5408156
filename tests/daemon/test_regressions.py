"""Things that once went wrong with the daemon."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from syncbridge.errors import ConfigError
from syncbridge.settings import load_settings
from syncbridge.store.owner import sole_owner
from tests.daemon.conftest import run_daemon
from tests.web.conftest import write_settings


def test_a_database_in_a_folder_that_is_missing_is_a_matter_of_settings(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path, top='database_url = "sqlite:///no/such/s.db"'), environ={})

    with pytest.raises(ConfigError, match="no/such"), sole_owner(settings.database_file):
        raise AssertionError("there is no such folder")


def test_a_lock_that_cannot_be_had_is_not_called_another_daemon(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path), environ={})
    (tmp_path / "syncbridge.db.owner").mkdir()

    with (
        pytest.raises(ConfigError, match=r"syncbridge\.db\.owner cannot be locked"),
        sole_owner(settings.database_file),
    ):
        raise AssertionError("there is no lock")


@pytest.mark.process
def test_a_port_that_is_taken_is_a_matter_of_settings(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_daemon(write_settings(tmp_path, port=port))

    assert done.returncode == 4
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr
