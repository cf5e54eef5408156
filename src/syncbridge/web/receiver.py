"""The webhook receiver: verify, keep durably, answer 200. Everything else is a job."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from syncbridge.bootstrap import App
from syncbridge.errors import SignatureInvalid
from syncbridge.flows.events import accept
from syncbridge.model.events import EventKind, RawRequest, VendorEvent
from syncbridge.model.paging import Cursor
from syncbridge.ports import WebhookSource
from syncbridge.store import cursors

BODY_SECONDS = 10.0
log = structlog.get_logger("syncbridge.receiver")


class BodyTooLarge(Exception):
    """More than any honest message."""


class Receiver:
    """Takes messages for the accounts of an app; `wake` is called when one brought work."""

    def __init__(self, app: App, wake: Callable[[], None]) -> None:
        self._app = app
        self._wake = wake
        self._refused: Counter[str] = Counter()
        """How many messages the vendor had not signed, since the start, by account."""

    def asgi(self) -> Starlette:
        """The routes."""
        return Starlette(
            routes=[
                Route("/webhooks/{account}", self.webhook, methods=["POST"]),
                Route("/health/live", self.live),
                Route("/health/ready", self.ready),
            ]
        )

    async def webhook(self, request: Request) -> Response:
        """200 kept · 401 not signed · 404 no such account · 408 too slow · 413 too large · 503 not kept."""
        account = request.path_params["account"]
        connection = self._app.connections.get(account)
        if connection is None or connection.webhook is None:
            return Response(status_code=404)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                raw = await self._raw(request)
        except BodyTooLarge:
            return Response(status_code=413)
        except (TimeoutError, ClientDisconnect):
            return Response(status_code=408)
        try:
            connection.webhook.verify(raw)
        except SignatureInvalid:
            self._refused[account] += 1
            log.warning("webhook.refused", account=account, times=self._refused[account])
            return Response(status_code=401)
        return await self._keep(account, _events(account, connection.webhook, raw), raw)

    async def live(self, _request: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "live"})

    async def ready(self, _request: Request) -> Response:
        """The database takes writes: it is tried, since on a full disk everything can still be read."""
        now = self._app.bridge.clock.now()
        try:
            await self._app.bridge.db.run(cursors.put, "health:ready", Cursor(now.isoformat()))
        except SQLAlchemyError:
            return JSONResponse({"status": "the database takes no writes"}, status_code=503)
        return JSONResponse({"status": "ready"})

    async def _raw(self, request: Request) -> RawRequest:
        most = self._app.settings.web.max_body_bytes
        if _is_over(most, request.headers.get("content-length") or "0"):
            raise BodyTooLarge
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise BodyTooLarge
        headers = {name.lower(): value for name, value in request.headers.items()}
        return RawRequest(headers, request.url.query, body)

    async def _keep(self, account: str, events: Sequence[VendorEvent], raw: RawRequest) -> Response:
        db, now = self._app.bridge.db, self._app.bridge.clock.now()
        try:
            fresh = await db.run(accept, self._app.bridge, account, events, raw.body, now=now)
        except SQLAlchemyError as error:
            log.error("webhook.not_kept", account=account, why=str(error.__cause__))
            return Response(status_code=503, headers={"Retry-After": "30"})
        if fresh:
            self._wake()
        return Response(status_code=200)


def _is_over(most: int, said: str) -> bool:
    """Whether a content-length is more than that; one that cannot be counted may be anything."""
    try:
        return int(said) > most
    except ValueError:
        return True


def _events(account: str, source: WebhookSource, raw: RawRequest) -> Sequence[VendorEvent]:
    """What a genuine message says; one that cannot be read is kept all the same."""
    try:
        return source.events(raw)
    except (ValueError, RecursionError) as error:  # the latter: nested thousands deep
        log.warning("webhook.unreadable", account=account, why=str(error))
        key = hashlib.blake2b(raw.body, digest_size=16).hexdigest()
        return [VendorEvent(key=key, kind=EventKind.OTHER, topic="unreadable", subjects=())]
