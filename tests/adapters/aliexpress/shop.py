"""A seller's shop at the mock, with what a call needs already there; driven by the plain client."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from PIL import Image

from syncbridge.adapters.aliexpress import adapter
from syncbridge.testing.clock import VirtualClock
from tests.adapters.aliexpress.plain_client import PlainClient

PRODUCT = json.loads((Path(__file__).parent / "product.json").read_text())
LEAF = 201520802
RECEIVER = {"name": "Ana", "country": "ES", "city": "Madrid", "street_address": "Calle Mayor 1", "mobile": "612345678"}


async def _nobody_listens(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    return 0


def picture(width: int = 80, height: int = 80, kind: str = "JPEG") -> bytes:
    """A picture's bytes."""
    content = io.BytesIO()
    Image.new("RGB", (width, height)).save(content, kind)
    return content.getvalue()


class Shop:
    """The vendor's books are reached over its own calls only, and over those of the mock where a buyer acts."""

    client: PlainClient
    """There is one once it is open."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        assert adapter.mock
        mock = adapter.mock(self.clock, _nobody_listens)
        transport = httpx.ASGITransport(mock.asgi())  # type: ignore[arg-type]  # an ASGI app
        self.http = httpx.AsyncClient(transport=transport, base_url="http://mock")

    async def open(self, **terms: object) -> Shop:
        await self.tell("settings", audit_seconds=0, reads_without_number=0, labels_without_body=0)
        keys = await self.tell("accounts", **terms)
        self.client = PlainClient(self.http, keys, self.clock.now)
        return self

    def pacific(self, days_ago: int = 0) -> str:
        """A time as business calls want it: the wall clock of Los Angeles, without an offset."""
        at = self.clock.now().astimezone(ZoneInfo("America/Los_Angeles")) - timedelta(days=days_ago)
        return at.strftime("%Y-%m-%d %H:%M:%S")

    async def tell(self, path: str, **words: object) -> dict[str, Any]:
        answer = await self.http.post(f"/_mock/{path}", json=words)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def books(self) -> dict[str, Any]:
        told: dict[str, Any] = (await self.http.get("/_books")).json()
        return told

    async def call(self, method: str, file: bytes | None = None, **business: object) -> dict[str, Any]:
        return await self.client.sync(method, file=file, **business)

    async def product(self, **changes: object) -> int:
        posted = await self.call("aliexpress.offer.product.post", aeop_a_e_product=PRODUCT | changes)
        product_id: int = posted["result"]["product_id"]
        return product_id

    async def shown(self, product_id: int) -> dict[str, Any]:
        told = await self.call("aliexpress.offer.product.query", product_id=str(product_id))
        result: dict[str, Any] = told["result"]
        return result

    async def order(self, lines: int = 1, wishes: list[dict[str, Any]] | None = None, **words: object) -> int:
        wishes = wishes or [{"sku_code": f"A{n}", "quantity": 1, "price": "19.90"} for n in range(lines)]
        given = {"access_token": self.client.keys["access_token"], "lines": wishes, "push": False} | words
        return int((await self.tell("orders", **given))["order_id"])

    async def detail(self, order_id: int) -> dict[str, Any]:
        param = {"order_id": order_id, "ext_info_bit_flag": 31}
        told = await self.call("aliexpress.trade.new.redefining.findorderbyid", param1=param)
        target: dict[str, Any] = told["target"]
        return target

    async def ask_to_cancel(self) -> tuple[int, str]:
        order_id = await self.order()
        await self.tell(f"orders/{order_id}/ask_to_cancel", push=False)
        return order_id, (await self.detail(order_id))["buyerloginid"]

    async def issue(self, kind: str = "refund") -> tuple[int, str, int]:
        order_id = await self.order(status="WAIT_BUYER_ACCEPT_GOODS")
        issue_id = int((await self.tell(f"orders/{order_id}/issue", kind=kind, push=False))["issue_id"])
        buyer = (await self.detail(order_id))["buyerloginid"]
        shown = await self.call("aliexpress.issue.detail.get", buyer_login_id=buyer, issue_id=str(issue_id))
        return issue_id, buyer, shown["result_object"]["buyer_solution_list"][0]["id"]

    async def reviewed(self) -> int:
        order_id = await self.order()
        await self.tell(f"orders/{order_id}/status", status="FINISH", end_reason="buyer_confirm_goods", push=False)
        await self.tell(f"orders/{order_id}/review", stars=5, words="¡Perfecto!")
        return order_id

    async def booking(self, order_id: int, **more: object) -> dict[str, Any]:
        """The parameters of a booking, as both calls take them."""
        line = (await self.detail(order_id))["child_order_list"][0]
        goods = [{
            "productId": line["product_id"], "categoryCnDesc": "本子", "categoryEnDesc": "notebook", "productNum": 1,
            "productDeclareAmount": 5.0, "productWeight": 0.5, "isContainsBattery": 0, "isAneroidMarkup": 0,
            "isOnlyBattery": 0,
        }]  # fmt: skip
        where = {"sender": {"address_id": 1001}, "pickup": {"address_id": 2001}, "refund": {"address_id": 3001}}
        return {
            "address_d_t_os": where | {"receiver": RECEIVER},
            "declare_product_d_t_os": goods,
            "domestic_logistics_company_id": "-1",
            "domestic_logistics_company": "ZTO",
            "domestic_tracking_no": "773300000001",
            "trade_order_from": "ESCROW",
            "trade_order_id": str(order_id),
            "undeliverable_decision": "0",
            "warehouse_carrier_service": "CAINIAO_STANDARD",
        } | more

    async def booked(self) -> tuple[int, dict[str, Any]]:
        """A parcel booked, with its international number."""
        order_id = await self.order()
        await self.call("aliexpress.logistics.createwarehouseorder", **await self.booking(order_id))
        page = await self.call(
            "aliexpress.logistics.redefining.getonlinelogisticsinfo", order_id=str(order_id), page_size="50"
        )
        return order_id, page["result_list"][0]
