"""Pictures are fetched from public picture servers and from nowhere else, within bounds, and told by what they show."""

from __future__ import annotations

import asyncio
import datetime
import io
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from PIL import Image, ImageDraw

from syncbridge.adapters import images
from syncbridge.adapters.addresses import HOPS, is_public, resolve
from syncbridge.adapters.http import Fetched, fetch_at
from syncbridge.adapters.images import SafeImages, difference_hash
from syncbridge.errors import Rejected, Unreachable, VendorDown
from syncbridge.rules.likeness import apart

pytestmark = pytest.mark.anyio
HOSTS = ("*.alicdn.com", "pictures.example.com")
URL = "https://cbu01.alicdn.com/img/one.jpg"
PUBLIC = "47.246.1.1"


def picture(kind: str = "JPEG", size: tuple[int, int] = (80, 60), shift: int = 0) -> bytes:
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    wide, high = size
    draw.rectangle((wide * (10 + shift) // 100, high // 5, wide // 2, high // 2), fill="darkred")
    draw.ellipse((wide // 2, high // 3, wide * 9 // 10, high * 9 // 10), fill="navy")
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


class Net:
    """Names and what their servers answer; notes which address was asked for what."""

    def __init__(self, *answers: Fetched, addresses: Sequence[str] = (PUBLIC,)) -> None:
        self.answers = list(answers) or [Fetched(200, "image/jpeg", "", picture())]
        self.addresses = addresses
        self.asked: list[tuple[str, str]] = []
        self.images = SafeImages(HOSTS, resolve=self.resolve, fetch=self.fetch)

    async def resolve(self, host: str) -> Sequence[str]:
        return self.addresses

    async def fetch(self, url: str, address: str) -> Fetched:
        self.asked.append((url, address))
        return self.answers.pop(0)


async def refused(net: Net, url: str = URL) -> str:
    with pytest.raises(Rejected) as caught:
        await net.images.fingerprint(url)
    return caught.value.code


async def test_a_picture_is_asked_for_at_the_address_that_was_checked() -> None:
    net = Net(addresses=[PUBLIC, "47.246.1.2"])
    assert await net.images.fingerprint(URL) == difference_hash(picture())
    assert net.asked == [(URL, PUBLIC)]


@pytest.mark.parametrize(
    "url",
    [
        "http://cbu01.alicdn.com/a.jpg",
        "file:///etc/passwd",
        "ftp://cbu01.alicdn.com/a.jpg",
        "https://alicdn.com/a.jpg",
        "https://evilalicdn.com/a.jpg",
        "https://cbu01.alicdn.com.evil.net/a.jpg",
        "https://cbu01.alicdn.com@evil.net/a.jpg",
        "https://me:secret@cbu01.alicdn.com/a.jpg",
        "https://cbu01.alicdn.com:8443/a.jpg",
        "https://cbu01.alicdn.com:99999/a.jpg",
        "https://169.254.169.254/latest/meta-data/",
        "https://127.0.0.1/a.jpg",
        "https://[::1]/a.jpg",
        "https://[::1/a.jpg",
        "https://2130706433/a.jpg",
        "https://localhost/a.jpg",
        "https:///a.jpg",
        "not an address",
        "",
    ],
)
async def test_other_addresses_are_not_even_looked_up(url: str) -> None:
    net = Net()
    assert await refused(net, url) == "picture_address"
    assert net.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  an address that must be refused
        "255.255.255.255",
        "224.0.0.1",
        "192.0.2.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "no address",
    ],
)
async def test_a_name_that_leads_inside_is_not_asked(address: str) -> None:
    for addresses in ([address], [PUBLIC, address]):  # one inside among many may be the one that is taken next time
        net = Net(addresses=addresses)
        assert await refused(net) == "picture_inside"
        assert net.asked == []


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700::1111", "::ffff:47.246.1.1", "64:ff9b::2ff6:101"])
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(address)


async def test_a_name_without_an_address_is_not_asked() -> None:
    assert await refused(Net(addresses=[])) == "picture_inside"


async def test_a_redirect_is_checked_like_an_address() -> None:
    inside = Net(Fetched(302, "", "https://169.254.169.254/latest", b""))
    assert await refused(inside) == "picture_address"
    other = Net(Fetched(301, "", "http://cbu01.alicdn.com/a.jpg", b""))
    assert await refused(other) == "picture_address"
    fine = Net(Fetched(302, "", "/b.jpg", b""), Fetched(200, "image/jpeg", "", picture()))
    assert await fine.images.fingerprint(URL) == difference_hash(picture())
    assert fine.asked[1] == ("https://cbu01.alicdn.com/b.jpg", PUBLIC)


async def test_redirects_without_end_end() -> None:
    net = Net(*[Fetched(302, "", URL, b"")] * 9)
    assert await refused(net) == "picture_redirect"
    assert len(net.asked) == HOPS


@pytest.mark.parametrize("status", [404, 403])
async def test_what_is_not_there_is_refused(status: int) -> None:
    assert await refused(Net(Fetched(status, "image/jpeg", "", b""))) == "picture_status"


async def test_what_may_be_there_later_is_no_refusal() -> None:
    with pytest.raises(VendorDown):
        await Net(Fetched(503, "text/html", "", b"")).images.fingerprint(URL)


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/octet-stream", ""])
async def test_what_calls_itself_no_picture_is_refused(kind: str) -> None:
    assert await refused(Net(Fetched(200, kind, "", picture()))) == "picture_type"


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xd8\xff\xe0 torn", picture()[:200], picture("TIFF")])
async def test_what_is_no_picture_is_refused(body: bytes) -> None:
    assert await refused(Net(Fetched(200, "image/jpeg", "", body))) == "picture_unreadable"


@pytest.mark.parametrize("size", [(200, 151), (200, 301)])
def test_a_picture_with_too_many_points_is_not_decoded(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MOST_PIXELS", 30_000)
    with pytest.raises(Rejected) as caught:
        difference_hash(picture("PNG", size))
    assert caught.value.code == "picture_pixels"


def test_like_pictures_have_like_hashes() -> None:
    original = difference_hash(picture())
    for other in (picture("PNG"), picture("WEBP"), picture("GIF"), picture(size=(800, 600))):
        assert apart(original, difference_hash(other)) <= 6
    assert apart(original, difference_hash(picture(shift=30))) < apart(original, difference_hash(mirrored()))
    assert apart(original, difference_hash(mirrored())) > 10


def mirrored() -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(picture())).transpose(Image.Transpose.ROTATE_90).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server for pictures.example.com, and a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pictures.example.com")])
    now = datetime.datetime.now(datetime.UTC)  # a real certificate for a real handshake
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("pictures.example.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    both = tmp_path / "both.pem"
    both.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + cert.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(both)
    client = ssl.create_default_context(cadata=cert.public_bytes(serialization.Encoding.PEM).decode())
    return server, client


async def serve(server: ssl.SSLContext, answer: bytes) -> tuple[asyncio.Server, int, list[bytes]]:
    heard: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=server)
    return listening, listening.sockets[0].getsockname()[1], heard


def http_answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def test_the_certificate_must_be_of_the_name_though_an_address_is_asked(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, client = certificate
    listening, port, heard = await serve(server, http_answer(b"picture"))
    async with listening:
        right = await fetch_at(
            f"https://pictures.example.com:{port}/one.jpg",
            "127.0.0.1",
            most=100,
            seconds=5,
            transport=httpx.AsyncHTTPTransport(verify=client),
        )
        assert (right.status, right.content_type, right.body) == (200, "image/jpeg", b"picture")
        assert b"Host: pictures.example.com" in heard[0]
        with pytest.raises(Unreachable):
            await fetch_at(
                f"https://other.example.com:{port}/one.jpg",
                "127.0.0.1",
                most=100,
                seconds=5,
                transport=httpx.AsyncHTTPTransport(verify=client),
            )


async def test_what_is_too_large_or_too_slow_is_cut_off() -> None:
    async def endless() -> object:
        while True:
            yield b"x" * 1000

    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=endless()))  # type: ignore[arg-type]
    with pytest.raises(Rejected) as caught:
        await fetch_at(URL, PUBLIC, most=5000, seconds=5, transport=transport)
    assert caught.value.code == "picture_size"

    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(Unreachable):
        await fetch_at(URL, PUBLIC, most=5000, seconds=0.01, transport=httpx.MockTransport(never))


async def test_a_packed_answer_is_not_unpacked() -> None:
    headers = {"content-type": "image/jpeg", "content-encoding": "gzip"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, stream=Packed()))
    assert (await fetch_at(URL, PUBLIC, most=5000, seconds=5, transport=transport)).body == b"packed"


class Packed(httpx.AsyncByteStream):
    async def __aiter__(self):  # type: ignore[no-untyped-def]
        yield b"packed"


async def test_a_name_nobody_knows_is_unreachable_for_now(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    with pytest.raises(Unreachable):
        await resolve("nobody.alicdn.com")


async def test_a_name_that_cannot_be_one_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await resolve("x" * 64 + ".alicdn.com")


async def test_every_address_of_a_name_is_seen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def two(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", (address, 443)) for address in (PUBLIC, PUBLIC, "47.246.1.2")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
    assert await resolve("cbu01.alicdn.com") == [PUBLIC, "47.246.1.2"]
