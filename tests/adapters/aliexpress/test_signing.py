"""Signatures against the published and captured vectors, and what goes where in a request."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import anyio
import pytest

from syncbridge.adapters.aliexpress.signing import sign
from syncbridge.adapters.aliexpress.webhook import AliExpressWebhook
from syncbridge.errors import AccessExpired, SignatureInvalid, VendorDown
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.ports import Tokens
from syncbridge.testing.builders import make_listing_draft, make_order
from syncbridge.testing.faults import Fault
from syncbridge.testing.wiring import NoLimit
from tests.adapters.aliexpress.conftest import Store
from tests.adapters.ledger import ledger

pytestmark = pytest.mark.anyio
VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
ORDER = "8172481060036440"


@pytest.mark.parametrize("vector", VECTORS["requests"], ids=lambda vector: vector["id"])
def test_a_published_signature_is_reproduced(vector: dict[str, Any]) -> None:
    assert sign(vector["params"], vector["app_secret"], vector["path"], vector["method"]) == vector["sign"]


def test_blank_parameters_are_not_signed() -> None:
    assert sign({"a": "1", "b": " ", "c": ""}, "secret") == sign({"a": "1"}, "secret")


@pytest.mark.parametrize("vector", VECTORS["webhooks"], ids=lambda vector: vector["id"])
@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_a_signed_message_is_accepted_in_either_case(
    store: Store, vector: dict[str, Any], case: Callable[[str], str]
) -> None:
    settings = store.settings.model_copy(
        update={"app_key": vector["app_key"], "app_secret": type(store.settings.app_secret)(vector["app_secret"])}
    )
    webhook = AliExpressWebhook(settings)
    request = RawRequest({"authorization": case(vector["authorization_header"])}, "", vector["raw_body"].encode())
    webhook.verify(request)
    (event,) = webhook.events(request)
    assert (event.kind, event.subjects, event.topic) == (EventKind.ORDER_CHANGED, ("3031265788145237",), "53")


@pytest.mark.parametrize("header", ["", "é", "0" * 64])
def test_a_forged_message_is_refused(store: Store, header: str) -> None:
    with pytest.raises(SignatureInvalid):
        AliExpressWebhook(store.settings).verify(RawRequest({"authorization": header}, "", b"{}"))


@pytest.mark.parametrize(
    ("body", "kind", "subjects"),
    [
        (b'{"data":{"orderId":7},"message_type":53,"timestamp":1}', EventKind.ORDER_CHANGED, ("7",)),
        (b'{"data":{"orderId":"7"},"message_type":"53","timestamp":"1"}', EventKind.ORDER_CHANGED, ("7",)),
        (b'{"data":{"orderId":7},"message_type":18,"timestamp":1}', EventKind.OTHER, ("7",)),
        (b'{"data":{},"message_type":65,"timestamp":1}', EventKind.OTHER, ()),
    ],
)
def test_a_message_is_read_whatever_its_topic(
    store: Store, body: bytes, kind: EventKind, subjects: tuple[str, ...]
) -> None:
    (event,) = AliExpressWebhook(store.settings).events(RawRequest({}, "", body))
    assert (event.kind, event.subjects) == (kind, subjects)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"data":{},"message_type":53,"timestamp":1}', b'{"data":5,"message_type":53,"timestamp":1}']
)
def test_an_unreadable_message_says_so(store: Store, body: bytes) -> None:
    with pytest.raises(ValueError, match="message"):
        AliExpressWebhook(store.settings).events(RawRequest({}, "", body))


def test_two_changes_of_an_order_are_two_events(store: Store) -> None:
    webhook = AliExpressWebhook(store.settings)
    body = '{"data":{"orderId":7,"orderStatus":"%s"},"message_type":53,"seller_id":"1","timestamp":%d}'
    keys = {
        webhook.events(RawRequest({}, "", (body % said).encode()))[0].key for said in [("A", 1), ("B", 1), ("A", 2)]
    }
    assert len(keys) == 3


async def test_common_parameters_travel_in_the_query_and_the_rest_in_the_body(store: Store) -> None:
    store.buy(make_order(ORDER, store.clock.now()))
    await store.channel.order(ORDER)
    (request,) = store.sent
    query, body = dict(parse_qsl(request.url.query.decode())), dict(parse_qsl(request.content.decode()))
    common = {"app_key", "method", "timestamp", "sign_method", "sign", "session", "format", "v", "simplify"}
    assert set(query) == common
    assert set(body) == {"param1"}
    assert query["timestamp"] == str(int(store.clock.now().timestamp() * 1000))


async def test_what_is_signed_is_what_is_sent_in_any_script(store: Store) -> None:
    listing_id = await store.channel.publish(make_listing_draft(title="Größe 名 +&% ñ"))
    assert (await store.channel.listing(listing_id)).title == "Größe 名 +&% ñ"


@pytest.mark.parametrize("name", ["session", "access_token"])
async def test_the_token_goes_under_the_chosen_name(make_store: type[Store], name: str) -> None:
    store = make_store(token_parameter=name)
    await store.channel.shipping_services()
    assert f"{name}={store.account.access_token}" in str(store.sent[0].url)


async def test_an_expired_token_is_renewed_once_for_calls_at_the_same_time(store: Store) -> None:
    store.account.access_expires_at = store.clock.now()
    async with anyio.create_task_group() as calls:
        for _ in range(8):
            calls.start_soon(store.channel.shipping_services)
    assert store.vault.refreshes == 1
    assert ledger(store.mock)["calls"]["/auth/token/refresh"] == 1
    assert store.vault.tokens.access == store.account.access_token


async def test_what_is_sent_again_with_a_new_token_counts_against_the_quota_again(store: Store) -> None:
    await store.channel.shipping_services()
    limiter = store.wiring.limiter
    assert isinstance(limiter, NoLimit)
    granted = limiter.granted
    store.account.access_expires_at = store.clock.now()
    await store.channel.shipping_services()
    assert limiter.granted == granted + 2


async def test_a_token_that_is_ended_as_soon_as_it_was_had_is_renewed_once_more(store: Store) -> None:
    replace = store.vault.replace

    async def replaced(old: Tokens, new: Tokens) -> Tokens:
        if not store.vault.refreshes:
            store.account.access_expires_at = store.clock.now()  # a refresh of an earlier life comes in now
        return await replace(old, new)

    store.account.access_expires_at = store.clock.now()
    store.vault.replace = replaced  # type: ignore[method-assign]  # ended meanwhile
    await store.channel.shipping_services()
    assert store.vault.refreshes == 2


async def test_a_write_refused_for_its_token_is_sent_again_once_with_the_new_one(store: Store) -> None:
    store.account.access_expires_at = store.clock.now()
    await store.channel.publish(make_listing_draft())
    assert len(store.listing_ids()) == 1


async def test_the_day_to_authorise_again_is_known_and_does_not_move(store: Store) -> None:
    ends = store.account.refresh_expires_at
    store.pass_time(31 * 86400)
    await store.channel.shipping_services()
    assert store.vault.tokens.refresh_expires_at == ends
    assert store.vault.tokens.access_expires_at == store.account.access_expires_at


async def test_a_spent_refresh_token_pauses_the_account(store: Store) -> None:
    store.account.access_expires_at = store.clock.now()
    store.account.refresh_token = "another"
    with pytest.raises(AccessExpired, match="authorise the store again") as caught:
        await store.channel.publish(make_listing_draft())
    assert caught.value.code == "IllegalRefreshToken"
    assert store.listing_ids() == ()


async def test_without_a_refresh_token_the_account_is_paused(store: Store) -> None:
    store.account.access_expires_at = store.clock.now()
    store.vault.tokens = type(store.vault.tokens)(store.account.access_token)
    with pytest.raises(AccessExpired):
        await store.channel.shipping_services()


async def test_a_store_never_authorised_makes_no_call(store: Store) -> None:
    store.vault.tokens = type(store.vault.tokens)("")
    with pytest.raises(AccessExpired, match="authorise the store"):
        await store.channel.shipping_services()
    assert store.sent == []


async def test_a_renewal_nobody_can_read_is_no_expiry(store: Store) -> None:
    await store.channel.shipping_services()
    store.account.access_expires_at = store.clock.now()
    store.next_faults = [None, Fault.HTML]
    with pytest.raises(VendorDown):
        await store.channel.publish(make_listing_draft())
    assert store.listing_ids() == ()


def test_the_official_rule_for_rest_prepends_the_path() -> None:
    signed = hmac.new(b"helloworld", b"/order/geta1", hashlib.sha256).hexdigest().upper()
    assert sign({"a": "1"}, "helloworld", "/order/get") == signed
