"""Every topic of 1688's messages: pushed by the mock, understood by the adapter (1688.md §6.2)."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

import httpx
import pytest
from pydantic import SecretStr

from syncbridge.adapters.alibaba1688.mock import topics
from syncbridge.adapters.alibaba1688.webhook import Alibaba1688Webhook
from syncbridge.model.events import EventKind, RawRequest, VendorEvent
from tests.adapters.alibaba1688.caller import OFFER, Caller, settled

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench

pytestmark = pytest.mark.anyio
SECRET = "a secret"
FOLLOW = "com.alibaba.product/alibaba.product.follow.crossborder"


def taken(bench: Bench) -> tuple[dict[str, Any], VendorEvent]:
    """The last message pushed, as it came and as our adapter takes it."""
    _, body = bench.pushed[-1]
    webhook = Alibaba1688Webhook(bench.settings.app_secret)
    webhook.verify(RawRequest({}, "", body))
    (event,) = webhook.events(RawRequest({}, "", body))
    return json.loads(parse_qs(body.decode())["message"][0]), event


@pytest.fixture
def listening(call: Caller, bench: Bench) -> Caller:
    bench.account.webhook_url = "http://seller/webhooks/main"
    return call


@pytest.mark.parametrize(("topic", "status"), topics.ORDERS.items())
async def test_a_message_about_an_order_has_the_status_of_the_documents(
    listening: Caller, bench: Bench, topic: str, status: str
) -> None:
    order_id = (await listening.create())["result"]["orderId"]
    await bench.control(f"orders/{order_id}/message", {"topic": topic})
    await settled()
    message, event = taken(bench)

    assert message["data"]["currentStatus"] == (status or "waitbuyerpay")
    assert message["data"]["sellerMemberId"].startswith("b2b-")
    assert (event.kind, event.topic, event.subjects) == (EventKind.PURCHASE_CHANGED, topic, (order_id,))


@pytest.mark.parametrize("status", topics.BATCH_STATES)
async def test_a_message_about_a_payment_in_a_batch_has_its_id_as_text(
    listening: Caller, bench: Bench, status: str
) -> None:
    order_id = (await listening.create())["result"]["orderId"]
    await bench.control(f"orders/{order_id}/message", {"topic": "ORDER_BATCH_PAY", "status": status})
    await settled()
    message, event = taken(bench)

    assert message["data"] == {"batchPay": [{"orderId": order_id, "status": status}]}
    assert (event.kind, event.subjects) == (EventKind.PURCHASE_CHANGED, (order_id,))


@pytest.mark.parametrize("topic", topics.RELATIONS)
async def test_a_message_about_an_offer_names_its_topic_as_its_status(
    listening: Caller, bench: Bench, topic: str
) -> None:
    await listening(FOLLOW, productId=str(OFFER))
    await bench.control(f"offers/{OFFER}/message", {"topic": topic})
    await settled()
    message, event = taken(bench)

    assert (message["data"]["status"], message["data"]["productIds"]) == (topic, str(OFFER))
    assert (event.kind, event.subjects) == (EventKind.OFFER_CHANGED, (str(OFFER),))


@pytest.mark.parametrize("action", topics.ACTIONS)
async def test_a_message_about_a_change_says_which(listening: Caller, bench: Bench, action: str) -> None:
    await listening(FOLLOW, productId=str(OFFER))
    await bench.control(f"offers/{OFFER}/message", {"topic": topics.CHANGE, "action": action})
    await settled()
    message, event = taken(bench)

    assert message["data"]["action"] == action
    assert (event.kind, event.subjects) == (EventKind.OFFER_CHANGED, (str(OFFER),))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"offers/{OFFER}/message", {"topic": "GREETING"}),
        (f"offers/{OFFER}/message", {"topic": topics.CHANGE, "action": "sold"}),
        ("offers/5/message", {"topic": topics.CHANGE}),
        ("orders/{order_id}/message", {"topic": "GREETING"}),
        ("orders/{order_id}/message", {"topic": topics.BATCH_PAY, "status": "paid"}),
        ("orders/{order_id}/close", {"by": "me"}),
        ("orders/{order_id}/finish", {}),
        ("orders/{order_id}/price", {"freight": "-1.00"}),
        ("orders/{order_id}/price", {"discount": "much"}),
        ("faults", {"api": "*", "fault": "unavailable", "call": 0}),
        ("faults", {"api": "*", "fault": "unavailable", "call": 1, "count": 1}),
        ("faults", {"api": "*", "fault": "unavailable", "probability": 1.5}),
    ],
)
async def test_the_control_takes_no_message_the_documents_do_not_know(
    listening: Caller, bench: Bench, path: str, body: dict[str, object]
) -> None:
    order_id = (await listening.create())["result"]["orderId"]
    with pytest.raises(httpx.HTTPStatusError):
        await bench.control(path.format(order_id=order_id), body)


def signed(params: dict[str, str], *, lower: bool) -> str:
    text = "".join(sorted(name + value for name, value in params.items()))
    made = hmac.new(SECRET.encode(), text.encode(), "sha1").hexdigest()
    return made if lower else made.upper()


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("more", [{}, {"appKey": "1000001"}, {"z": "", "a": "订单"}])
@pytest.mark.parametrize("in_query", [True, False])
def test_row_23_a_signature_counts_in_either_case_over_all_that_came(
    lower: bool, more: dict[str, str], in_query: bool
) -> None:
    webhook = Alibaba1688Webhook(SecretStr(SECRET))
    params = {"message": '{"type":"ORDER_BATCH_PAY","data":{}}', **more}
    signature = urlencode({"_aop_signature": signed(params, lower=lower)})
    body = urlencode(params)

    query, form = (signature, body) if in_query else ("", f"{body}&{signature}")
    webhook.verify(RawRequest({}, query, form.encode()))
