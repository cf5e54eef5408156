"""How long a request may take to come in, and how large its head may be."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS = 10.0
"""From the start of a connection, and again from the first byte of a request, to the last one of its body."""
MOST_HEAD_BYTES = 65_536


class BoundedRequest(HttpToolsProtocol):
    """Answers 408 where a request does not end in time, 431 where its head has no end; uvicorn bounds neither.

    A body that nobody reads, since its request was answered already, ends with its connection too.
    """

    _late: asyncio.TimerHandle | None = None
    """Set while more of a request is waited for."""
    _in_body = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A caller came."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Some bytes came; counted only while headers are waited for."""
        self._wait()
        super().data_received(data)
        if self._late is not None and not self._in_body:
            self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._in_body, self._head_bytes = True, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of the request is there."""
        self._in_body = False
        self._wait_no_more()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller went."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(REQUEST_SECONDS, self._too_late)

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        if self._in_body and self.cycle.response_started:
            self.transport.close()
        else:
            self._refuse(b"408 Request Timeout")

    def _refuse(self, status: bytes) -> None:
        self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()
