"""17TRACK's push messages: a parcel moved; signed over their very bytes with the API key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import msgspec

from syncbridge.adapters.track17 import wire
from syncbridge.adapters.track17.settings import Track17Settings
from syncbridge.errors import SignatureInvalid
from syncbridge.model.events import EventKind, RawRequest, VendorEvent

_MOVES = ("TRACKING_UPDATED", "TRACKING_STOPPED")


def signature(body: bytes, token: str) -> str:
    """What a push carries in its header: lower hex of SHA-256 over raw body, ``/`` and API key."""
    return hashlib.sha256(body + b"/" + token.encode()).hexdigest()


class Track17Webhook:
    """One API key's messages, behind the `WebhookSource` port."""

    def __init__(self, settings: Track17Settings) -> None:
        self._token = settings.token
        self._header = settings.push_header.lower()

    def verify(self, request: RawRequest) -> None:
        """Raise SignatureInvalid unless 17TRACK signed this body; case of the hex does not matter."""
        expected = signature(request.body, self._token.get_secret_value())
        given = request.headers.get(self._header, "").strip().lower()
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise SignatureInvalid("17TRACK: the message is not signed with this API key; check token and push_header")

    def events(self, request: RawRequest) -> Sequence[VendorEvent]:
        """The one parcel a message is about; raises ValueError if it cannot be read.

        The message has no id, so the key is made from all that tells two messages apart.
        """
        try:
            message = msgspec.json.decode(request.body, type=wire.PushedMessage, strict=False)
        except msgspec.DecodeError as error:
            raise ValueError(f"a push of 17TRACK cannot be read: {error}") from error
        number = wire.as_text(message.data.number)
        if not number:
            raise ValueError("a push of 17TRACK names no number")
        kind = EventKind.PARCEL_MOVED if message.event in _MOVES else EventKind.OTHER
        return [VendorEvent(_key(message), kind, message.event, (number,))]


def _key(message: wire.PushedMessage) -> str:
    info = message.data.track_info or wire.TrackInfo()
    told_apart = (message.event, message.data.number, message.data.carrier, info.latest_status, info.latest_event)
    return hashlib.sha256(msgspec.json.encode(told_apart)).hexdigest()
