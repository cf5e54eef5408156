"""The mock of 4PX refuses what the vendor would."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from syncbridge.adapters.fourpx.drafts import order
from syncbridge.adapters.fourpx.wire import encoded
from tests.adapters.fourpx.conftest import Forwarder
from tests.adapters.ledger import ledger

pytestmark = pytest.mark.anyio
CREATE = "ds.xms.order.create"
Ask = Callable[..., Awaitable[Any]]
"""Signs a call and answers its data, or the code of its refusal."""


@pytest.fixture
async def asked(forwarder: Forwarder) -> AsyncIterator[Ask]:
    """Signs by hand; answers the code of a refusal, or the data."""
    http = httpx.AsyncClient(transport=httpx.ASGITransport(forwarder.mock.asgi()), base_url="http://mock")
    account = forwarder.account

    async def ask(
        method: str, body: object, *, secret: str = account.app_secret, late_ms: int = 0, **changes: str
    ) -> Any:
        text = body if isinstance(body, str) else encoded(body)
        stamp = int(forwarder.clock.now().timestamp() * 1000) + late_ms
        query = {"app_key": account.app_key, "format": "json", "method": method, "timestamp": str(stamp), "v": "1.1.0"}
        query |= changes
        base = "".join(name + query[name] for name in ("app_key", "format", "method", "timestamp", "v"))
        query["sign"] = hashlib.md5((base + text + secret).encode(), usedforsecurity=False).hexdigest()
        answer = (await http.post("/router/api/service", params=query, content=text)).json()
        return answer["data"] if answer["result"] == "1" else answer["errors"][0]["error_code"]

    yield ask
    await http.aclose()


@pytest.fixture
def body(forwarder: Forwarder) -> dict[str, Any]:
    booked: dict[str, Any] = json.loads(encoded(order(forwarder.draft(), "A1", forwarder.settings)))
    return booked


async def test_it_books_what_is_right(asked: Ask, body: dict[str, Any], forwarder: Forwarder) -> None:
    assert (await asked(CREATE, body))["ref_no"] == "SB7K2M01"
    (parcel,) = ledger(forwarder.mock)["parcels"]
    assert (parcel["ref_no"], parcel["product"], parcel["number"], parcel["asked_again"]) == ("SB7K2M01", "A1", "", 0)


async def test_a_number_of_ours_is_taken_once_and_the_books_count_the_rest(
    asked: Ask, body: dict[str, Any], forwarder: Forwarder
) -> None:
    await asked(CREATE, body)
    assert await asked(CREATE, body) == "ref_no_exists"
    (parcel,) = ledger(forwarder.mock)["parcels"]
    assert parcel["asked_again"] == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"secret": "wrong"}, "sign_invalid"),
        ({"late_ms": -601_000}, "timestamp_invalid"),
        ({"v": "1.0.0"}, "param_invalid"),
        ({"app_key": "nobody"}, "app_key_invalid"),
        ({"session": "x"}, "param_invalid"),
    ],
)
async def test_a_call_that_is_not_signed_right_is_refused(
    asked: Ask, body: dict[str, Any], change: dict[str, Any], code: str
) -> None:
    assert await asked(CREATE, body, **change) == code


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("unheard_of",), 1),
        (("ref_no",), ""),
        (("duty_type",), "X"),
        (("parcel_list", 0, "weight"), 12.5),
        (("parcel_list", 0, "weight"), 0),
        (("parcel_list", 0, "declare_product_info", 0, "brand_export"), ""),
        (("parcel_list", 0, "declare_product_info", 0, "hscode_export"), "48.20"),
        (("parcel_list", 0, "declare_product_info", 0, "declare_unit_price_export"), "4.50"),
        (("deliver_type_info", "deliver_type"), "4"),
        (("recipient_info", "country"), "Spain"),
    ],
)
async def test_fields_are_known_and_within_bounds(
    asked: Ask,
    body: dict[str, Any],
    path: tuple[str | int, ...],
    value: object,
) -> None:
    *way, last = path
    place: Any = body
    for step in way:
        place = place[step]
    place[last] = value
    assert await asked(CREATE, body) == "param_invalid"


async def test_a_label_has_an_address_once_it_is_asked_for_again(asked: Ask, body: dict[str, Any]) -> None:
    query = {"request_no": "SB7K2M01", "response_label_format": "PDF"}
    assert await asked("ds.xms.label.get", query) == "not_found"
    await asked(CREATE, body)
    early = await asked("ds.xms.label.get", query)
    ready = await asked("ds.xms.label.get", query)
    assert (early["label_url_info"], early["label_barcode"]) == ({"logistics_label": ""}, ready["label_barcode"])
    assert ready["label_url_info"]["logistics_label"].startswith("http://mock/")
    assert await asked("ds.xms.label.get", query | {"response_label_format": "PNG"}) == "param_invalid"


async def test_the_lines_are_told_by_their_mode(asked: Ask) -> None:
    every = await asked("ds.xms.logistics_product.getlist", {"transport_mode": "1"}, v="1.0.0")
    packets = await asked("ds.xms.logistics_product.getlist", {"transport_mode": "3"}, v="1.0.0")
    assert {line["transport_mode"] for line in packets} == {"3"}
    assert [line for line in every if line["transport_mode"] == "3"] == packets
    assert await asked("ds.xms.logistics_product.getlist", {"transport_mode": 1}, v="1.0.0") == "param_invalid"
    assert await asked("ds.xms.logistics_product.getlist", {"transport_mode": "1"}) == "param_invalid"  # v is another's


async def test_an_estimate_takes_texts_and_tells_yuan_as_texts(asked: Ask) -> None:
    parcel = {"country_code": "ES", "weight": "350", "logistics_product_code": ["A1", "PX"], "cargocode": "D"}
    told = await asked("ds.xms.estimated_cost.get", parcel, v="1.0.0")
    assert [(one["logistics_product_code"], one["lump_sum_fee"]) for one in told] == [("A1", "39.70"), ("PX", "46.50")]
    for change in (
        {"weight": 350},
        {"weight": "1000000"},
        {"length": "20"},
        {"cargocode": "F"},
        {"country_code": "es"},
    ):
        assert await asked("ds.xms.estimated_cost.get", parcel | change, v="1.0.0") == "param_invalid"


async def test_a_window_is_a_week_at_most(asked: Ask) -> None:
    week = 7 * 24 * 3600 * 1000
    window = {"start_time_of_create_consignment": 0, "end_time_of_create_consignment": week}
    assert await asked("ds.xms.order.get", window) == []
    assert await asked("ds.xms.order.get", window | {"end_time_of_create_consignment": week + 1}) == "param_invalid"
    assert await asked("ds.xms.order.get", {}) == "param_invalid"


async def test_accounts_do_not_see_each_other(asked: Ask, body: dict[str, Any], forwarder: Forwarder) -> None:
    await asked(CREATE, body)
    other = forwarder.mock.desk.open_account()
    get = {"request_no": "SB7K2M01"}
    assert await asked("ds.xms.order.get", get, app_key=other.app_key, secret=other.app_secret) == "not_found"


async def test_an_unknown_method_is_no_json(forwarder: Forwarder) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(forwarder.mock.asgi()), base_url="http://mock") as http:
        answer = await http.post("/router/api/service", params={"method": "ds.xms.order.paint"}, content="{}")
    assert (answer.status_code, answer.text.startswith("ApiException")) == (500, True)


async def test_it_is_controlled_over_http(forwarder: Forwarder) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(forwarder.mock.asgi()), base_url="http://mock") as http:
        keys = (await http.post("/_mock/accounts")).json()
        assert {"app_key", "app_secret", "sender"} == keys.keys()
        await http.post("/_mock/settings", json={"data_as_text": True, "reads_without_number": 0})
        forwarder.mock.desk.announce(forwarder.account, "B", "A1")
        changed = await http.post("/_mock/parcels/B", json={"status": "C", "number": "UF000000009YP"})
        assert changed.json() == {"ref_no": "B", "status": "C", "number": "UF000000009YP"}
        assert (await http.post("/_mock/parcels/none", json={})).status_code == 400
        await http.post("/_mock/faults", json={"api": "*", "fault": "unavailable"})
        assert (await http.post("/router/api/service", params={"method": CREATE})).status_code == 503
        books = (await http.get("/_books")).json()
    assert books["parcels"][0]["number"] == "UF000000009YP"
