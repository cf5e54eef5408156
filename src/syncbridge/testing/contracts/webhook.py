"""What every source of webhooks must do."""

from __future__ import annotations

from typing import Protocol

import pytest

from syncbridge.errors import (
    SignatureInvalid,
)
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.ports import WebhookSource


class WebhookHarness(Protocol):
    """A vendor that pushes."""

    @property
    def webhook(self) -> WebhookSource:
        """Our side of it."""

    def genuine(self) -> RawRequest:
        """A message the vendor signed, about one order or offer."""

    def kind(self) -> EventKind:
        """What that message is about."""


class WebhookContract:
    """What every source of webhooks must do."""

    def test_a_genuine_message_is_accepted(self, harness: WebhookHarness) -> None:
        """And says what to re-read."""
        request = harness.genuine()
        harness.webhook.verify(request)
        (event,) = harness.webhook.events(request)
        assert event.kind is harness.kind()
        assert event.subjects
        assert event.key

    def test_a_changed_body_is_refused(self, harness: WebhookHarness) -> None:
        """One byte is enough."""
        request = harness.genuine()
        spoiled = request.body.replace(b"1", b"2", 1)
        with pytest.raises(SignatureInvalid):
            harness.webhook.verify(RawRequest(request.headers, request.query, spoiled))

    def test_an_unsigned_message_is_refused(self, harness: WebhookHarness) -> None:
        """Neither header nor parameter."""
        with pytest.raises(SignatureInvalid):
            harness.webhook.verify(RawRequest({}, "", b'{"data":{}}'))

    def test_the_same_message_has_the_same_key(self, harness: WebhookHarness) -> None:
        """So that it is kept once."""
        one, other = harness.webhook.events(harness.genuine()), harness.webhook.events(harness.genuine())
        assert [event.key for event in one] == [event.key for event in other]

    def test_an_unreadable_message_is_said_so(self, harness: WebhookHarness) -> None:
        """With ValueError, after its signature was checked elsewhere."""
        with pytest.raises(ValueError, match=r"."):
            harness.webhook.events(RawRequest({}, "", b"message=%7Bnot+json"))
