"""The page on this machine to which a vendor sends the browser back once a person agreed; it lives for one answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from syncbridge.errors import ConfigError, SyncBridgeError
from syncbridge.web.server import server

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>syncbridge</title>
<p>{en}</p>
<p lang="zh">{zh}</p>
</html>
"""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
}

IsOurs = Callable[[str], Awaitable[bool]]
"""Whether a state is the one that was asked with."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What a browser brought back from the vendor."""

    code: str
    state: str | None = None
    """None where a person pasted the code alone."""
    error: str = ""


def returned(text: str) -> Returned:
    """What an address says to which the vendor sent the browser; a text that is no address is the code itself."""
    if "://" not in text:
        return Returned(text.strip())
    said = parse_qs(urlsplit(text.strip()).query)
    code, state, error, words = (said.get(name, [""])[0] for name in ("code", "state", "error", "error_description"))
    return Returned(code, state, error and f"{error} {words}".strip())


def is_here(callback: str) -> bool:
    """Whether the address is one of this machine alone."""
    return urlsplit(callback).hostname in LOOPBACK


async def wait_for(callback: str, is_ours: IsOurs, *, seconds: float) -> Returned:
    """Serve the address until it is asked for with our state. Raises ConfigError, SyncBridgeError after so long."""
    asked = urlsplit(callback)
    address = ("127.0.0.1" if asked.hostname == "localhost" else str(asked.hostname), asked.port or 80)
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        listener = socket.create_server(address, family=family)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {address[0]}:{address[1]} ({error.strerror}); stop what does, or paste the address "
            "the browser ends at: syncbridge accounts connect NAME --code ADDRESS"
        ) from None
    with listener:
        return await _served(listener, Callback(asked.path or "/", is_ours), seconds)


async def _served(listener: socket.socket, page: Callback, seconds: float) -> Returned:
    web = server(page.asgi())
    serving = asyncio.create_task(web.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(seconds):
            return await page.answer
    except TimeoutError:
        what = f"nobody came back from the vendor's page within {seconds:.0f} s; run the command again"
        raise SyncBridgeError(what) from None
    finally:
        web.should_exit = True
        await serving


class Callback:
    """Takes one answer that carries our state, and turns away all others."""

    def __init__(self, path: str, is_ours: IsOurs) -> None:
        self._path = path
        self._is_ours = is_ours
        self.answer: asyncio.Future[Returned] = asyncio.get_running_loop().create_future()

    def asgi(self) -> Starlette:
        """The app of the page."""
        return Starlette(routes=[Route(self._path, self._take, methods=["GET"])])

    async def _take(self, request: Request) -> Response:
        said = returned(str(request.url))
        if not await self._is_ours(said.state or "") or self.answer.done():
            return _page(400, "This is no answer to what syncbridge asked.", "这不是 syncbridge 所请求的授权。")
        self.answer.set_result(said)
        if not said.code:
            return _page(400, "The vendor gave no permission; see the terminal.", "平台没有给予授权，请查看终端。")
        return _page(200, "Thank you. You may close this window.", "谢谢，您可以关闭此窗口。")


def _page(status: int, en: str, zh: str) -> Response:
    return HTMLResponse(_PAGE.format(en=en, zh=zh), status, _HEADERS)
