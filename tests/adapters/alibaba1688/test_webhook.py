"""Messages beyond the contract: letter case, ids as numbers or text, every topic that matters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from syncbridge.adapters import alibaba1688
from syncbridge.adapters.alibaba1688.webhook import Alibaba1688Webhook
from syncbridge.errors import SignatureInvalid
from syncbridge.model.events import EventKind, RawRequest, VendorEvent

VECTORS = {each["name"]: each for each in json.loads(Path(__file__).with_name("vectors.json").read_text())}
SAMPLES = Path(alibaba1688.__file__).with_name("samples")
webhook = Alibaba1688Webhook(SecretStr("s"))


def request(message: object, query: str = "") -> RawRequest:
    text = message if isinstance(message, str) else json.dumps(message)
    return RawRequest({}, query, urlencode({"message": text}).encode())


def event(topic: str, data: object, **envelope: object) -> VendorEvent:
    (found,) = webhook.events(request({"msgId": 1, "gmtBorn": 2, "type": topic, "data": data, **envelope}))
    return found


@pytest.mark.parametrize("name", [name for name, each in VECTORS.items() if each["kind"] == "push"])
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_the_vendors_signature_is_taken_in_either_case(name: str, case: Any) -> None:
    vector = VECTORS[name]
    body = vector["form_body"].replace(vector["signature"], case(vector["signature"]))

    Alibaba1688Webhook(SecretStr(vector["secret"])).verify(RawRequest({}, "", body.encode()))


def test_parameters_of_the_address_are_signed_too() -> None:
    vector = VECTORS["push-wide-published"]
    query, _, body = vector["form_body"].partition("&")

    Alibaba1688Webhook(SecretStr(vector["secret"])).verify(RawRequest({}, query, body.encode()))
    with pytest.raises(SignatureInvalid):
        Alibaba1688Webhook(SecretStr(vector["secret"])).verify(RawRequest({}, query + "&x=1", body.encode()))


def test_without_a_secret_nothing_is_genuine() -> None:
    forged = VECTORS["push-order-pay"]["form_body"].encode()

    with pytest.raises(SignatureInvalid):
        Alibaba1688Webhook(SecretStr("")).verify(RawRequest({}, "", forged))


@pytest.mark.parametrize("body", [b"_aop_signature=A&_aop_signature=B&message={}", b"_aop_signature=%FF", b"\xff"])
def test_a_body_that_is_no_signed_form_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        webhook.verify(RawRequest({}, "", body))


def test_a_signature_of_other_letters_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        webhook.verify(RawRequest({}, "", "message=1&_aop_signature=签名".encode()))


@pytest.mark.parametrize(
    ("sample", "subject"), [("push_inventory", "664826856043"), ("push_order", "167539019420540000")]
)
def test_the_vendors_samples_read(sample: str, subject: str) -> None:
    (found,) = webhook.events(request((SAMPLES / f"{sample}.json").read_text()))

    assert found.subjects == (subject,)


@pytest.mark.parametrize(
    ("topic", "data", "kind", "subjects"),
    [
        ("FENXIAO_PRICE_CHANGE", {"productId": 5}, EventKind.OFFER_CHANGED, ("5",)),
        ("PRODUCT_RELATION_VIEW_PRODUCT_EXPIRE", {"productIds": "1, 2,"}, EventKind.OFFER_CHANGED, ("1", "2")),
        ("PRODUCT_RELATION_VIEW_PRODUCT_CHANGE", {"productIds": "1"}, EventKind.OFFER_CHANGED, ("1",)),
        (
            "PRODUCT_PRODUCT_INVENTORY_CHANGE",
            {"OfferInventoryChangeList": [{"offerId": 5, "skuId": 1}, {"offerId": "5", "skuId": 2}]},
            EventKind.OFFER_CHANGED,
            ("5",),
        ),
        ("ORDER_BUYER_VIEW_ORDER_COMFIRM_RECEIVEGOODS", {"orderId": "7"}, EventKind.PURCHASE_CHANGED, ("7",)),
        (
            "ORDER_BATCH_PAY",
            {"batchPay": [{"orderId": "7", "status": "successed"}, {"orderId": "8", "status": "ACCOUNT_FROZEN"}]},
            EventKind.PURCHASE_CHANGED,
            ("7", "8"),
        ),
        (
            "LOGISTICS_BUYER_VIEW_TRACE",
            {"OrderLogisticsTracingModel": {"mailNo": "x", "orderLogsItems": [{"orderId": 7, "orderEntryId": 8}]}},
            EventKind.PURCHASE_CHANGED,
            ("7",),
        ),
        (
            "LOGISTICS_MAIL_NO_CHANGE",
            {"MailNoChangeModel": {"newMailNo": "x", "orderLogsItems": [{"orderId": 7}]}},
            EventKind.PURCHASE_CHANGED,
            ("7",),
        ),
        ("CROSSBOARD_SOMETHING", {"orderId": 7}, EventKind.OTHER, ()),
    ],
)
def test_a_topic_says_what_to_read_again(topic: str, data: object, kind: EventKind, subjects: tuple[str, ...]) -> None:
    found = event(topic, data)

    assert (found.kind, found.topic, found.subjects) == (kind, topic, subjects)
    assert event(topic, json.dumps(data)).subjects == subjects


def test_an_order_id_beyond_a_double_stays_exact() -> None:
    assert event("ORDER_BUYER_VIEW_ORDER_PAY", {"orderId": 218_800_000_000_000_001}).subjects == ("218800000000000001",)


def test_a_message_id_is_its_key_as_number_or_text() -> None:
    assert event("X", {}, msgId=12).key == event("X", {}, msgId="12").key
    assert event("X", {}, msgId=12).key.startswith("12:")


def test_without_a_message_id_the_key_is_topic_birth_and_content() -> None:
    once = event("X", {"orderId": 1}, msgId=None)

    assert once.key == event("X", {"orderId": 1}, msgId=None).key
    assert once.key != event("X", {"orderId": 2}, msgId=None).key
    assert once.key != event("X", {"orderId": 1}, msgId=None, gmtBorn=3).key


@pytest.mark.parametrize("message", ["{", "[]", '{"type":"X"}', '{"type":"X","data":"{"}', '{"type":"X","data":7}'])
def test_what_cannot_be_read_is_said_so(message: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        webhook.events(request(message))


def test_a_post_without_a_message_is_said_so() -> None:
    with pytest.raises(ValueError, match="one message parameter"):
        webhook.events(RawRequest({}, "", b"msgId=1"))
