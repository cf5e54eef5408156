"""Where a daemon listens that is killed and started again."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from syncbridge.testing.loopback import free_port


def given_by_the_system(stack: ExitStack) -> int:
    port: int = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
    return port


def test_it_is_below_all_that_the_system_gives_to_connections() -> None:
    with ExitStack() as stack:
        given = [given_by_the_system(stack) for _ in range(50)]

        assert max(free_port() for _ in range(50)) < min(given)


def test_one_that_somebody_has_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        taken, free = given_by_the_system(stack), secrets.choice(range(10_000, 20_000))
        offered = iter((taken, free))
        monkeypatch.setattr(secrets, "choice", lambda _: next(offered))

        assert free_port() == free


def test_one_that_was_drawn_before_is_passed_over_though_its_owner_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, free = free_port(), secrets.choice(range(10_000, 20_000))
    offered = iter((drawn, free))
    monkeypatch.setattr(secrets, "choice", lambda _: next(offered))

    assert free_port() == free


def test_one_that_another_process_drew_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = "from syncbridge.testing.loopback import free_port; print(free_port(), flush=True); input()"
    free = secrets.choice(range(10_000, 20_000))
    with subprocess.Popen([sys.executable, "-c", draw], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        offered = iter((int(other.stdout.readline()), free))
        monkeypatch.setattr(secrets, "choice", lambda _: next(offered))

        assert free_port() == free

        other.stdin.write(b"\n")
        other.stdin.close()
