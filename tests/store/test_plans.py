"""What waits of plans is found by index, however long a store's history is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event
from sqlmodel import Session

from syncbridge.store import plans
from syncbridge.store.db import SqliteDatabase

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda session: plans.held(session, "toys", "repriced_share"), "change_held"),
        (lambda session: plans.held_by(session, "toys", "price_step", "TYA001", after=0), "change_held"),
        (lambda session: plans.undecided(session, [1, 2]), "change_listing"),
        (lambda session: plans.on_its_way(session, [1, 2]), "change_listing"),
        (lambda session: plans.overtake(session, 7), "change_listing"),
        (lambda session: plans.settle_zeros(session, 1), "change_listing"),
    ],
)
async def test_what_waits_is_found_by_index(db: SqliteDatabase, ask: Callable[[Session], object], index: str) -> None:
    def explained(session: Session) -> list[str]:
        seen: list[tuple[str, object]] = []
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *told: seen.append((told[2], told[3])))
        ask(session)
        return [
            row[3]
            for statement, values in list(seen)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)  # type: ignore[arg-type]
            if row[3].startswith(("SEARCH change USING", "SCAN change"))
        ]

    found = await db.run(explained)
    assert found
    assert all(f"INDEX {index} (" in step for step in found)
