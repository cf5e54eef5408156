"""Vendors that cannot even be reached: nothing was written, it may pass, and the message names what to look at."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from syncbridge.adapters import http
from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.errors import Unreachable
from syncbridge.ports import Channel, Tokens
from syncbridge.testing.builders import make_listing_draft
from syncbridge.testing.clock import START, FixedClock
from syncbridge.testing.wiring import wiring_for

pytestmark = pytest.mark.anyio


def store(url: str, transport: httpx.AsyncBaseTransport | None = None) -> Channel:
    keys = {"app_key": "500123", "app_secret": "s", "base_url": url, "auth_url": url}
    wiring = wiring_for(transport, FixedClock(), Tokens("at", "rt"))
    channel = adapter.connect(AliExpressSettings.model_validate(keys), wiring).channel
    assert channel is not None
    return channel


async def names(channel: Channel, layer: str) -> None:
    """Reads and writes both never left, so neither is an open question."""
    with pytest.raises(Unreachable, match=layer):
        await channel.shipping_services()
    with pytest.raises(Unreachable, match=layer):
        await channel.publish(make_listing_draft())


async def test_row_16_a_name_nobody_knows_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    await names(store("https://api.example.invalid"), "DNS")


@pytest.fixture
async def outdated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Where a vendor listens whose certificate we trust, but which ended long ago."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = (
        made.serial_number(1).not_valid_before(START - timedelta(days=900)).not_valid_after(START - timedelta(days=800))
    )
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    pem = tmp_path / "vendor.pem"
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    signed = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    pem.write_bytes(key.private_bytes(*private) + signed)
    monkeypatch.setattr(http, "_tls", lambda: ssl.create_default_context(cafile=str(pem)))
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(pem)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=theirs)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


async def test_row_16_a_certificate_that_ended_is_unreachable(outdated: str) -> None:
    await names(store(outdated), "certificate")


async def test_row_16_a_proxy_that_died_is_unreachable() -> None:
    def dead(request: httpx.Request) -> httpx.Response:
        raise httpx.ProxyError("502 Bad Gateway", request=request)

    await names(store("https://vendor", httpx.MockTransport(dead)), "proxy")


async def test_row_16_nobody_listening_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    await names(store(f"http://127.0.0.1:{port}"), "no connection")
