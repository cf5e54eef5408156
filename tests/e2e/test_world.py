"""The people of the demo take the vendors' no as people would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from syncbridge.adapters.forwarder_csv.mock import ForwarderMock
from syncbridge.demo.abroad import owners_of
from syncbridge.demo.run import mappings_folder
from syncbridge.demo.scenario import Trouble, make
from syncbridge.demo.world import Desk, World
from syncbridge.flows.retry_queue import Entry
from syncbridge.model.purchasing import Purchase
from syncbridge.rules.mapping_file import parse
from syncbridge.settings import read_mappings
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.control import MockControl, MockRefused

pytestmark = pytest.mark.anyio
SCENARIO = make(1)
ORDER = next(order.order_id for order in SCENARIO.orders if order.trouble is Trouble.CANCELLED_SHIPPED)
NOTE = "唛头 " + next(mark for mark, order_id in owners_of(SCENARIO).items() if order_id == ORDER)


async def nothing() -> Sequence[Purchase]:
    return []


def vendor(sold: dict[str, object], ordered: dict[str, object], answers: int = 200) -> tuple[Starlette, list[str]]:
    """Both vendors in one, with an order each; answers it, and what it was told."""
    told: list[str] = []

    def books(_: Request) -> JSONResponse:
        return JSONResponse({"orders": [sold | ordered]})

    def control(request: Request) -> JSONResponse:
        told.append(request.path_params["step"])
        return JSONResponse({}, answers)

    control_call = Route("/_mock/orders/{order_id}/{step}", control, methods=["POST"])
    return Starlette(routes=[Route("/_books", books), control_call]), told


@asynccontextmanager
async def world(folder: Path, app: Starlette, *held: str) -> AsyncIterator[World]:
    """People on whose desk is nothing but these holds, each told as ``code: subject``."""
    rules = parse(read_mappings(mappings_folder()))

    async def queue() -> Sequence[Entry]:
        return [
            Entry(f"hold-{n}", "hold", subject, "held", code, "", 0, None, None, None)
            for n, (code, _, subject) in enumerate(one.partition(": ") for one in held)
        ]

    desk = Desk(cards=nothing, queue=queue)
    forwarder = ForwarderMock(folder / "forwarder.csv")
    async with MockControl("http://mock", app=app) as mock:
        yield World(SCENARIO, mock, mock, forwarder, rules, FixedClock(), desk, lambda _: None)


def bought(status: str) -> dict[str, object]:
    """What the supplier has sent already."""
    return {"orderId": "1", "message": NOTE, "payTime": "", "status": status, "parcels": ["YT1"]}


@pytest.mark.parametrize(
    ("status", "answers", "asked"),
    [
        ("WAIT_SELLER_SEND_GOODS", 200, ["ask_to_cancel", "accept_cancel"]),
        ("SELLER_PART_SEND_GOODS", 400, ["ask_to_cancel"]),
        ("WAIT_BUYER_ACCEPT_GOODS", 400, ["ask_to_cancel"]),
    ],
)
async def test_a_buyer_who_cancels_too_late_keeps_the_order(
    status: str, answers: int, asked: list[str], tmp_path: Path
) -> None:
    app, told = vendor(bought(status), {"order_id": ORDER}, answers)
    async with world(tmp_path, app) as people:
        await people.do_their_part()
        await people.do_their_part()

    assert told == asked


async def test_a_channel_that_lets_nobody_cancel_what_is_not_sent_ends_the_demo(tmp_path: Path) -> None:
    app, _ = vendor(bought("WAIT_SELLER_SEND_GOODS"), {"order_id": ORDER}, 400)
    async with world(tmp_path, app) as people:
        with pytest.raises(MockRefused):
            await people.do_their_part()


@pytest.mark.parametrize(
    ("left", "cancelled_at", "held", "ends"),
    [
        ("waitbuyerreceive", "2026", "vendor_order_extra: vendor order main/2", False),
        ("waitbuyerreceive", "2026", "shipped_without_parcel: vendor order main/1", False),
        ("waitbuyerreceive", "2026", "vendor_order_extra: vendor order main/1", True),
        ("waitbuyerreceive", "2026", f"shipped_after_cancel: order toys/{ORDER}", True),
        ("terminated", "2026", "", True),
        ("waitbuyerreceive", None, "", True),
    ],
)
async def test_a_day_ends_once_what_was_bought_for_cancelled_orders_is_taken_back_or_a_person_told(
    left: str, cancelled_at: str | None, held: str, ends: bool, tmp_path: Path
) -> None:
    app, _ = vendor(bought(left) | {"parcels": []}, {"order_id": ORDER, "cancelled_at": cancelled_at})
    async with world(tmp_path, app, held) as people:
        if ends:
            await people.settle(10)
        else:
            with pytest.raises(TimeoutError, match=f"still open: order toys/{ORDER}"):
                await people.settle(10)
