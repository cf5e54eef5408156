"""Files at addresses that vendors and sellers give, which are not trusted: nothing but a listed public server is asked.

https only, hosts of a list only, every address a name resolves to must be public, the connection goes to the one that
was checked, and sizes are bounded.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from syncbridge.adapters.http import Fetched
from syncbridge.errors import Rejected, Unreachable, VendorDown

SECONDS = 10.0
HOPS = 3
"""An address, and two it may lead on to."""
_REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = (408, 429, 500, 502, 503, 504)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
Resolve = Callable[[str], Awaitable[Sequence[str]]]
Fetch = Callable[[str, str], Awaitable[Fetched]]
"""Gets an https URL from an IP address."""


async def resolve(host: str) -> Sequence[str]:
    """The IP addresses of a name; raises Unreachable."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} has no address now ({error})", vendor=host) from error
    return list(dict.fromkeys(str(place[4][0]) for place in found))


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which servers may be asked. A host such as ``*.alicdn.com`` stands for every name below it."""

    hosts: Sequence[str]
    listed_in: str
    """The setting that lists them, for who reads a refusal."""
    kind: str
    """What is fetched; codes of refusals begin with it."""
    fetch: Fetch
    resolve: Resolve = resolve

    async def get(self, url: str) -> Fetched:
        """The file. Raises Rejected for an address that may not be asked or has none, Transient where it may later."""
        for _ in range(HOPS):
            host = self._host(url)
            answer = await self.fetch(url, self._public(host, await self.resolve(host)))
            if answer.status not in _REDIRECTS:
                return self._there(url, host, answer)
            url = urljoin(url, answer.location)
        raise Rejected(f"{url} leads on and on", vendor=host, code=f"{self.kind}_redirect")

    def _host(self, url: str) -> str:
        """The host of an address that may be asked; raises Rejected."""
        code = f"{self.kind}_address"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Rejected(f"{url!r} is no address ({error})", vendor=self.kind, code=code) from error
        host = (parts.hostname or "").lower()
        if problem := self._problem(parts, host, port):
            raise Rejected(f"{url!r} is not fetched: {problem}", vendor=host or self.kind, code=code)
        return host

    def _problem(self, parts: SplitResult, host: str, port: int | None) -> str:
        if parts.scheme != "https":
            return "only https is"
        if parts.username is not None or parts.password is not None:
            return "it carries a name or a password"
        if port not in (None, 443):
            return f"port {port} is not the one of https"
        if not any(_fits(host, pattern.lower()) for pattern in self.hosts):
            return f"{host or 'no host'} is not among {self.listed_in} in the settings"
        return ""

    def _public(self, host: str, addresses: Sequence[str]) -> str:
        """The first address of a name all of whose addresses are public; raises Rejected."""
        inside = [address for address in addresses if not is_public(address)]
        if inside or not addresses:
            what = f"leads to {', '.join(inside)}, which is not public" if inside else "has no address"
            raise Rejected(f"{host} is not asked: it {what}", vendor=host, code=f"{self.kind}_inside")
        return addresses[0]

    def _there(self, url: str, host: str, answer: Fetched) -> Fetched:
        if answer.status in _PASSING:
            raise VendorDown(f"{url} cannot be had now ({answer.status})", vendor=host)
        if answer.status != 200:
            raise Rejected(f"{url} is not there ({answer.status})", vendor=host, code=f"{self.kind}_status")
        return answer


def _fits(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) >= len(pattern)
    return host == pattern


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
