"""The page a vendor sends the browser back to: one answer, ours by its state, said in both languages."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from syncbridge.errors import ConfigError, SyncBridgeError
from syncbridge.testing.loopback import free_port
from syncbridge.web.callback import Callback, Returned, is_here, returned, wait_for

pytestmark = pytest.mark.anyio


async def ours(state: str) -> bool:
    return state == "right"


@pytest.fixture
async def page() -> Callback:
    return Callback("/callback", ours)


async def browse(page: Callback, path: str, method: str = "GET") -> httpx.Response:
    transport = httpx.ASGITransport(app=page.asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8689") as browser:
        return await browser.request(method, path)


async def test_an_answer_to_our_question_is_taken_and_the_window_may_be_closed(page: Callback) -> None:
    answer = await browse(page, "/callback?code=c%2B1&state=right")

    assert answer.status_code == 200
    assert "You may close this window" in answer.text
    assert "您可以关闭此窗口" in answer.text
    assert page.answer.result() == Returned("c+1", "right")


@pytest.mark.parametrize("query", ["code=evil&state=wrong", "code=evil", "code=evil&state=", ""])
async def test_another_answer_is_turned_away_and_the_right_one_still_waited_for(page: Callback, query: str) -> None:
    assert (await browse(page, f"/callback?{query}")).status_code == 400
    assert not page.answer.done()
    assert (await browse(page, "/callback?code=c&state=right")).status_code == 200


async def test_only_the_first_answer_counts(page: Callback) -> None:
    await browse(page, "/callback?code=first&state=right")
    assert (await browse(page, "/callback?code=second&state=right")).status_code == 400
    assert page.answer.result().code == "first"


async def test_a_refusal_is_taken_too(page: Callback) -> None:
    answer = await browse(page, "/callback?error=access_denied&error_description=No&state=right")
    assert answer.status_code == 400
    assert page.answer.result() == Returned("", "right", "access_denied No")


async def test_what_is_not_the_page_is_not_answered(page: Callback) -> None:
    assert (await browse(page, "/favicon.ico")).status_code == 404
    assert (await browse(page, "/callback?code=c&state=right", "POST")).status_code == 405
    assert not page.answer.done()


async def test_nothing_of_the_address_comes_back_in_the_page(page: Callback) -> None:
    answer = await browse(page, "/callback?code=%3Cscript%3E&state=right&error=%3Cscript%3E")
    assert "script" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_it_is_served_on_this_machine_until_the_answer_is_there() -> None:
    callback = f"http://localhost:{free_port()}/back"
    waiting = asyncio.create_task(wait_for(callback, ours, seconds=30))
    async with httpx.AsyncClient() as browser:
        for _ in range(200):
            try:
                answer = await browser.get(f"{callback.replace('localhost', '127.0.0.1')}?code=c&state=right")
            except httpx.ConnectError:
                await asyncio.sleep(0.01)
            else:
                break
    assert answer.status_code == 200
    assert await waiting == Returned("c", "right")


async def test_nobody_is_waited_for_for_ever() -> None:
    with pytest.raises(SyncBridgeError, match="nobody came back"):
        await wait_for(f"http://127.0.0.1:{free_port()}/", ours, seconds=0.05)


async def test_a_port_that_is_taken_names_the_other_way() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ConfigError, match="paste the address"):
            await wait_for(f"http://127.0.0.1:{port}/", ours, seconds=1)


def test_only_addresses_of_this_machine_are_served() -> None:
    assert is_here("http://127.0.0.1:8689/callback")
    assert is_here("http://localhost/")
    assert not is_here("https://shop.example/callback")
    assert not is_here("https://localhost.shop.example/")


def test_an_address_or_the_code_alone_may_be_pasted() -> None:
    assert returned(" https://shop.example/cb?state=s&code=3_500_abc ") == Returned("3_500_abc", "s")
    assert returned("3_500_abc\n") == Returned("3_500_abc")
    assert returned("https://shop.example/cb?error=no") == Returned("", "", "no")
