"""Messages 1688 pushes: which are genuine, and what to re-read because of them (1688.md §6)."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NoReturn
from urllib.parse import parse_qsl

import msgspec
from pydantic import SecretStr

from syncbridge.adapters.alibaba1688.signing import signature
from syncbridge.adapters.alibaba1688.wire import Id
from syncbridge.errors import SignatureInvalid
from syncbridge.model.events import EventKind, RawRequest, VendorEvent

_SIGNATURE = "_aop_signature"


class _Named(msgspec.Struct, rename="camel"):
    order_id: Id | None = None
    offer_id: Id | None = None


class _Parcel(msgspec.Struct, rename="camel"):
    order_logs_items: list[_Named] = []


class _Subjects(msgspec.Struct, rename="camel"):
    """The places of a message's data that name what it is about (1688.md §6.2)."""

    order_id: Id | None = None
    product_id: Id | None = None
    product_ids: str = ""
    batch_pay: list[_Named] = []
    inventory: list[_Named] = msgspec.field(name="OfferInventoryChangeList", default_factory=list)
    traced: _Parcel = msgspec.field(name="OrderLogisticsTracingModel", default_factory=_Parcel)
    renamed: _Parcel = msgspec.field(name="MailNoChangeModel", default_factory=_Parcel)

    def offers(self) -> Iterable[Id | None]:
        """Ids of offers."""
        return [self.product_id, *self.product_ids.split(","), *(each.offer_id for each in self.inventory)]

    def orders(self) -> Iterable[Id | None]:
        """Ids of vendor orders."""
        named = [*self.batch_pay, *self.traced.order_logs_items, *self.renamed.order_logs_items]
        return [self.order_id, *(each.order_id for each in named)]


class _Message(msgspec.Struct, rename="camel"):
    type: str
    data: msgspec.Raw
    msg_id: Id | None = None
    gmt_born: Id | None = None


class Alibaba1688Webhook:
    """Verifies and reads what one app is sent, signed with any of the secrets it has or lately had."""

    def __init__(self, *app_secrets: SecretStr) -> None:
        self._secrets = [secret for each in app_secrets if (secret := each.get_secret_value())]

    def verify(self, request: RawRequest) -> None:
        """Compare the signature over all received parameters, query and form, in either letter case."""
        try:
            pairs = _pairs(request)
        except ValueError:
            _refuse("the message is no form post; it was not kept")
        given = [value for key, value in pairs if key == _SIGNATURE]
        if len(given) != 1 or not self._secrets:
            _refuse("the message carries no signature, or app_secret is not set; it was not kept")
        signed = [pair for pair in pairs if pair[0] != _SIGNATURE]
        fits = [
            hmac.compare_digest(signature(secret, signed).encode(), given[0].upper().encode())
            for secret in self._secrets
        ]
        if not any(fits):
            _refuse("the signature is not one made with app_secret; it was not kept")

    def events(self, request: RawRequest) -> Sequence[VendorEvent]:
        """The one message of a request; its data is an object or the text of one (1688.md §6.1)."""
        texts = [value for key, value in _pairs(request) if key == "message"]
        if len(texts) != 1:
            raise ValueError("a push of 1688 carries one message parameter")
        try:
            return (_event(texts[0]),)
        except msgspec.DecodeError as error:
            raise ValueError(f"a push of 1688 cannot be read: {error}") from error


def _event(text: str) -> VendorEvent:
    message = msgspec.json.decode(text, type=_Message)
    data = bytes(message.data)
    if data.startswith(b'"'):
        data = msgspec.json.decode(data, type=str).encode()
    kind, subjects = _meaning(message.type, msgspec.json.decode(data, type=_Subjects))
    return VendorEvent(_key(message, data), kind, message.type, subjects, str(message.msg_id or ""))


def _meaning(topic: str, subjects: _Subjects) -> tuple[EventKind, tuple[str, ...]]:
    if topic in ("PRODUCT_PRODUCT_INVENTORY_CHANGE", "FENXIAO_PRICE_CHANGE") or topic.startswith(
        "PRODUCT_RELATION_VIEW_"
    ):
        return EventKind.OFFER_CHANGED, _each_once(subjects.offers())
    if topic == "ORDER_BATCH_PAY" or topic.startswith(("ORDER_BUYER_VIEW_", "LOGISTICS_")):
        return EventKind.PURCHASE_CHANGED, _each_once(subjects.orders())
    return EventKind.OTHER, ()


def _each_once(ids: Iterable[Id | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(each).strip() for each in ids if each))


def _key(message: _Message, data: bytes) -> str:
    """The message's id, or else its topic and birth, and its content: a repetition shares all of it."""
    name = str(message.msg_id) if message.msg_id else f"{message.type}:{message.gmt_born or ''}"
    return f"{name}:{sha256(message.type.encode() + data).hexdigest()[:16]}"


def _pairs(request: RawRequest) -> list[tuple[str, str]]:
    texts = (request.query, request.body.decode())
    return [pair for text in texts for pair in parse_qsl(text, keep_blank_values=True, errors="strict")]


def _refuse(why: str) -> NoReturn:
    raise SignatureInvalid(f"1688: {why}")
