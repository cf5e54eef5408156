"""Messages the vendor pushes when an order changes (aliexpress.md §8)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json

from syncbridge.adapters.aliexpress.mock.order_book import Order
from syncbridge.adapters.aliexpress.mock.world import Account
from syncbridge.ports import Clock, Push

MESSAGE_TYPE = 53
_REPEATS = 3
_SPACING = 1.0


class Announcer:
    """Pushes in the background; a message not answered with 200 is sent up to three times more."""

    def __init__(self, clock: Clock, push: Push) -> None:
        self._clock = clock
        self._push = push
        self._going: set[asyncio.Task[None]] = set()

    def announce(self, account: Account, order: Order) -> None:
        """Push the order's present status, unless the account has no address."""
        if not account.webhook_url:
            return
        task = asyncio.create_task(self._insist(account, message(account, order)))
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    async def send(self, account: Account, body: bytes, *, forged: bool = False) -> int:
        """Push once and answer the status; a forged message is signed with a secret that is not the app's."""
        secret = "f" * 32 if forged else account.app_secret
        signed = hmac.new(secret.encode(), account.app_key.encode() + body, hashlib.sha256).hexdigest()
        headers = {"Authorization": signed, "Content-Type": "application/json"}
        return await self._push(account.webhook_url, body, headers)

    async def _insist(self, account: Account, body: bytes) -> None:
        for _ in range(_REPEATS):
            if await self.send(account, body) == 200:
                return
            await self._clock.sleep(_SPACING)
        await self.send(account, body)


def message(account: Account, order: Order) -> bytes:
    """The envelope; an order that has not changed since gives the very same bytes."""
    envelope = {
        "data": {"orderId": order.order_id, "orderStatus": order.status},
        "message_type": MESSAGE_TYPE,
        "seller_id": account.seller_id,
        "site": "ae_global",
        "timestamp": int(order.modified_at.timestamp()),
    }
    return json.dumps(envelope, separators=(",", ":")).encode()
