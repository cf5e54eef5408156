"""The key file: made once, for its owner only; and nothing secret or personal is readable beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from syncbridge.errors import ConfigError
from syncbridge.flows.events import jobs_for
from syncbridge.model.events import EventKind, VendorEvent
from syncbridge.model.orders import BuyerAddress
from syncbridge.ports import Tokens
from syncbridge.queue import inbox
from syncbridge.store import accounts
from syncbridge.store.db import InlineDatabase, load_keys
from syncbridge.testing.clock import START
from tests.flows.conftest import Shop
from tests.store.conftest import new_engine, new_keys

pytestmark = pytest.mark.anyio
BUYER = BuyerAddress("Kanaria Vogel", "34699887766", "ES", "Madrid", "Getafe-Canary", "28901", "Calle del Canario 77")
CANARIES = (BUYER.name, BUYER.phone, BUYER.city, BUYER.street, "canary-access", "canary-refresh", "canary-body")


def traces(folder: Path) -> list[str]:
    """Canaries found in the raw files of a folder, the write-ahead log included."""
    raw = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert len(raw) > 10_000
    return [canary for canary in CANARIES if canary.encode() in raw]


def test_a_missing_key_file_is_made_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "syncbridge.key"

    load_keys(file)

    assert file.stat().st_mode & 0o777 == 0o600


def test_the_same_key_file_opens_what_it_closed(tmp_path: Path) -> None:
    closed = load_keys(tmp_path / "k").encrypt(b"token")

    assert load_keys(tmp_path / "k").decrypt(closed) == b"token"


def test_a_further_key_on_top_is_the_newest(tmp_path: Path) -> None:
    closed = load_keys(tmp_path / "k").encrypt(b"token")
    load_keys(tmp_path / "newer")
    (tmp_path / "k").write_text((tmp_path / "newer").read_text() + "\n" + (tmp_path / "k").read_text())

    keys = load_keys(tmp_path / "k")

    assert keys.decrypt(closed) == b"token"
    assert load_keys(tmp_path / "newer").decrypt(keys.encrypt(b"x")) == b"x"


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_file_others_can_read_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    load_keys(tmp_path / "k")
    (tmp_path / "k").chmod(mode)

    with pytest.raises(ConfigError, match="chmod 600"):
        load_keys(tmp_path / "k")


@pytest.mark.parametrize("text", ["", "no key\n", "QUJD\n"])
def test_a_spoilt_key_file_is_refused_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "k"
    file.touch(mode=0o600)
    file.write_text(text)

    with pytest.raises(ConfigError, match="no valid key"):
        load_keys(file)
    assert file.read_text() == text


async def test_no_token_and_no_message_is_readable_in_the_files(tmp_path: Path) -> None:
    db = InlineDatabase(new_engine(tmp_path))
    await db.run(accounts.seed_tokens, "toys", Tokens("canary-access", "canary-refresh"))
    await db.run(accounts.replace_tokens, "toys", Tokens("canary-access", "canary-refresh"), Tokens("canary-access-2"))
    event = VendorEvent("1", EventKind.ORDER_CHANGED, "53", ("8172481060036440",))
    await db.run(inbox.accept, "toys", [event], b'{"buyer": "canary-body Kanaria Vogel"}', jobs_for, now=START)

    assert traces(tmp_path) == []
    assert (await db.read(accounts.tokens_of, "toys")).access == "canary-access-2"
    await db.close()
    assert traces(tmp_path) == []


async def test_nothing_of_a_buyer_is_readable_in_the_files_after_a_whole_order(shop: Shop, tmp_path: Path) -> None:
    await shop.list_offer()
    order = await shop.sell("8172481060036440", address=BUYER)
    await shop.pass_time(601)
    (bought,) = shop.supplier.books.values()
    shop.supplier.ship(bought.vendor_order_id, "YT1")
    await shop.poll("purchase.poll", "main")
    shop.forwards(bought.note.split()[-1])
    await shop.poll("fulfil.collect", "forwarder")
    assert order.order_id in shop.channel.declarations

    assert traces(tmp_path) == []
    await shop.db.close()


async def test_another_key_file_is_told_in_plain_words(tmp_path: Path) -> None:
    db = InlineDatabase(new_engine(tmp_path))
    await db.run(accounts.seed_tokens, "toys", Tokens("canary-access"))
    await db.close()
    other = InlineDatabase(new_engine(tmp_path, new_keys()))

    with pytest.raises(ConfigError, match="put back the key file"):
        await other.read(accounts.tokens_of, "toys")
    with pytest.raises(ConfigError, match="put back the key file"):
        await other.run(accounts.seed_tokens, "toys", Tokens("canary-access"))
    await other.close()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)
