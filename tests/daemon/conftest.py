"""Real processes: each test starts what it needs on free ports and ends only what it started."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE = 15.0


def run_daemon(config: Path) -> subprocess.CompletedProcess[str]:
    """Run a daemon that is expected to refuse; answers how it ended."""
    return subprocess.run(_command(config), capture_output=True, text=True, timeout=PATIENCE, check=False)


@contextlib.contextmanager
def daemon(config: Path, port: int, *, before: str = "") -> Iterator[subprocess.Popen[str]]:
    """A daemon that answers, after a line of Python; killed at the end if it still runs."""
    command = [sys.executable, "-c", f"{before}\nfrom syncbridge.__main__ import app; app()", *_command(config)[3:]]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
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


def column(file: Path, query: str) -> list[str | int]:
    """The first column of a query, read beside the daemon."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute(query)]


def _command(config: Path) -> list[str]:
    return [sys.executable, "-m", "syncbridge", "--config", str(config), "daemon"]


@contextlib.contextmanager
def slow_vendor(no_answer: float = 0.7) -> Iterator[tuple[str, threading.Event]]:
    """A vendor that takes calls and hangs up after a while without an answer; tells when one came."""
    asked, over = threading.Event(), threading.Event()

    def hang_up_late(connection: socket.socket) -> None:
        with connection:
            if connection.recv(65536):
                asked.set()
            over.wait(no_answer)

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
