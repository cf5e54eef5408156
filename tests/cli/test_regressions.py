"""Things that once went wrong at the command line."""

from __future__ import annotations

from pathlib import Path

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
