"""What every supplier must do that sends messages only about offers that are followed."""

from __future__ import annotations

from typing import Protocol

import pytest

from syncbridge.errors import VendorError
from syncbridge.ports import Follows
from syncbridge.testing.builders import make_offer
from syncbridge.testing.contracts.supplier import SupplierHarness

ONE, OTHER = "600000000001", "600000000002"


class FollowingHarness(SupplierHarness, Protocol):
    """A supplier's side that changes prices."""

    def reprice(self, offer_id: str) -> int:
        """The supplier changes the price of an offer; answers how many messages that brought."""


class FollowsContract:
    """What every supplier must do that has the ability `Follows`."""

    pytestmark = pytest.mark.anyio

    async def test_what_is_followed_brings_messages_and_nothing_else_does(self, harness: FollowingHarness) -> None:
        """One for each change."""
        harness.publish(make_offer(ONE))
        harness.publish(make_offer(OTHER))
        await _follows(harness).follow(ONE)
        assert (harness.reprice(ONE), harness.reprice(OTHER)) == (1, 0)

    async def test_following_twice_changes_nothing(self, harness: FollowingHarness) -> None:
        """Both times it can be done, and a change is told once."""
        harness.publish(make_offer(ONE))
        for _ in range(2):
            await _follows(harness).follow(ONE)
        assert harness.reprice(ONE) == 1

    async def test_an_offer_nobody_knows_cannot_be_followed(self, harness: FollowingHarness) -> None:
        """Which is said, so that nobody waits for its messages."""
        with pytest.raises(VendorError):
            await _follows(harness).follow(OTHER)


def _follows(harness: FollowingHarness) -> Follows:
    supplier: object = harness.supplier
    assert isinstance(supplier, Follows)
    return supplier
