"""Drives a mock vendor from outside: what buyers, suppliers and the vendor's own people do."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

import httpx


class MockRefused(Exception):
    """What was asked of the mock cannot be, as things stand with the vendor; or it was asked wrongly."""


class MockControl:
    """The control calls of one mock, over HTTP or in process."""

    def __init__(self, base_url: str, *, app: object | None = None) -> None:
        transport = httpx.ASGITransport(app=app) if app is not None else None  # type: ignore[arg-type]  # an ASGI app
        self._client = httpx.AsyncClient(
            base_url=base_url,
            transport=transport,
            timeout=90.0,
            limits=httpx.Limits(max_keepalive_connections=0),  # one kept may be closed by the mock as it is used again
        )

    async def __aenter__(self) -> MockControl:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def tell(self, path: str, **values: object) -> dict[str, object]:
        """Make a control call; raises MockRefused."""
        answer = await self._client.post(f"/_mock/{path}", json=values)
        if answer.is_error:
            raise MockRefused(f"the mock refused {path} {values}: {answer.status_code} {answer.text[:300]}")
        told: dict[str, object] = answer.json() if answer.content else {}
        return told

    async def fail(self, api: str, fault: str, count: int = 1) -> None:
        """Let the next calls of an API fail."""
        await self.tell("faults", api=api, fault=fault, count=count)

    async def books(self) -> Mapping[str, list[dict[str, object]]]:
        """The vendor's own ledger."""
        answer = await self._client.get("/_books")
        answer.raise_for_status()
        books: Mapping[str, list[dict[str, object]]] = answer.json()
        return books
