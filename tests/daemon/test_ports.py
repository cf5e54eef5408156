"""Where a daemon listens that is killed and started again."""

from __future__ import annotations

import secrets
import socket
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
        taken, free = given_by_the_system(stack), free_port()
        offered = iter((taken, free))
        monkeypatch.setattr(secrets, "choice", lambda _: next(offered))

        assert free_port() == free
