"""The vendor's documented samples are read as they stand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import files

import pytest

from syncbridge.adapters.aliexpress.refusals import fault_in, is_expiry
from syncbridge.adapters.aliexpress.signing import AliExpressSigner
from syncbridge.adapters.aliexpress.webhook import AliExpressWebhook
from syncbridge.adapters.http import Answer
from syncbridge.model.events import RawRequest
from syncbridge.ports import Tokens
from tests.adapters.aliexpress.conftest import Answering, Store

SAMPLES = files("syncbridge.adapters.aliexpress") / "samples"


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


@pytest.mark.anyio
async def test_the_list_of_orders(answering: Answering) -> None:
    channel = answering(lambda *_: json.loads(sample("order_list.json")))
    page = await anext(aiter(channel.orders(since=None)))
    (ref,) = page.items
    assert (ref.order_id, ref.modified_at) == ("1160045860056286", datetime(2017, 10, 12, 19, 12, 12, tzinfo=UTC))
    assert page.failures == ()


def test_renewed_tokens(store: Store) -> None:
    signer = AliExpressSigner(store.settings, store.wiring)
    tokens = signer.refreshed(Answer(200, sample("token_refresh.json")), Tokens("old", "old"))
    assert (tokens.access, tokens.refresh) == ("50000601sample", "50001601sample")
    assert tokens.access_expires_at == datetime(2024, 4, 27, 4, 29, 20, tzinfo=UTC)


@pytest.mark.parametrize(("name", "expired"), [("error_sync.json", True), ("error_rest.json", False)])
def test_refusals_of_both_gateways(name: str, expired: bool) -> None:
    fault = fault_in(Answer(200, sample(name)))
    assert fault
    assert is_expiry(fault) is expired


def test_a_push_message(store: Store) -> None:
    (event,) = AliExpressWebhook(store.settings).events(RawRequest({}, "", sample("push_order.json")))
    assert event.subjects == ("1105933950463697",)
