"""What a command prints and how it ends: data on stdout, messages on stderr, one exit code for each kind of failure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum

import typer

from syncbridge.errors import AccessExpired, ConfigError, MappingError, SyncBridgeError, Transient

JSON_VERSION = 1
"""Of every JSON answer; it changes when a field goes or changes its meaning."""


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    PARTIAL = 3
    CONFIG_INVALID = 4
    AUTH_NEEDED = 5
    VENDOR_UNAVAILABLE = 6
    HELD = 7


def show(text: str) -> None:
    """Print data for people."""
    typer.echo(text)


def show_json(answer: Mapping[str, object]) -> None:
    """Print data for programs: one line, ASCII only, so that no terminal's code page can spoil it."""
    typer.echo(json.dumps({"version": JSON_VERSION, **answer}))


def plain(text: str) -> str:
    """A vendor's words on one line, without what would move the cursor, hide text or turn it round."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())


def say(message: str) -> None:
    """Tell the person something that is not the command's data."""
    typer.echo(message, err=True)


def exit_code(error: SyncBridgeError) -> ExitCode:
    """How a command ends that met this error."""
    match error:
        case ConfigError() | MappingError():
            return ExitCode.CONFIG_INVALID
        case AccessExpired():
            return ExitCode.AUTH_NEEDED
        case Transient():
            return ExitCode.VENDOR_UNAVAILABLE
        case _:
            return ExitCode.FAILURE


@contextmanager
def explained() -> Iterator[None]:
    """Turn an error of ours into its sentence and exit code; the command line does so for every command."""
    try:
        yield
    except SyncBridgeError as error:
        say(str(error))
        raise typer.Exit(exit_code(error)) from error
