"""A transport that carries requests to a mock in process, and loses, delays or spoils them as told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum

import httpx


class Fault(StrEnum):
    """What goes wrong on the wire. In all but the first two the vendor acts."""

    CONNECT = "connect"
    """The request never leaves."""
    UNAVAILABLE = "unavailable"
    """A 503 without a vendor's word in it; the vendor has not acted."""
    LOSE_ANSWER = "lose_answer"
    """The vendor acts, the client waits until its read timeout."""
    RESET = "reset"
    """The vendor acts, the connection breaks before the answer."""
    TRUNCATE = "truncate"
    """The vendor acts, half of the answer arrives."""
    HTML = "html"
    """The vendor acts, a proxy answers a page with status 200."""
    SLOW = "slow"
    """The vendor acts, the answer comes after one second."""
    LATE = "late"
    """The client gives up after its read timeout; the vendor acts only after twice that time."""


Decide = Callable[[httpx.Request], Fault | None]
Latency = Callable[[], float]


def _at_once() -> float:
    return 0.0


class FaultTransport(httpx.AsyncBaseTransport):
    """Reaches an ASGI app in process. The app goes on even if the client gives up or dies, as a vendor does."""

    def __init__(self, app: object, decide: Decide = lambda _: None, *, latency: Latency = _at_once) -> None:
        self._inner = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # an ASGI app
        self._decide = decide
        self._latency = latency
        self._going: set[asyncio.Task[httpx.Response]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or fail, as decided for this request."""
        fault = self._decide(request)
        if fault is Fault.CONNECT:
            raise httpx.ConnectError("connection refused", request=request)
        if fault is Fault.UNAVAILABLE:
            return httpx.Response(503, text="upstream unavailable", request=request)
        if fault is Fault.LATE:
            read = request.extensions["timeout"]["read"]
            self._at_the_vendor(request, delay=2 * read)
            await asyncio.sleep(read)
            raise httpx.ReadTimeout("no answer in time", request=request)
        answer = await asyncio.shield(self._at_the_vendor(request))
        match fault:
            case Fault.LOSE_ANSWER:
                await asyncio.sleep(request.extensions["timeout"]["read"])
                raise httpx.ReadTimeout("no answer in time", request=request)
            case Fault.RESET:
                raise httpx.RemoteProtocolError("peer closed the connection", request=request)
            case Fault.TRUNCATE:
                body = await answer.aread()
                return httpx.Response(answer.status_code, content=body[: len(body) // 2], request=request)
            case Fault.HTML:
                return httpx.Response(200, html="<html><body>Please sign in</body></html>", request=request)
            case Fault.SLOW:
                await asyncio.sleep(1)
        return answer

    def _at_the_vendor(self, request: httpx.Request, *, delay: float = 0.0) -> asyncio.Task[httpx.Response]:
        task = asyncio.ensure_future(self._travel(request, delay))
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        return task

    async def _travel(self, request: httpx.Request, delay: float) -> httpx.Response:
        """There, acted upon, and back; half of the way each."""
        half = self._latency() / 2
        await asyncio.sleep(half + delay)
        answer = await self._inner.handle_async_request(request)
        await asyncio.sleep(half)
        return answer
