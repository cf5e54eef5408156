"""快递100's messages: a parcel moved; a form whose ``param`` is signed with our salt."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl

import msgspec
from pydantic import SecretStr

from syncbridge.adapters.kuaidi100 import wire
from syncbridge.adapters.kuaidi100.signing import push_signature
from syncbridge.errors import SignatureInvalid
from syncbridge.model.events import EventKind, RawRequest, VendorEvent


class Kuaidi100Webhook:
    """One customer's messages, behind the `WebhookSource` port."""

    def __init__(self, salt: SecretStr) -> None:
        self._salt = salt

    def verify(self, request: RawRequest) -> None:
        """Raise SignatureInvalid unless the message was signed with our salt, in either letter case.

        Without a salt nothing is believed: 快递100 signs with an empty one then, as anybody can.
        """
        salt = self._salt.get_secret_value()
        try:
            param, given = _field(request, "param"), _field(request, "sign")
        except ValueError as error:
            raise SignatureInvalid(f"快递100: {error}; it was not kept") from error
        if not salt:
            raise SignatureInvalid("快递100: salt is not set; the message was not kept")
        if not hmac.compare_digest(push_signature(param, salt).encode(), given.upper().encode()):
            raise SignatureInvalid("快递100: the message is not signed with this salt; it was not kept")

    def events(self, request: RawRequest) -> Sequence[VendorEvent]:
        """The one parcel a message is about, whatever became of its following; raises ValueError if unreadable.

        The message has no id, so the key is made from all that tells two messages apart.
        """
        param = _field(request, "param")
        try:
            message = msgspec.json.decode(param, type=wire.Pushed, strict=False)
        except msgspec.DecodeError as error:
            raise ValueError(f"a push of 快递100 cannot be read: {error}") from error
        number = wire.as_text(message.last_result.nu)
        if not number:
            raise ValueError("a push of 快递100 names no number")
        return [VendorEvent(_key(message), EventKind.PARCEL_MOVED, message.status, (number,))]


def _key(message: wire.Pushed) -> str:
    return hashlib.sha256(msgspec.json.encode(message)).hexdigest()


def _field(request: RawRequest, name: str) -> str:
    """A field of the form, which must be there once."""
    pairs = parse_qsl(request.body.decode(), keep_blank_values=True, errors="strict")
    values = [value for key, value in pairs if key == name]
    if len(values) != 1:
        raise ValueError(f"a push of 快递100 carries one {name}")
    return values[0]
