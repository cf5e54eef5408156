"""Rows of the fault matrix about messages that are not what they seem: forged, or packed."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from collections.abc import Callable
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
import structlog

from syncbridge.adapters.alibaba1688 import webhook as webhook_of_1688
from syncbridge.adapters.aliexpress import webhook as webhook_of_aliexpress
from tests.web.conftest import (
    FORM,
    SECRET,
    STORE_KEY,
    Caller,
    alibaba_push,
    aliexpress_push,
    job_keys,
    kept,
    signed_by_aliexpress,
)

pytestmark = pytest.mark.anyio
Push = tuple[str, bytes, dict[str, str]]


def news() -> str:
    """A message of 1688 about an order."""
    data = {"orderId": "167539019420540000", "currentStatus": "waitsellersend"}
    return json.dumps({"msgId": 7, "gmtBorn": 1_000_000_000_000, "type": "ORDER_BUYER_VIEW_ORDER_PAY", "data": data})


def from_aliexpress(body: bytes, signature: str) -> Push:
    return "toys", body, {"authorization": signature, "content-type": "application/json"}


def from_1688(message: str, signature: str) -> Push:
    return "main", urlencode({"message": message, "_aop_signature": signature}).encode(), FORM


def digest(secret: str, text: bytes, algorithm: str) -> str:
    return hmac.new(secret.encode(), text, algorithm).hexdigest()


BODY = aliexpress_push()
KEYED = STORE_KEY.encode() + BODY
FORGED: dict[str, Push] = {
    "another secret": ("toys", BODY, signed_by_aliexpress(BODY, "another secret")),
    "no secret": ("toys", BODY, signed_by_aliexpress(BODY, "")),
    "another body": ("toys", aliexpress_push("1"), signed_by_aliexpress(aliexpress_push("2"))),
    "no signature": ("toys", BODY, {}),
    "an empty one": from_aliexpress(BODY, ""),
    "a part of it": from_aliexpress(BODY, digest(SECRET, KEYED, "sha256")[:32]),
    "md5": from_aliexpress(BODY, digest(SECRET, KEYED, "md5")),
    "sha1": from_aliexpress(BODY, digest(SECRET, KEYED, "sha1")),
    "no key": from_aliexpress(BODY, hashlib.sha256(SECRET.encode() + KEYED).hexdigest()),
    "a word": from_aliexpress(BODY, "none"),
    "1688, another secret": ("main", alibaba_push(news(), "another secret"), FORM),
    "1688, no secret": ("main", alibaba_push(news(), ""), FORM),
    "1688, no signature": ("main", urlencode({"message": news()}).encode(), FORM),
    "1688, an empty one": from_1688(news(), ""),
    "1688, md5": from_1688(news(), digest(SECRET, f"message{news()}".encode(), "md5")),
    "1688, sha256": from_1688(news(), digest(SECRET, f"message{news()}".encode(), "sha256")),
    "1688, no key": from_1688(news(), hashlib.sha1(f"{SECRET}message{news()}".encode()).hexdigest()),  # noqa: S324
    "1688, two of them": ("main", alibaba_push(news()) + b"&_aop_signature=x", FORM),
    "1688, no text": ("main", b"\xff\xfe", FORM),
    "1688, nothing": ("main", b"", FORM),
}


@pytest.mark.parametrize("forged", FORGED)
async def test_row_23_a_forged_message_is_refused_counted_and_neither_kept_nor_logged(
    caller: Caller, forged: str
) -> None:
    account = FORGED[forged][0]
    with structlog.testing.capture_logs() as logs:
        answers = [await caller.post(*FORGED[forged]) for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(401, b"")] * 2
    assert await caller.app.bridge.db.read(kept) == []
    assert caller.woken == 0
    expected = {"event": "webhook.refused", "account": account, "log_level": "warning"}
    assert logs == [expected | {"times": times} for times in (1, 2)]


@pytest.mark.parametrize(
    ("module", "push"),
    [
        (webhook_of_aliexpress, ("toys", BODY, signed_by_aliexpress(BODY))),
        (webhook_of_1688, ("main", alibaba_push(news()), FORM)),
    ],
    ids=["aliexpress", "1688"],
)
async def test_row_23_signatures_are_compared_in_constant_time_alone(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, module: object, push: Push
) -> None:
    """By the one comparison that takes as long whatever is given: its word decides, either way."""
    says: Callable[[bytes, bytes], bool]
    for says, status in ((lambda *_: False, 401), (lambda *_: True, 200)):
        monkeypatch.setattr(module, "hmac", SimpleNamespace(new=hmac.new, compare_digest=says))
        assert (await caller.post(*push)).status_code == status


async def test_row_15_a_packed_body_is_never_unpacked(caller: Caller) -> None:
    bomb = gzip.compress(b" " * 3_000_000)
    assert len(bomb) < 4096
    answer = await caller.post("toys", bomb, signed_by_aliexpress(bomb) | {"content-encoding": "gzip"})

    assert answer.status_code == 200
    assert await caller.app.bridge.db.read(kept) == [("toys", "other", "unreadable")]
    assert await caller.app.bridge.db.read(job_keys) == []


async def test_row_15_a_packed_body_over_the_bound_is_refused(caller: Caller) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    answer = await caller.post("toys", bomb, signed_by_aliexpress(bomb) | {"content-encoding": "gzip"})

    assert (len(bomb) > 4096, answer.status_code) == (True, 413)


@pytest.mark.parametrize("depth", [1_000, 1_900])
async def test_row_15_a_message_of_1688_nested_too_deep_is_kept_once_and_asks_for_nothing(
    caller: Caller, depth: int
) -> None:
    deep = '{"msgId":1,"type":"ORDER_BUYER_VIEW_ORDER_PAY","data":' + "[" * depth + "]" * depth + "}"
    body = alibaba_push(deep).replace(b"%5B", b"[").replace(b"%5D", b"]")
    for _ in range(2):
        assert (await caller.post("main", body, FORM)).status_code == 200

    assert await caller.app.bridge.db.read(kept) == [("main", "other", "unreadable")]
    assert await caller.app.bridge.db.read(job_keys) == []
