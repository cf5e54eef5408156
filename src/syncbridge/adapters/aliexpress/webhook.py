"""AliExpress's push messages: hints that an order changed, signed over their very bytes (aliexpress.md §8)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import msgspec

from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.errors import SignatureInvalid
from syncbridge.model.events import EventKind, RawRequest, VendorEvent


def signature(app_key: str, app_secret: str, body: bytes) -> str:
    """The ``Authorization`` header of a message: lower hex over app key and raw body."""
    return hmac.new(app_secret.encode(), app_key.encode() + body, hashlib.sha256).hexdigest()


class _Changed(msgspec.Struct):
    orderId: str | int = ""  # noqa: N815  the vendor's name
    orderStatus: str | None = None  # noqa: N815  the vendor's name


class _Message(msgspec.Struct):
    message_type: int
    timestamp: int
    """In seconds."""
    data: _Changed
    seller_id: str | int = ""


class AliExpressWebhook:
    """One store's messages, behind the `WebhookSource` port."""

    def __init__(self, settings: AliExpressSettings) -> None:
        self._settings = settings

    def verify(self, request: RawRequest) -> None:
        """Raise SignatureInvalid unless AliExpress signed this body; case of the hex does not matter."""
        given = request.headers.get("authorization", "").strip().lower()
        secrets = [self._settings.app_secret, self._settings.former_app_secret]
        fits = [
            hmac.compare_digest(signature(self._settings.app_key, secret, request.body).encode(), given.encode())
            for each in secrets
            if (secret := each.get_secret_value())
        ]
        if not any(fits):
            raise SignatureInvalid("the message is not signed with this app's secret; check app_key and app_secret")

    def events(self, request: RawRequest) -> Sequence[VendorEvent]:
        """What the message says; raises ValueError if it cannot be read.

        The wire has no message id, so the key is made from all that tells two messages apart.
        """
        try:
            message = msgspec.json.decode(request.body, type=_Message, strict=False)
        except msgspec.DecodeError as error:
            raise ValueError(f"the message cannot be read: {error}") from error
        order_id = str(message.data.orderId)
        is_order = message.message_type == self._settings.push_message_type
        if is_order and not order_id:
            raise ValueError("the message about an order names no order")
        return [
            VendorEvent(
                key=_key(message),
                kind=EventKind.ORDER_CHANGED if is_order else EventKind.OTHER,
                topic=str(message.message_type),
                subjects=(order_id,) if order_id else (),
            )
        ]


def _key(message: _Message) -> str:
    told_apart = (
        message.message_type,
        str(message.seller_id),
        str(message.data.orderId),
        message.data.orderStatus,
        message.timestamp,
    )
    return hashlib.sha256(msgspec.json.encode(told_apart)).hexdigest()
