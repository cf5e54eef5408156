"""Rows of the fault matrix that the receiver must hold: what it cannot keep it does not acknowledge."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from syncbridge.bootstrap import assemble, open_database
from syncbridge.settings import load_settings
from syncbridge.store import db as store
from syncbridge.store.holds import all_open
from syncbridge.web import head, receiver
from syncbridge.web.receiver import Receiver
from syncbridge.web.server import server
from tests.databases import as_after_a_first_start
from tests.store.conftest import Fault, files_that_cannot_grow, no_more_pages
from tests.web.conftest import (
    FORM,
    SECRET,
    Caller,
    alibaba_push,
    aliexpress_push,
    job_keys,
    kept,
    signed_by_aliexpress,
    write_settings,
)

pytestmark = pytest.mark.anyio
DATABASE = "syncbridge.db"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Locks are told soon, and the log is not on the disk that fails."""
    monkeypatch.setattr(store, "BUSY_MS", 50)
    with structlog.testing.capture_logs():
        yield


async def push(caller: Caller, number: int = 1) -> tuple[int, str | None]:
    """Status and Retry-After for a message that takes a page of its own."""
    body = aliexpress_push(str(number), status="x" * 3000)
    answer = await caller.post("toys", body, signed_by_aliexpress(body))
    return answer.status_code, answer.headers.get("retry-after")


async def ready(caller: Caller) -> int:
    return (await caller.get("/health/ready")).status_code


@contextlib.asynccontextmanager
async def listening(caller: Caller) -> AsyncIterator[tuple[str, int]]:
    """The receiver on a socket of its own, as the daemon serves it."""
    web = server(Receiver(caller.app, lambda: None).asgi())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(web.serve(sockets=[listener]))
        yield listener.getsockname()
        web.should_exit = True
        await serving


async def answer(address: tuple[str, int], *parts: bytes) -> bytes:
    """All that is said to a caller who sends this and no more."""
    reader, writer = await asyncio.open_connection(*address)
    for part in parts:
        writer.write(part)
    async with asyncio.timeout(30):  # passes only where nothing is ever said
        said = await reader.read()
    writer.close()
    return said


HEAD = b"POST /webhooks/toys HTTP/1.1\r\nHost: receiver\r\n"
WHOLE = b"GET /health/live HTTP/1.1\r\nHost: receiver\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", b"POST /webh", HEAD], ids=["nothing", "half a line", "half a head"])
async def test_row_14_a_head_that_does_not_end_is_cut_off_and_others_are_served(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(head, "HEAD_SECONDS", 0.2)
    async with listening(caller) as address:
        slow = asyncio.create_task(answer(address, sent))
        assert (await answer(address, WHOLE)).startswith(b"HTTP/1.1 200 OK")
        assert (await slow).startswith(b"HTTP/1.1 408 ")


async def test_row_14_a_head_that_grows_without_end_is_refused(caller: Caller) -> None:
    async with listening(caller) as address:
        said = await answer(address, HEAD, b"x-y: " + b"z" * head.MOST_HEAD_BYTES)
        assert said.startswith(b"HTTP/1.1 431 ")


async def test_row_14_a_large_body_in_one_piece_with_its_head_is_no_large_head(caller: Caller) -> None:
    async with listening(caller) as address:
        whole = HEAD + b"Connection: close\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000
        assert (await answer(address, whole)).startswith(b"HTTP/1.1 413 ")


async def test_row_14_a_body_that_does_not_end_is_cut_off(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "BODY_SECONDS", 0.05)
    async with listening(caller) as address:
        said = await answer(address, HEAD + b"Content-Length: 100\r\n\r\n", b"x")
    assert said.startswith(b"HTTP/1.1 408 ")
    assert await caller.app.bridge.db.read(kept) == []


async def test_row_14_blank_lines_after_an_answer_do_not_hold_their_connection(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(caller) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(WHOLE.replace(b"Connection: close\r\n", b""))
        assert (await reader.read(1000)).startswith(b"HTTP/1.1 200 OK")
        monkeypatch.setattr(head, "HEAD_SECONDS", 0.2)
        for _ in range(200):
            writer.write(b"\r\n")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    if (await reader.read(1000)).startswith(b"HTTP/1.1 408 "):
                        break
        else:
            pytest.fail("it was held for as long as blank lines came")
        writer.close()


async def test_row_14_a_body_that_nobody_reads_does_not_hold_its_connection(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "REST_SECONDS", 0.2)
    async with listening(caller) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(HEAD.replace(b"toys", b"nobody") + b"Content-Length: 100000\r\n\r\n")
        for _ in range(500):  # drops, so that it never seems to be idle
            writer.write(b"x")
            await asyncio.sleep(0.01)
            if reader.at_eof() or writer.is_closing():
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.01):
                    await reader.read(1000)
        else:
            pytest.fail("it was held for as long as drops came")
        writer.close()


def price_change(offer: int) -> str:
    return json.dumps({"msgId": 7, "gmtBorn": 1, "type": "FENXIAO_PRICE_CHANGE", "data": {"productId": offer}})


async def test_row_24_an_old_message_again_is_acknowledged_and_dropped(caller: Caller) -> None:
    for _ in range(3):
        assert (await caller.post("main", alibaba_push(price_change(1)), FORM)).status_code == 200

    assert len(await caller.app.bridge.db.read(kept)) == len(await caller.app.bridge.db.read(job_keys)) == 1
    assert await caller.app.bridge.db.read(all_open) == []


async def test_row_24_the_same_message_id_with_other_contents_is_told_and_what_it_is_about_is_read_again(
    caller: Caller,
) -> None:
    for offer in (1, 2, 1):
        assert (await caller.post("main", alibaba_push(price_change(offer)), FORM)).status_code == 200

    keys = await caller.app.bridge.db.read(job_keys)
    assert [key.partition("@")[0] for key in keys] == ["offers.read:main/1", "offers.read:main/2"]
    (hold,) = await caller.app.bridge.db.read(all_open)
    assert (hold.kind, hold.subject) == ("alarm_message_altered", "account main")
    assert hold.figures["why"] == "offer_changed: message 7 came again with other contents"


async def test_row_24_what_is_told_of_such_a_message_has_none_of_its_words(caller: Caller) -> None:
    for offer in (1, 2):
        body = price_change(offer).replace('"msgId": 7', '"msgId": "canary"')
        await caller.post("main", alibaba_push(body), FORM)

    (hold,) = await caller.app.bridge.db.read(all_open)
    assert hold.figures["why"] == "offer_changed: message without number came again with other contents"


@pytest.mark.parametrize("former", ["the one before", ""])
async def test_row_25_while_the_secret_is_replaced_messages_signed_with_either_are_taken(
    tmp_path: Path, former: str
) -> None:
    file = write_settings(tmp_path)
    file.write_text(file.read_text().replace("app_secret =", f'former_app_secret = "{former}"\napp_secret ='))
    chosen = load_settings(file, environ={})
    as_after_a_first_start(chosen)
    app = await assemble(chosen, open_database(chosen))
    caller, order = Caller(app), aliexpress_push()

    answers = [
        (
            (await caller.post("toys", order, signed_by_aliexpress(order, secret))).status_code,
            (await caller.post("main", alibaba_push(price_change(1), secret), FORM)).status_code,
        )
        for secret in (SECRET, "the one before", "another", "")
    ]

    with_former = (200, 200) if former else (401, 401)
    assert answers == [(200, 200), with_former, (401, 401), (401, 401)]
    await caller.close()
    await app.close()


async def test_row_27_while_the_database_is_locked_the_vendor_is_asked_to_come_again(
    caller: Caller, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        locked = [await push(caller), await ready(caller)]
        other.execute("ROLLBACK")

    assert locked == [(503, "30"), 503]
    assert await caller.app.bridge.db.read(kept) == []
    assert [await push(caller), await ready(caller)] == [(200, None), 200]
    assert caller.woken == len(await caller.app.bridge.db.read(job_keys)) == 1


@pytest.mark.parametrize("fault", [no_more_pages, files_that_cannot_grow])
async def test_row_28_while_the_disk_takes_nothing_the_vendor_is_asked_to_come_again(
    caller: Caller, fault: Fault
) -> None:
    db, number = caller.app.bridge.db, 0
    async with fault(db):
        while (refused := await push(caller, number))[0] == 200:  # into the pages there are
            number += 1
        both = (len(await db.read(kept)), len(await db.read(job_keys)))

    assert refused == (503, "30")
    assert both == (number, number)
    assert await push(caller, number) == (200, None)
    assert caller.woken == len(await db.read(kept)) == len(await db.read(job_keys)) == number + 1


async def test_row_28_a_process_whose_disk_takes_nothing_is_alive_and_not_ready_until_it_does(caller: Caller) -> None:
    async with files_that_cannot_grow(caller.app.bridge.db):
        told = await caller.get("/health/ready")
        live = await caller.get("/health/live")

    assert (told.status_code, told.json()) == (503, {"status": "the database takes no writes"})
    assert live.status_code == 200
    assert await ready(caller) == 200
