"""The command line's frame: quick to answer, silent on success, and one exit code for each kind of failure."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import typer
from typer.testing import CliRunner

from syncbridge.cli.main import COMMANDS, app
from syncbridge.cli.output import ExitCode, exit_code
from syncbridge.errors import (
    AccessExpired,
    ConfigError,
    MappingError,
    NotGranted,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    SignatureInvalid,
    SyncBridgeError,
    Unreachable,
)

HEAVY = ("sqlmodel", "sqlalchemy", "httpx", "ruamel", "pydantic_settings", "syncbridge.settings", "syncbridge.rules")


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(args))
    return result.exit_code, result.stdout, result.stderr


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, command: object) -> None:
    """Put a module of that command in the place of the real one."""
    module = ModuleType(f"syncbridge.cli.{name}")
    setattr(module, name, command)
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(option: str) -> None:
    script = (
        "import sys\n"
        "from syncbridge.cli.main import app\n"
        f"app([{option!r}], standalone_mode=False)\n"
        f"loaded = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "sys.exit(str(loaded) if loaded else 0)\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "syncbridge" in done.stdout


def test_help_names_every_command() -> None:
    code, out, _ = run("--help")

    assert code == 0
    assert all(f"  {name} " in out for name in COMMANDS)


def test_the_version_is_data() -> None:
    assert run("--version") == (0, "syncbridge 0.4.0\n", "")


def test_a_command_that_does_not_exist_is_a_usage_error() -> None:
    code, out, err = run("demon")

    assert (code, out) == (ExitCode.USAGE, "")
    assert "No such command 'demon'" in err


def test_a_missing_command_shows_the_help() -> None:
    code, _, err = run()

    assert code == ExitCode.USAGE
    assert "Commands:" in err


def test_a_function_is_a_command_with_its_own_options(monkeypatch: pytest.MonkeyPatch) -> None:
    def demo(orders: int = 20) -> None:
        """Try it out."""
        typer.echo(f"{orders} orders")

    stand_in(monkeypatch, "demo", demo)

    assert run("demo", "--orders", "3") == (0, "3 orders\n", "")
    assert "Try it out." in run("demo", "--help")[1]


def test_a_group_of_one_command_still_wants_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    adapters = typer.Typer()

    @adapters.command("list")
    def list_() -> None:
        typer.echo("alibaba1688")

    stand_in(monkeypatch, "adapters", adapters)

    assert run("adapters", "list") == (0, "alibaba1688\n", "")


def test_a_command_finds_the_settings_path_in_its_context(monkeypatch: pytest.MonkeyPatch) -> None:
    def resync(ctx: typer.Context) -> None:
        typer.echo(repr(ctx.obj))

    stand_in(monkeypatch, "resync", resync)

    assert run("--config", "own.toml", "resync")[1] == f"{Path('own.toml')!r}\n"
    assert run("resync")[1] == "None\n"


def test_colours_are_off_for_every_library_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def resync() -> None:
        import os

        typer.echo(os.environ["NO_COLOR"])

    monkeypatch.setenv("NO_COLOR", "")
    stand_in(monkeypatch, "resync", resync)

    assert run("--no-color", "resync")[1] == "1\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("no"), 4),
        (MappingError("no"), 4),
        (AccessExpired("no", vendor="v"), 5),
        (Unreachable("no", vendor="v"), 6),
        (RateLimited("no", vendor="v"), 6),
        (Rejected("no", vendor="v"), 1),
        (NotGranted("no", vendor="v"), 1),
        (OutcomeUnknown("no", vendor="v"), 1),
        (SignatureInvalid("no"), 1),
        (SyncBridgeError("no"), 1),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: SyncBridgeError, code: int) -> None:
    assert exit_code(error) == code


def test_an_error_of_ours_is_a_sentence_on_stderr_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def daemon() -> None:
        raise AccessExpired("account main must be authorised again; run syncbridge accounts", vendor="1688")

    stand_in(monkeypatch, "daemon", daemon)

    assert run("daemon") == (5, "", "account main must be authorised again; run syncbridge accounts\n")


def test_an_error_that_is_not_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def daemon() -> None:
        raise ZeroDivisionError

    stand_in(monkeypatch, "daemon", daemon)

    assert isinstance(CliRunner().invoke(app, ["daemon"]).exception, ZeroDivisionError)


def test_a_daemon_looks_for_garbage_once_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[bool] = []

    async def run_it(_: object) -> None:
        looks.append(gc.isenabled())

    config = tmp_path / "syncbridge.toml"
    config.touch(mode=0o600)
    monkeypatch.setattr("syncbridge.daemon.run", run_it)
    monkeypatch.setattr("faulthandler.enable", lambda: None)  # it wants a real stderr

    assert run("--config", str(config), "daemon") == (0, "", "")
    assert looks == [True]


def test_an_exit_code_of_the_command_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def resync() -> None:
        raise typer.Exit(ExitCode.PARTIAL)

    stand_in(monkeypatch, "resync", resync)

    assert run("resync")[0] == 3


def test_an_interrupt_ends_as_interrupts_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def daemon() -> None:
        raise KeyboardInterrupt

    stand_in(monkeypatch, "daemon", daemon)

    assert run("daemon")[0] == 130
