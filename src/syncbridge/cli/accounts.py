"""``syncbridge accounts``: how each account is opened to us, until when, and how much of its quota is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from syncbridge.cli.database import looked_into
from syncbridge.cli.entries import Lang, words_of
from syncbridge.cli.output import plain, say, show, show_json

if TYPE_CHECKING:
    from sqlmodel import Session

    from syncbridge.ports import Tokens
    from syncbridge.rules.quota import DayQuota
    from syncbridge.settings import Settings
    from syncbridge.store.accounts import Access
    from syncbridge.store.quota import Calls
    from syncbridge.texts import Texts

accounts = typer.Typer(help="Accounts: open them to us, and see until when they are.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
NO_TOKENS = "no_tokens"
"""How an account stands that is opened by its keys alone."""


@dataclass(frozen=True, slots=True)
class Row:
    """One account as it is shown."""

    account: str
    adapter: str
    standing: str
    tokens: Tokens
    open_again_by: datetime | None
    why: str
    made: Mapping[str, int] = field(default_factory=dict)
    left: int | None = None
    bans: Mapping[str, tuple[datetime, str]] = field(default_factory=dict)


@accounts.command("list")
def list_(ctx: typer.Context, lang: Lang = None, json: Json = False) -> None:
    """Each account with what opens it, until when, what to do, and its calls of today."""
    from syncbridge.bootstrap import SystemClock
    from syncbridge.settings import load_settings

    settings, now = load_settings(ctx.obj), SystemClock().now()
    kept = looked_into(settings, lambda session: _kept(session, settings, now)) or {}
    rows = [_row(settings, name, *kept.get(name, (None, None)), now=now) for name in settings.accounts]
    words = words_of(ctx, lang)
    if json:
        show_json({"accounts": [_as_json(row, words) for row in rows]})
        return
    for row in rows:
        _print(row, words)
    if not rows:
        say("The settings name no account; add [accounts.NAME].")


@accounts.command()
def connect(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The account, as the settings name it.")],
    code: Annotated[
        str | None, typer.Option(metavar="CODE", help="The code, or the whole address the browser ended at.")
    ] = None,
    wait: Annotated[float, typer.Option(min=1, help="Seconds to wait for the browser.")] = 600.0,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Open an account on the vendor's page, and keep the tokens: waits for the browser, or takes its code."""
    import asyncio

    from syncbridge.cli.connecting import Connecting
    from syncbridge.settings import load_settings

    connecting = Connecting(load_settings(ctx.obj), name, words_of(ctx, lang), json)
    asyncio.run(connecting.run(code, wait))


def _kept(session: Session, settings: Settings, now: datetime) -> dict[str, tuple[Access | None, Calls | None]]:
    from syncbridge.store import accounts as store
    from syncbridge.store import quota

    access = store.access(session, list(settings.accounts))
    return {
        name: (access.get(name), quota.calls(session, settings.counted_as(name), now=now)) for name in settings.accounts
    }


def _row(settings: Settings, name: str, access: Access | None, calls: Calls | None, *, now: datetime) -> Row:
    from syncbridge.bootstrap import configured_tokens, find_adapter
    from syncbridge.flows.tokens import refused
    from syncbridge.rules import tokens as rules
    from syncbridge.store.accounts import Access

    adapter = find_adapter(settings.accounts[name].adapter)
    own = settings.adapter_settings(name, adapter.settings)
    access = access or Access(configured_tokens(own))
    is_refused = refused(access, now=now)
    standing: str = rules.standing(access.tokens, refused=is_refused, now=now)
    if "access_token" not in adapter.settings.model_fields and not is_refused:
        standing = NO_TOKENS
    row = Row(
        name,
        adapter.name,
        standing,
        access.tokens,
        rules.ends_at(access.tokens),
        access.paused_why if is_refused else "",
    )
    return row if calls is None else _with_calls(row, calls, settings.limit(adapter.name).quota)


def _with_calls(row: Row, calls: Calls, quota: DayQuota | None) -> Row:
    from dataclasses import replace

    left = None if quota is None else max(quota.calls - calls.total, 0)
    return replace(row, made=calls.made, left=left, bans=calls.banned)


def _todo(row: Row, words: Texts) -> str:
    return words.labels[f"access_{row.standing}_todo"].replace("{account}", row.account)


def _as_json(row: Row, words: Texts) -> dict[str, object]:
    return {
        "account": row.account,
        "adapter": row.adapter,
        "standing": row.standing,
        "access_until": _stamp(row.tokens.access_expires_at),
        "renewable_until": _stamp(row.tokens.refresh_expires_at),
        "open_again_by": _stamp(row.open_again_by),
        "why": row.why,
        "next_step": _todo(row, words),
        "calls_today": dict(row.made),
        "calls_left": row.left,
        "banned": [
            {"group": group or None, "until": _stamp(until), "why": why} for group, (until, why) in row.bans.items()
        ],
    }


def _print(row: Row, words: Texts) -> None:
    label = words.labels
    told = [row.account, row.adapter, label[f"access_{row.standing}"]]
    told += [f"{label['access_until']} {_minute(at)}" for at in [row.tokens.access_expires_at] if at]
    told += [f"{label['renewable_until']} {_minute(at)}" for at in [row.tokens.refresh_expires_at] if at]
    show(plain(" · ".join(told)))
    if row.why:
        show(f"    {plain(row.why)}")
    if row.made:
        made = ", ".join(f"{group} {number}" for group, number in sorted(row.made.items()))
        left = "" if row.left is None else f" · {label['calls_left']} {row.left}"
        show(f"    {label['calls_today']} {made}{left}")
    for group, (until, why) in row.bans.items():
        show(f"    {label['banned_until']} {_minute(until)} ({group or label['all_calls']}): {plain(why)}")
    show(f"    → {_todo(row, words)}")


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _stamp(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
