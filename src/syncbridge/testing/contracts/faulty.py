"""What every harness can do, and what no adapter may show."""

from __future__ import annotations

from typing import Protocol

import pytest

from syncbridge.errors import VendorError
from syncbridge.ports import Clock


class Faulty(Protocol):
    """A vendor that can be told to fail."""

    @property
    def clock(self) -> Clock:
        """The vendor's time, and ours."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Keys and tokens that must never be shown."""

    def limit_next_call(self) -> None:
        """Refuse the next call for its frequency."""

    def lose_next_answer(self) -> None:
        """Act on the next write, but let its answer get lost."""


def assert_nothing_leaked(
    secrets: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    *errors: VendorError,
) -> None:
    """No secret in the logs, the output, or any text an error carries."""
    printed = capsys.readouterr()
    shown = [caplog.text, printed.out, printed.err]
    shown += [text for error in errors for text in (str(error), repr(error), error.body, repr(error.__dict__))]
    for secret in secrets:
        assert all(secret not in text for text in shown)
