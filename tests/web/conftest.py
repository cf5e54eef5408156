"""Settings of a small seller in a folder: two supplier accounts, a store and a forwarder, none of them reachable."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from sqlmodel import Session

from syncbridge.adapters.alibaba1688.signing import signature
from syncbridge.bootstrap import App, assemble, open_database
from syncbridge.settings import load_settings
from syncbridge.web.receiver import Receiver
from tests.databases import as_after_a_first_start

EXAMPLE = Path(__file__).parents[2] / "mappings" / "example.yaml"
NOWHERE = "http://127.0.0.1:9"
SECRET = "secret-of-the-app"
STORE_KEY = "500123"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def write_settings(folder: Path, *, port: int = 0, base_url: str = NOWHERE, top: str = "") -> Path:
    """A settings file that works, with its mapping files; answers its path. Polls come once, at the start."""
    (folder / "mappings").mkdir(exist_ok=True)
    shutil.copy(EXAMPLE, folder / "mappings")
    keys = f'app_key = "{STORE_KEY}"\napp_secret = "{SECRET}"\naccess_token = "at"\nrefresh_token = "rt"\n'
    vendor = f'base_url = "{base_url}"\nauth_url = "{base_url}"\n{keys}'
    suppliers = "".join(
        f'[accounts.{name}]\nadapter = "alibaba1688"\noffer_pool_id = "1"\n{vendor}' for name in ("main", "byhand")
    )
    file = folder / "syncbridge.toml"
    file.touch(mode=0o600)
    file.write_text(
        f"{top}\n[web]\nport = {port}\nmax_body_bytes = 4096\n"
        "[workers]\nidle = 0.1\n[deadlines]\ntotal = 4\nread = 3\n"
        f'{suppliers}[accounts.toys]\nadapter = "aliexpress"\n{vendor}live = true\n'
        '[accounts.forwarder]\nadapter = "forwarder_csv"\npath = "forwarder.csv"\n'
    )
    return file


def aliexpress_push(order_id: str = "8172481060036440", *, status: str = "WAIT_SELLER_SEND_GOODS") -> bytes:
    data = {"orderId": order_id, "orderStatus": status}
    return json.dumps({"message_type": 53, "timestamp": 1772413200, "seller_id": "1", "data": data}).encode()


def signed_by_aliexpress(body: bytes, secret: str = SECRET) -> dict[str, str]:
    made = hmac.new(secret.encode(), STORE_KEY.encode() + body, hashlib.sha256).hexdigest()
    return {"authorization": made, "content-type": "application/json"}


def alibaba_push(message: str, secret: str = SECRET) -> bytes:
    made = signature(secret, [("message", message)])
    return urlencode({"message": message, "_aop_signature": made}).encode()


def kept(session: Session) -> list[tuple[str, str, str]]:
    """(account, kind, topic) of every message in the inbox."""
    rows = session.connection().exec_driver_sql("SELECT account, kind, topic FROM inbox ORDER BY id")
    return [(account, kind, topic) for account, kind, topic in rows]


def job_keys(session: Session) -> list[str]:
    return list(session.connection().exec_driver_sql("SELECT key FROM job ORDER BY id").scalars())


class Caller:
    """Calls the receiver in process, and notes how often it woke the workers."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.woken = 0
        transport = httpx.ASGITransport(app=Receiver(app, self._wake).asgi())
        self._client = httpx.AsyncClient(transport=transport, base_url="http://receiver")

    def _wake(self) -> None:
        self.woken += 1

    async def post(self, account: str, body: bytes | AsyncIterator[bytes], headers: dict[str, str]) -> httpx.Response:
        return await self._client.post(f"/webhooks/{account}", content=body, headers=headers)

    async def get(self, path: str) -> httpx.Response:
        return await self._client.get(path)

    async def close(self) -> None:
        await self._client.aclose()


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    settings = load_settings(write_settings(tmp_path), environ={})
    as_after_a_first_start(settings)
    assembled = await assemble(settings, open_database(settings))
    yield assembled
    await assembled.close()


@pytest.fixture
async def caller(app: App) -> AsyncIterator[Caller]:
    called = Caller(app)
    yield called
    await called.close()
