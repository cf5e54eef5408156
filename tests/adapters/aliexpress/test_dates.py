"""The vendor's wall clock: no order is lost when Los Angeles changes its time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.aliexpress.wire import pacific, utc
from syncbridge.model.paging import Cursor
from syncbridge.testing.builders import make_order
from syncbridge.testing.clock import FixedClock, run_virtual
from tests.adapters.aliexpress.conftest import Store

AUTUMN = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
SPRING = datetime(2026, 3, 8, 10, 0, tzinfo=UTC)
MINUTES = st.integers(0, 600).map(lambda minutes: timedelta(minutes=minutes))


async def listed(store: Store, since: Cursor | None) -> tuple[set[str], Cursor | None]:
    seen: set[str] = set()
    cursor = since
    async for page in store.channel.orders(since=since):
        seen |= {ref.order_id for ref in page.items}
        cursor = page.cursor
    return seen, cursor


@settings(max_examples=60)
@given(
    change=st.sampled_from([AUTUMN, SPRING]),
    before=st.integers(-240, 240),
    ordered_after=MINUTES,
    read_after=MINUTES,
)
def test_no_order_is_lost_over_a_change_of_the_clock(
    make_store: type[Store], change: datetime, before: int, ordered_after: timedelta, read_after: timedelta
) -> None:
    async def scenario() -> tuple[set[str], Cursor | None]:
        clock = FixedClock(change - timedelta(minutes=before))
        store = make_store(clock)
        _, cursor = await listed(store, None)
        clock.advance(ordered_after.total_seconds())
        store.buy(make_order("8172481060036440", clock.now()))
        clock.advance(read_after.total_seconds())
        return await listed(store, cursor)

    seen, _ = run_virtual(scenario())
    assert seen == {"8172481060036440"}


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(microsecond=0)))  # noqa: DTZ001  made aware below
def test_a_time_survives_the_trip_but_for_the_hour_autumn_repeats(naive: datetime) -> None:
    at = naive.replace(tzinfo=UTC)
    back = utc(pacific(at))
    ambiguous = AUTUMN <= at < AUTUMN + timedelta(hours=1)
    assert back == (at - timedelta(hours=1) if ambiguous else at)


def test_an_hour_that_spring_leaves_out_is_still_a_time() -> None:
    assert utc("2026-03-08 02:30:00") == datetime(2026, 3, 8, 10, 30, tzinfo=UTC)


def test_an_overlap_that_autumn_could_swallow_is_refused() -> None:
    with pytest.raises(ValueError, match="overlap_minutes"):
        AliExpressSettings(app_key="1", app_secret=SecretStr("2"), overlap_minutes=60)


@pytest.mark.anyio
async def test_dates_of_change_go_with_dates_of_creation_within_the_allowed_range(store: Store) -> None:
    async for _ in store.channel.orders(since=Cursor("2026-07-01T12:00:00+00:00")):
        pass
    query = json.loads(dict(parse_qsl(store.sent[0].content.decode()))["param_aeop_order_query"])
    assert query["modified_date_start"] == "2026-07-01 03:45:00"  # 75 minutes before, in Los Angeles
    span = utc(query["create_date_end"]) - utc(query["create_date_start"])
    assert timedelta(days=178) < span < timedelta(days=180)
    assert "order_status" not in query
    assert query["page_size"] == 50


@pytest.mark.anyio
async def test_finished_orders_are_asked_for_apart_and_for_no_more_than_they_are_shown(store: Store) -> None:
    async for _ in store.channel.orders(since=Cursor("2025-05-02T01:00:00+00:00")):
        pass
    unfinished, finished = (
        json.loads(dict(parse_qsl(sent.content.decode()))["param_aeop_order_query"]) for sent in store.sent
    )
    assert ("order_status" in unfinished, finished["order_status"]) == (False, "FINISH")
    for query, days in ((unfinished, 180), (finished, 30)):
        for dates in ("create_date", "modified_date"):
            span = utc(query[f"{dates}_end"]) - utc(query[f"{dates}_start"])
            assert timedelta(days=days - 2) < span < timedelta(days=days)
