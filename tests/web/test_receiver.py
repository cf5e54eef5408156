"""The receiver: what is genuine is kept before it is acknowledged, and nothing else is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from syncbridge.web.receiver import Receiver
from tests.web.conftest import FORM, Caller, alibaba_push, aliexpress_push, job_keys, kept, signed_by_aliexpress

pytestmark = pytest.mark.anyio
PRICE_CHANGE = json.dumps(
    {"msgId": 7, "gmtBorn": 1772413200000, "type": "FENXIAO_PRICE_CHANGE", "data": {"productId": 676651652931}}
)


async def test_an_order_message_of_aliexpress_is_kept_with_its_job_and_wakes_the_workers(caller: Caller) -> None:
    body = aliexpress_push()

    answer = await caller.post("toys", body, signed_by_aliexpress(body))

    assert (answer.status_code, caller.woken) == (200, 1)
    assert await caller.app.bridge.db.read(kept) == [("toys", "order_changed", "53")]
    (key,) = await caller.app.bridge.db.read(job_keys)
    assert key.startswith("orders.take:toys/8172481060036440@")


async def test_a_price_message_of_1688_is_kept_with_its_job(caller: Caller) -> None:
    answer = await caller.post("main", alibaba_push(PRICE_CHANGE), FORM)

    assert answer.status_code == 200
    assert await caller.app.bridge.db.read(kept) == [("main", "offer_changed", "FENXIAO_PRICE_CHANGE")]
    (key,) = await caller.app.bridge.db.read(job_keys)
    assert key.startswith("offers.read:main/676651652931@7:")


async def test_a_message_told_twice_is_acknowledged_twice_and_kept_once(caller: Caller) -> None:
    body = aliexpress_push()
    answers = [await caller.post("toys", body, signed_by_aliexpress(body)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert caller.woken == 1
    assert len(await caller.app.bridge.db.read(kept)) == 1
    assert len(await caller.app.bridge.db.read(job_keys)) == 1


async def test_row_21_a_hundred_concurrent_copies_of_a_webhook_are_all_acknowledged_and_one_is_kept(
    caller: Caller,
) -> None:
    body = aliexpress_push()
    copies = [caller.post("toys", body, signed_by_aliexpress(body)) for _ in range(100)]

    answers = await asyncio.gather(*copies)

    assert [answer.status_code for answer in answers] == [200] * 100
    assert caller.woken == 1
    assert await caller.app.bridge.db.read(kept) == [("toys", "order_changed", "53")]
    assert len(await caller.app.bridge.db.read(job_keys)) == 1


async def test_a_message_signed_for_one_vendor_is_not_taken_for_another(caller: Caller) -> None:
    body = aliexpress_push()

    assert (await caller.post("main", body, signed_by_aliexpress(body))).status_code == 401


@pytest.mark.parametrize("account", ["nobody", "forwarder"])
async def test_an_account_that_gets_no_messages_is_not_found(caller: Caller, account: str) -> None:
    assert (await caller.post(account, b"{}", {})).status_code == 404


async def test_a_body_that_says_it_is_too_large_is_refused_unread(caller: Caller) -> None:
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(b"{}")
        yield b"{}"

    answer = await caller.post("toys", body(), {"content-length": "4097"})

    assert (answer.status_code, read) == (413, [])


@pytest.mark.parametrize("said", ["abc", "9" * 5000])
async def test_a_length_that_cannot_be_counted_is_too_large(caller: Caller, said: str) -> None:
    assert (await caller.post("toys", b"{}", {"content-length": said})).status_code == 413


async def test_a_body_that_turns_out_too_large_is_refused(caller: Caller) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 1000

    answer = await caller.post("toys", body(), {})

    assert answer.status_code == 413
    assert await caller.app.bridge.db.read(kept) == []


async def test_a_body_of_exactly_the_bound_is_read(caller: Caller) -> None:
    assert (await caller.post("toys", b"x" * 4096, {})).status_code == 401


async def test_a_genuine_message_that_cannot_be_read_is_kept_once_and_asks_for_nothing(caller: Caller) -> None:
    for _ in range(2):
        answer = await caller.post("main", alibaba_push('{"type": 5}'), FORM)
        assert answer.status_code == 200

    assert await caller.app.bridge.db.read(kept) == [("main", "other", "unreadable")]
    assert await caller.app.bridge.db.read(job_keys) == []


async def test_row_15_a_genuine_message_nested_too_deep_to_read_is_kept_once_and_asks_for_nothing(
    caller: Caller,
) -> None:
    body = b'{"message_type": 53, "timestamp": 1, "data": {"x": ' + b"[" * 1500 + b"]" * 1500 + b"}}"

    answer = await caller.post("toys", body, signed_by_aliexpress(body))

    assert answer.status_code == 200
    assert await caller.app.bridge.db.read(kept) == [("toys", "other", "unreadable")]
    assert await caller.app.bridge.db.read(job_keys) == []


async def test_a_caller_that_goes_away_leaves_nothing(caller: Caller) -> None:
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/webhooks/toys",
        "raw_path": b"/webhooks/toys",
        "query_string": b"",
        "headers": [],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("receiver", 80),
        "root_path": "",
    }
    await Receiver(caller.app, lambda: None).asgi()(scope, receive, send)  # type: ignore[arg-type]  # plain ASGI

    assert sent[0]["status"] == 408
    assert await caller.app.bridge.db.read(kept) == []


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_a_healthy_process_says_so(caller: Caller, path: str) -> None:
    answer = await caller.get(path)

    assert (answer.status_code, answer.json()["status"]) == (200, path.rsplit("/", 1)[1])


async def test_only_posts_are_messages(caller: Caller) -> None:
    assert (await caller.get("/webhooks/toys")).status_code == 405
