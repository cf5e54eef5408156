"""Real processes: each test starts what it needs on free ports and ends only what it started."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE = 15.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def run_daemon(config: Path) -> subprocess.CompletedProcess[str]:
    """Run a daemon that is expected to refuse; answers how it ended."""
    return subprocess.run(_command(config), capture_output=True, text=True, timeout=PATIENCE, check=False)


@contextlib.contextmanager
def daemon(config: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """A daemon that answers; killed at the end if it still runs."""
    process = subprocess.Popen(_command(config), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        until(lambda: listens(port) or process.poll() is not None)
        assert process.poll() is None, process.communicate()[0]
        yield process
    finally:
        process.kill()
        process.communicate()


def until(happened: object) -> None:
    """Wait for something another process does."""
    end = time.monotonic() + PATIENCE
    while not happened():  # type: ignore[operator]  # a condition
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def column(file: Path, query: str) -> list[str]:
    """The first column of a query, read beside the daemon."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute(query)]


def _command(config: Path) -> list[str]:
    return [sys.executable, "-m", "syncbridge", "--config", str(config), "daemon"]
