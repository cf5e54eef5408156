"""Pictures of offers and listings, looked at without ever asking an address that is not a public picture server's.

Addresses come from vendors and sellers, so they are not trusted: https only, hosts of a list only, every address a name
resolves to must be public, the connection goes to the one that was checked, and sizes are bounded before decoding.
"""

from __future__ import annotations

import asyncio
import io
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from urllib.parse import SplitResult, urljoin, urlsplit

from syncbridge.adapters.http import Fetched, fetch_at
from syncbridge.errors import Rejected, Unreachable, VendorDown

MOST_BYTES = 5 * 1024 * 1024
"""AliExpress takes no larger picture (aliexpress.md §4.2)."""
MOST_PIXELS = 50_000_000
SECONDS = 10.0
HOPS = 3
"""An address, and two it may lead on to."""
SIDE = 8
"""A picture is compared as eight rows of eight differences in brightness between neighbours."""
_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = (408, 429, 500, 502, 503, 504)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
Resolve = Callable[[str], Awaitable[Sequence[str]]]
Fetch = Callable[[str, str], Awaitable[Fetched]]


async def resolve(host: str) -> Sequence[str]:
    """The IP addresses of a name; raises Unreachable."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} has no address now ({error})", vendor=host) from error
    return list(dict.fromkeys(str(place[4][0]) for place in found))


async def fetch(url: str, address: str) -> Fetched:
    """A picture's bytes, within bounds."""
    return await fetch_at(url, address, most=MOST_BYTES, seconds=SECONDS)


class SafeImages:
    """Keeps to the `Images` port. A host such as ``*.alicdn.com`` stands for every name below it."""

    def __init__(self, hosts: Sequence[str], *, resolve: Resolve = resolve, fetch: Fetch = fetch) -> None:
        self._hosts = tuple(host.lower() for host in hosts)
        self._resolve = resolve
        self._fetch = fetch

    async def fingerprint(self, url: str) -> str:
        """What the picture looks like; see `difference_hash`."""
        body = await self._picture(url)
        return await asyncio.to_thread(difference_hash, body)

    async def _picture(self, url: str) -> bytes:
        for _ in range(HOPS):
            host = self._allowed(url)
            address = _public(host, await self._resolve(host))
            answer = await self._fetch(url, address)
            if answer.status not in _REDIRECTS:
                return _body(url, host, answer)
            url = urljoin(url, answer.location)
        raise Rejected(f"{url} leads on and on", vendor=host, code="picture_redirect")

    def _allowed(self, url: str) -> str:
        """The host of an address that may be asked; raises Rejected."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Rejected(f"{url!r} is no address ({error})", vendor="images", code="picture_address") from error
        host = (parts.hostname or "").lower()
        if problem := self._problem(parts, host, port):
            raise Rejected(f"{url!r} is not fetched: {problem}", vendor=host or "images", code="picture_address")
        return host

    def _problem(self, parts: SplitResult, host: str, port: int | None) -> str:
        if parts.scheme != "https":
            return "only https is"
        if parts.username is not None or parts.password is not None:
            return "it carries a name or a password"
        if port not in (None, 443):
            return f"port {port} is not the one of https"
        if not any(_fits(host, pattern) for pattern in self._hosts):
            return f"{host or 'no host'} is not among images.hosts in the settings"
        return ""


def difference_hash(body: bytes) -> str:
    """64 bits as 16 hex digits: is each point brighter than its right neighbour. Raises Rejected.

    A picture that was scaled, compressed or tinted keeps nearly all of them.
    """
    from PIL import Image, UnidentifiedImageError  # here, since it is slow to load and seldom needed

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(io.BytesIO(body), formats=_FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Rejected(
                    f"{image.width} × {image.height} points are too many", vendor="images", code="picture_pixels"
                )
            image.draft("L", (SIDE * 8, SIDE * 8))
            grey = image.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.LANCZOS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Rejected(f"this picture has too many points ({error})", vendor="images", code="picture_pixels") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Rejected(
            f"this is no picture that can be read ({error})", vendor="images", code="picture_unreadable"
        ) from error
    points = grey.tobytes()
    rows = [points[start : start + SIDE + 1] for start in range(0, len(points), SIDE + 1)]
    bits = "".join("1" if left > right else "0" for row in rows for left, right in pairwise(row))
    return f"{int(bits, 2):016x}"


def _body(url: str, host: str, answer: Fetched) -> bytes:
    if answer.status in _PASSING:
        raise VendorDown(f"{url} cannot be had now ({answer.status})", vendor=host)
    if answer.status != 200:
        raise Rejected(f"{url} is not there ({answer.status})", vendor=host, code="picture_status")
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind not in _TYPES:
        raise Rejected(f"{url} is no picture but {kind or 'of no type'}", vendor=host, code="picture_type")
    return answer.body


def _fits(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) >= len(pattern)
    return host == pattern


def _public(host: str, addresses: Sequence[str]) -> str:
    """The first address of a name all of whose addresses are public; raises Rejected."""
    inside = [address for address in addresses if not is_public(address)]
    if inside or not addresses:
        what = f"leads to {', '.join(inside)}, which is not public" if inside else "has no address"
        raise Rejected(f"{host} is not asked: it {what}", vendor=host, code="picture_inside")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also where it carries another one inside."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False  # such as fe80::1%eth0
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.sixtofour or ip.teredo:
            return False
        carried = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if carried is not None:
            return is_public(str(carried))
    return ip.is_global and not ip.is_multicast
