"""The database of a seed: in memory, made once for each process, with invariants as triggers in it.

A trigger sees every write at the step that makes it, and costs nothing where nothing changes.
"""

from __future__ import annotations

import functools
import sqlite3
from typing import cast

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Connection, Engine
from sqlmodel import SQLModel

from syncbridge.model.purchasing import PurchaseState
from syncbridge.store.db import open_engine

KEYS = MultiFernet([Fernet(Fernet.generate_key())])
NOT_LIVE = (PurchaseState.STOPPED, PurchaseState.REFUSED)
BOUGHT = (PurchaseState.PLACED, PurchaseState.PAID, PurchaseState.SHIPPED, PurchaseState.DECLARED)
UNSENT = (PurchaseState.INTENDED, PurchaseState.SENT, PurchaseState.UNKNOWN, PurchaseState.BY_HAND)
MONEY = "GLOB '*[0-9] [A-Z][A-Z][A-Z]'"


@functools.cache
def engine() -> Engine:
    """The process's engine; one, since each compiles its statements anew."""
    return open_engine("sqlite:///file:/simulated?vfs=memdb&uri=true", KEYS, durable=False)


def begin_anew() -> Engine:
    """Empty tables."""
    put_back(_template())
    return engine()


def copy() -> sqlite3.Connection:
    """A backup of the database as it is now."""
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    _raw().backup(kept)
    return kept


def put_back(kept: sqlite3.Connection) -> None:
    """Restore a backup."""
    kept.backup(_raw())


def rows(query: str, *values: object) -> list[tuple[object, ...]]:
    """What a query finds now."""
    return _raw().execute(query, values).fetchall()


@functools.cache
def _kept_open() -> Connection:
    """A database in memory ends with its last connection."""
    return engine().connect()


def _raw() -> sqlite3.Connection:
    return cast(sqlite3.Connection, _kept_open().connection.driver_connection)


@functools.cache
def _template() -> sqlite3.Connection:
    SQLModel.metadata.create_all(_kept_open())
    _kept_open().commit()
    for statement in TRIGGERS:
        _raw().execute(statement)
    return copy()


def _states(states: tuple[PurchaseState, ...]) -> str:
    return "(" + ", ".join(f"'{state.value}'" for state in states) + ")"


def _when(name: str, event: str, condition: str, what: str) -> str:
    noted = f"INSERT INTO violation VALUES ('{name}: ' || {what})"  # noqa: S608  our own words
    return f"CREATE TRIGGER {name} AFTER {event} WHEN {condition} BEGIN {noted}; END"


def _bought(column: str, table: str, where: str) -> str:
    quantity = "json_extract(line.value, '$.quantity')"
    return f"(SELECT sum({quantity}) FROM {table} t, json_each(t.{column}) line WHERE {where})"  # noqa: S608  as above


_OF_ORDER = "t.store = NEW.store AND t.order_id = NEW.order_id"
_TOO_MUCH = (
    _bought("lines", "purchase", f"{_OF_ORDER} AND t.state NOT IN {_states(NOT_LIVE)}")
    + " > "
    + _bought("lines", "channel_order", _OF_ORDER)
)
TRIGGERS = (
    "CREATE TABLE violation (what TEXT NOT NULL)",
    _when("I1_intended_too_much", "INSERT ON purchase", _TOO_MUCH, "NEW.order_id"),
    _when("I1_bought_too_much", "UPDATE OF state, lines ON purchase", _TOO_MUCH, "NEW.order_id"),
    _when(
        "I1_one_intent_per_vendor_order",
        "UPDATE OF purchase ON vendor_order",
        "OLD.purchase IS NOT NULL AND NEW.purchase IS NOT OLD.purchase",
        "NEW.vendor_order_id",
    ),
    _when("I2_inbox_kept", "DELETE ON inbox", "1", "OLD.key"),
    _when("I7_total_of_order", "INSERT ON channel_order", f"NEW.total NOT {MONEY}", "NEW.total"),
    _when("I7_payout", "INSERT ON purchase", f"NEW.payout NOT {MONEY}", "NEW.payout"),
    _when("I7_total_of_vendor_order", "INSERT ON vendor_order", f"NEW.total NOT {MONEY}", "NEW.total"),
    _when("I7_new_total", "UPDATE OF total ON vendor_order", f"NEW.total NOT {MONEY}", "NEW.total"),
    _when("I7_price", "UPDATE OF price_wanted ON binding", f"NEW.price_wanted NOT {MONEY}", "NEW.price_wanted"),
    _when(
        "I8_order_went_back",
        "UPDATE OF modified_at ON channel_order",
        "NEW.modified_at < OLD.modified_at",
        "NEW.order_id",
    ),
    _when(
        "I8_purchase_went_back",
        "UPDATE OF state ON purchase",
        f"OLD.state IN {_states(BOUGHT)} AND NEW.state IN {_states(UNSENT)}",
        "NEW.mark || OLD.state || NEW.state",
    ),
    _when("I9_timeline_changed", "UPDATE ON timeline", "1", "OLD.subject"),
    _when("I9_timeline_deleted", "DELETE ON timeline", "1", "OLD.subject"),
    _when("I9_change_deleted", "DELETE ON change", "1", "OLD.sku_code"),
)
