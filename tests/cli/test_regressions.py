"""Things that once went wrong at the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import structlog

from syncbridge.cli.log import set_up_log
from tests.cli.test_queue import Desk, parked


def test_brackets_in_a_reason_are_shown_and_break_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.change(lambda session: parked(session, reason="see [accounts.main] and [/docs]"))

    result = desk.run("list")

    assert result.exit_code == 0
    assert "[accounts.main]" in result.stdout
    assert "[/docs]" in result.stdout


def test_an_entry_in_foreign_digits_is_no_entry(tmp_path: Path) -> None:
    result = Desk(tmp_path).run("retry", "²")

    assert (result.exit_code, result.stderr) == (1, "there is no entry ²; see: syncbridge queue list\n")


def test_a_log_on_a_full_disk_loses_a_line_and_not_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk:
        def write(self, text: str) -> None:
            raise OSError(28, "No space left on device")

        flush = isatty = lambda _: False

    monkeypatch.setattr(sys, "stderr", FullDisk())
    set_up_log()
    try:
        structlog.get_logger().error("the database is full")
    finally:
        structlog.reset_defaults()
