"""The people of the demo take the vendors' no as people would."""

from __future__ import annotations

from collections.abc import Sequence
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
from syncbridge.rules.mapping_file import parse
from syncbridge.settings import read_mappings
from syncbridge.testing.clock import FixedClock
from syncbridge.testing.control import MockControl

pytestmark = pytest.mark.anyio


async def nothing() -> Sequence[object]:
    return []


@pytest.mark.parametrize(("status", "asked"), [(200, ["ask_to_cancel", "accept_cancel"]), (400, ["ask_to_cancel"])])
async def test_a_buyer_who_cancels_too_late_keeps_the_order(status: int, asked: list[str], tmp_path: Path) -> None:
    scenario = make(1)
    mark = next(
        mark
        for mark, order_id in owners_of(scenario).items()
        if any(one.order_id == order_id and one.trouble is Trouble.CANCELLED_SHIPPED for one in scenario.orders)
    )
    bought = {
        "orderId": "1",
        "message": f"唛头 {mark}",
        "payTime": "",
        "status": "waitbuyerreceive",
        "parcels": ["YT1"],
    }
    told: list[str] = []

    def books(_: Request) -> JSONResponse:
        return JSONResponse({"orders": [bought]})

    def control(request: Request) -> JSONResponse:
        told.append(request.path_params["step"])
        return JSONResponse({}, status)

    vendor = Starlette(
        routes=[Route("/_books", books), Route("/_mock/orders/{order_id}/{step}", control, methods=["POST"])]
    )
    rules = parse(read_mappings(mappings_folder()))
    desk = Desk(cards=nothing, queue=nothing)  # type: ignore[arg-type]  # nothing is of any type
    async with MockControl("http://mock", app=vendor) as mock:
        forwarder = ForwarderMock(tmp_path / "forwarder.csv")
        world = World(scenario, mock, mock, forwarder, rules, FixedClock(), desk, lambda _: None)

        await world.do_their_part()
        await world.do_their_part()

    assert told == asked
