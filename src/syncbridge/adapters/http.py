"""The one HTTP client all vendors share: a call is limited, signed, bounded in time and size, and judged.

Only this module (and `syncbridge.testing`) imports httpx, so that another client stays a small change.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
import re
import socket
import ssl
import zlib
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx
import structlog
import tenacity

from syncbridge.adapters.breaker import Breaker
from syncbridge.adapters.renewal import Renewal
from syncbridge.errors import (
    NotGranted,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
    Unreachable,
    VendorDown,
    VendorError,
)
from syncbridge.ports import Tokens, TokenVault, Wiring

MAX_ANSWER_BYTES = 8 * 1024 * 1024
SKEW = timedelta(seconds=60)
"""From here on a vendor's clock counts as different from ours; AliExpress refuses what is 7200 s off."""
_READ_TRIES = 3
_NO_ANSWER = (httpx.TransportError, TimeoutError, RecursionError)
"""The last where JSON is nested without end, whichever adapter reads it."""
_LAYERS = (
    (socket.gaierror, "its name is not known; check this machine's network and DNS"),
    (ssl.SSLCertVerificationError, "its certificate is not valid; check this machine's clock and what stands between"),
    (httpx.ProxyError, "the proxy on the way does not work; check it"),
    (httpx.ConnectError, "no connection; check this machine's network"),
)
"""What to look at, by what is found among a failure and its causes; the first that fits."""
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)

T = TypeVar("T")
Request = httpx.Request
"""What a signer builds and signs; vendors take it from here."""
log = structlog.get_logger("syncbridge.http")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a vendor's API, before it is signed. All parameters are text."""

    api: str
    url: str
    params: Mapping[str, str]
    write: bool = False
    group: str = "catalogue"
    """The vendor quota it counts against; ``orders`` has a share of its own."""
    once: bool = False
    """A read that is sent once all the same, because the vendor counts how often it is asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    body: bytes

    @property
    def excerpt(self) -> str:
        """The start of the body with secrets and personal data masked, for errors."""
        return redact(self.body[:600].decode("utf-8", "replace"))


_SECRET = re.compile(
    r'(\\?"?\b(?:access_token|refresh_token|session|sign|_aop_signature|client_secret|app_secret)\\?"?\s*[:=]\s*\\?"?)'
    r'[^"&,\s}\\]+',
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<!\d)(1\d{2})\d{4}(\d{4})(?!\d)")


def redact(text: str) -> str:
    """Mask tokens, signatures and mobile numbers in a text that will be shown or logged."""
    return _PHONE.sub(r"\1****\2", _SECRET.sub(r"\1***", text))


class _Redacting(logging.Filter):
    """httpx logs whole URLs, and AliExpress wants the access token in its URL."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True


logging.getLogger("httpx").addFilter(_Redacting())


RENEWALS = 2
"""So often at most one call meets an expired token before the account must be authorised again."""


class Signer(httpx.Auth):
    """Signs each request, and sends it again with a new token where the vendor says the old one is over."""

    skew = timedelta(0)
    """What to add to our time where the vendor checks it; by the ``Date`` of its last answer."""

    def __init__(self, vault: TokenVault) -> None:
        self._vault = vault

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send signed; once the token is renewed that was refused, send once more.

        And once again: a renewal of an earlier life may still arrive and end the token that was just had.
        """
        tokens = await self._vault.read()
        response = yield self.signed(request, tokens)
        await response.aread()
        for _ in range(RENEWALS):
            if not self.says_expired(Answer(response.status_code, response.content)):
                return
            request.extensions["refused"] = True
            tokens = await request.extensions["renewed"](tokens)
            await request.extensions["slot"]()
            request.extensions["refused"] = False
            response = yield self.signed(request, tokens)
            await response.aread()

    @abstractmethod
    def signed(self, request: httpx.Request, tokens: Tokens) -> httpx.Request:
        """A signed copy of the request, whose parameters are in ``request.extensions["params"]``.

        ``request.extensions["slot"]`` waits until it may be sent once more: each sending counts against the quota.
        ``request.extensions["renewed"]`` answers the tokens that follow those refused.
        """

    @abstractmethod
    def says_expired(self, answer: Answer) -> bool:
        """Whether the vendor refused the access token."""

    @abstractmethod
    def refresh_request(self, tokens: Tokens) -> httpx.Request:
        """The call that renews the tokens; raises AccessExpired if there is nothing to renew with."""

    @abstractmethod
    def refreshed(self, answer: Answer, old: Tokens) -> Tokens:
        """The new tokens; raises AccessExpired if the vendor would not renew them."""


class VendorHttp:
    """One account's way to its vendor."""

    def __init__(self, vendor: str, wiring: Wiring, auth: Signer) -> None:
        self._vendor = vendor
        self._wiring = wiring
        self._auth = auth
        self._breaker = Breaker(vendor, wiring)
        self._renewal = Renewal(wiring.tokens, self._next_tokens)
        transport = wiring.transport or httpx.AsyncHTTPTransport(verify=_tls(), limits=httpx.Limits(max_connections=8))
        if not isinstance(transport, httpx.AsyncBaseTransport):
            raise TypeError(f"{transport!r} is no HTTP transport")
        read = wiring.deadlines.read
        self._client = httpx.AsyncClient(
            transport=_SizeCapped(transport),
            auth=auth,
            timeout=httpx.Timeout(read, connect=min(read, 10.0)),
            headers={"Accept-Encoding": "identity"},
        )

    async def call(self, call: Call, judge: Callable[[Answer], T]) -> T:
        """Make a call and judge its answer; reads are tried up to three times unless ``once``, writes are sent once.

        All tries of a read together have the total deadline. `judge` raises the VendorError that fits, or answers the
        decoded result. Raises Unreachable where a request never left or a read failed, OutcomeUnknown where a write got
        no clear answer.
        """
        if call.write or call.once:
            return await self._judged(call, judge, None)
        passed = asyncio.get_running_loop().time
        until = passed() + self._wiring.deadlines.total
        tries = tenacity.AsyncRetrying(
            stop=lambda tried: tried.attempt_number >= _READ_TRIES or passed() >= until,
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=2),
            retry=tenacity.retry_if_exception(_is_worth_another_try),
            sleep=self._wiring.clock.sleep,
            reraise=True,
        )
        async for attempt in tries:
            with attempt:
                return await self._judged(call, judge, until)
        raise AssertionError("tenacity reraises")

    async def renew(self) -> Tokens:
        """New tokens before those in force end; nobody waits for them. Raises Outage while the vendor is out."""
        looks = self._breaker.admit(write=True)
        async with self._breaker.watching(looks=looks):
            return await self._renewal.after(await self._wiring.tokens.read(fresh=True))

    async def tokens(self, request: Request, judge: Callable[[Answer], Tokens]) -> Tokens:
        """Make a call for tokens, signed by whoever built it, once. Raises Unreachable where no answer came."""
        read = self._wiring.deadlines.read
        request.extensions["timeout"] = httpx.Timeout(read, connect=min(read, 10.0)).as_dict()
        try:
            async with asyncio.timeout(self._wiring.deadlines.total):
                response = await self._client.send(request, auth=None)
            return judge(Answer(response.status_code, response.content))
        except _NO_ANSWER as error:
            what = f"{self._vendor} gave no clear answer when it was asked for tokens ({_layer(error)})"
            raise Unreachable(what, vendor=self._vendor, code="unreachable") from error

    async def close(self) -> None:
        """Let go of the connections; a renewal under way comes to its end first."""
        await self._renewal.ended()
        await self._client.aclose()

    async def _next_tokens(self, old: Tokens) -> Tokens:
        return await self.tokens(self._auth.refresh_request(old), lambda answer: self._auth.refreshed(answer, old))

    async def _judged(self, call: Call, judge: Callable[[Answer], T], until: float | None) -> T:
        await self._wiring.grants.check(call.api)
        looks = self._breaker.admit(write=call.write)
        await self._wiring.limiter.slot(call.group)
        async with self._breaker.watching(looks=looks):
            result = await self._sent(call, judge, until)
        await self._wiring.grants.granted(call.api)
        return result

    async def _sent(self, call: Call, judge: Callable[[Answer], T], until: float | None) -> T:
        """Send and judge; a refusal that showed our clock to be wrong is worth another try with the right time."""
        known = self._auth.skew
        answer = await self._send(call, until)
        try:
            return judge(answer)
        except RecursionError as error:
            raise self._unanswered(call, error, refused=False) from error
        except RateLimited as error:
            await self._wiring.limiter.ban(call.group, error)
            raise
        except NotGranted as error:
            await self._wiring.grants.refused(call.api, error)
            raise
        except Rejected as error:
            if abs(self._auth.skew - known) < SKEW:
                raise
            why = (
                f"{self._vendor} refused {call.api} while the clocks differed ({error}); it is asked again in its time"
            )
            raise VendorDown(why, vendor=self._vendor, code=error.code, request_id=error.request_id) from error

    async def _send(self, call: Call, until: float | None) -> Answer:
        slot = functools.partial(self._wiring.limiter.slot, call.group)
        extensions = {"params": dict(call.params), "slot": slot, "renewed": self._renewal.after}
        request = self._client.build_request("POST", call.url, extensions=extensions)
        try:
            async with asyncio.timeout_at(until) if until else asyncio.timeout(self._wiring.deadlines.total):
                response = await self._client.send(request)
        except _NO_ANSWER as error:
            raise self._unanswered(call, error, refused=request.extensions.get("refused", False)) from error
        self._compare_clocks(response.headers.get("date", ""))
        log.debug(
            "http.call",
            vendor=self._vendor,
            account=self._wiring.account,
            api=call.api,
            status=response.status_code,
        )
        return Answer(response.status_code, response.content)

    def _compare_clocks(self, date: str) -> None:
        """Sign with the vendor's time where it is not ours, and say so once; its ``Date`` counts whole seconds."""
        try:
            said = parsedate_to_datetime(date)
        except ValueError:
            return
        skew = said.replace(tzinfo=said.tzinfo or UTC) - self._wiring.clock.now()
        if abs(skew) < SKEW:
            skew = timedelta(0)
        elif not self._auth.skew:
            log.warning(
                "http.clock_differs",
                account=self._wiring.account,
                vendor=self._vendor,
                seconds=round(skew.total_seconds()),
                what="calls are signed in the vendor's time; set this machine's clock",
            )
        self._auth.skew = skew

    def _unanswered(self, call: Call, error: Exception, *, refused: bool) -> VendorError:
        """`refused`: only a new token was waited for; the call itself had been refused."""
        what = f"{self._vendor} gave no clear answer to {call.api} ({_layer(error)})"
        left = not refused and not isinstance(error, _NEVER_LEFT)
        if call.write and left:
            return OutcomeUnknown(what, vendor=self._vendor, code="no_answer")
        return Unreachable(what, vendor=self._vendor, code="unreachable")


def _layer(error: BaseException) -> str:
    """The failure, and on which layer of the network it was."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    said = (words for kind, words in _LAYERS if any(isinstance(one, kind) for one in causes))
    return ": ".join([type(error).__name__, *itertools.islice(said, 1)])


@functools.cache
def _tls() -> ssl.SSLContext:
    """Read the certificates once for all accounts: it is the slowest part of connecting one."""
    return httpx.create_ssl_context()


def _is_worth_another_try(error: BaseException) -> bool:
    return isinstance(error, Transient) and not isinstance(error, RateLimited) and error.retry_after is None


class _SizeCapped(httpx.AsyncBaseTransport):
    """Cuts off an answer that is larger than any honest one, or unpacks to more."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101  an async transport answers so
        packed = response.headers.pop("content-encoding", "")  # or httpx unpacks it, whatever it grows to
        response.stream = _CappedStream(stream, request, _unpacking() if packed in _PACKED else _as_it_came)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _CappedStream(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, request: httpx.Request, unpacked: _Unpacked) -> None:
        self._inner = inner
        self._request = request
        self._unpacked = unpacked

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._inner:
            try:
                plain = self._unpacked(chunk, MAX_ANSWER_BYTES - size + 1)
            except zlib.error as error:
                raise httpx.ReadError(f"the answer cannot be unpacked ({error})", request=self._request) from error
            size += len(plain)
            if size > MAX_ANSWER_BYTES:
                raise httpx.ReadError(f"answer over {MAX_ANSWER_BYTES} bytes", request=self._request)
            yield plain

    async def aclose(self) -> None:
        await self._inner.aclose()


_Unpacked = Callable[[bytes, int], bytes]
"""What a chunk stands for, of which so many bytes at most are wanted."""
_PACKED = ("gzip", "x-gzip", "deflate")
"""What answers come in though ``identity`` was asked for."""


def _unpacking() -> _Unpacked:
    return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress  # either kind, as its head says


def _as_it_came(chunk: bytes, _most: int) -> bytes:
    return chunk


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a plain address answered."""

    status: int
    content_type: str
    location: str
    """Where it says to look instead."""
    body: bytes


_ACCEPT = {"picture": "image/*", "label": "application/pdf"}


async def fetch_at(
    url: str, address: str, *, most: int, seconds: float, kind: str = "picture", transport: object = None
) -> Fetched:
    """GET an https URL from this IP address, whatever its name resolves to, with the certificate of its name.

    Follows nothing, sends no credentials, minds no proxy of the environment. `kind` is what it is to be. Raises
    Rejected beyond `most` bytes, Unreachable where no whole answer came within so many seconds.
    """
    named = httpx.URL(url)
    used = transport or httpx.AsyncHTTPTransport(verify=_tls())
    assert isinstance(used, httpx.AsyncBaseTransport)  # noqa: S101  tests give one too
    headers = {"Host": named.netloc.decode(), "Accept": _ACCEPT.get(kind, "*/*"), "Accept-Encoding": "identity"}
    body = bytearray()
    try:
        async with asyncio.timeout(seconds), httpx.AsyncClient(transport=used, trust_env=False) as client:
            pinned = client.stream(
                "GET", named.copy_with(host=address), headers=headers, extensions={"sni_hostname": named.host}
            )
            async with pinned as response:
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > most:
                        raise Rejected(f"{url} is larger than {most} bytes", vendor=named.host, code=f"{kind}_size")
    except (httpx.TransportError, TimeoutError) as error:
        raise Unreachable(f"{url} gave no answer ({type(error).__name__})", vendor=named.host) from error
    told = response.headers
    return Fetched(response.status_code, told.get("content-type", ""), told.get("location", ""), bytes(body))


async def push(url: str, content: bytes, headers: Mapping[str, str]) -> int:
    """Send one message, as a mock vendor pushes it; answers the HTTP status, 0 if nobody listens."""
    async with httpx.AsyncClient(timeout=5.0) as client:
        try:
            response = await client.post(url, content=content, headers=dict(headers))
        except httpx.TransportError:
            return 0
    return response.status_code
