"""How long a request may take to come, and how large its head may be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
"""From the start of a connection, and again from the start of a request, to the end of its headers."""
MOST_HEAD_BYTES = 65_536
REST_SECONDS = 20.0
"""From there to the end of the body; longer than the receiver reads, and also for what nobody reads."""


class BoundedHead(HttpToolsProtocol):
    """Answers 408 where headers do not end in time, 431 where they grow without end, and hangs up on endless bodies.

    uvicorn bounds none of it.
    """

    _late: asyncio.TimerHandle | None = None
    """What is done if the rest does not come in time."""
    _in_head = False
    _size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A caller came."""
        super().connection_made(transport)
        self._wait_for_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        """Its headers are there."""
        self._in_head = False
        self._wait(REST_SECONDS, self.transport.close)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it is there."""
        self._wait_no_more()
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Some bytes came; counted only while headers are waited for: from the first byte on, blank or not."""
        if self._late is None and self.cycle.response_complete:
            self._wait_for_head()
        super().data_received(data)
        self._size += len(data)
        if self._in_head and self._size > MOST_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large")

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller went."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._in_head, self._size = True, 0
        self._wait(HEAD_SECONDS, lambda: self._refuse(b"408 Request Timeout"))

    def _wait(self, seconds: float, too_late: Callable[[], None]) -> None:
        self._wait_no_more()
        self._late = self.loop.call_later(seconds, too_late)

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self, status: bytes) -> None:
        self._wait_no_more()
        self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()
