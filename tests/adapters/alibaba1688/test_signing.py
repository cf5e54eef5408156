"""Signatures against the vendor's vectors, and tokens that run out."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from syncbridge.adapters.alibaba1688.settings import Alibaba1688Settings
from syncbridge.adapters.alibaba1688.signing import OpenSigner, signature
from syncbridge.adapters.http import Answer
from syncbridge.errors import AccessExpired, Unreachable, VendorDown
from syncbridge.ports import Tokens
from syncbridge.testing.builders import make_draft, make_key, make_offer
from syncbridge.testing.clock import START, FixedClock
from syncbridge.testing.faults import Fault
from syncbridge.testing.wiring import MemoryVault
from tests.adapters.ledger import ledger

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
OLD = Tokens("old-access", "old-refresh", refresh_expires_at=START)

pytestmark = pytest.mark.anyio


def signer(**settings: Any) -> OpenSigner:
    return OpenSigner(MemoryVault(OLD), Alibaba1688Settings(app_key="1000001", **settings), FixedClock())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_signs_as_the_vendor_does(vector: dict[str, Any]) -> None:
    made = signature(vector["secret"], vector["params"].items(), url_path=vector["url_path"] or "")

    assert made == vector["signature"]


def test_a_key_that_starts_another_key_is_sorted_as_set() -> None:
    pairs = {"a": "z", "ab": "0", "b": "1"}.items()

    assert signature("s", pairs, url_path="p", order="key") != signature("s", pairs, url_path="p")


def test_a_call_carries_the_very_body_of_the_vector() -> None:
    (vector,) = [each for each in VECTORS if each["name"] == "create-cross-order-utf8"]
    params = {name: value for name, value in vector["params"].items() if name != "access_token"}
    url = f"https://gw.open.1688.com/openapi/{vector['url_path']}"
    request = httpx.Request("POST", url, extensions={"params": params})

    sent = signer(app_secret=vector["secret"]).signed(request, Tokens(vector["params"]["access_token"]))

    assert sorted(sent.content.decode().split("&")) == sorted(vector["form_body"].split("&"))


async def test_an_expired_token_is_renewed_once_for_all_calls(bench: Bench) -> None:
    bench.publish(make_offer())
    bench.mock.state.fail("*", "token_expired", 1)

    read = await asyncio.gather(*(bench.supplier.offer("676651652931") for _ in range(5)))

    assert len(read) == 5
    assert bench.vault.refreshes == 1
    assert ledger(bench.mock)["calls"]["getToken"] == 1


async def test_a_token_runs_out_by_itself_after_ten_hours(bench: Bench) -> None:
    bench.publish(make_offer())
    bench.pass_time(36_001)

    await bench.supplier.offer("676651652931")

    assert bench.vault.tokens.access == bench.account.access_token
    assert bench.vault.tokens.access_expires_at == bench.clock.now() + timedelta(hours=10)


async def test_a_purchase_with_an_expired_token_is_made_once(bench: Bench) -> None:
    bench.publish(make_offer())
    quote = await bench.supplier.preview(make_draft())
    draft = make_draft()
    draft = type(draft)(draft.lines, draft.address, draft.note, quote.flow)
    bench.mock.state.fail("alibaba.trade.createCrossOrder", "token_expired", 1)

    await bench.supplier.place(draft, key=make_key())

    assert len(bench.vendor_orders()) == 1


async def test_a_lost_answer_to_the_token_call_leaves_the_purchase_unsent(bench: Bench) -> None:
    bench.publish(make_offer())
    draft = make_draft()
    draft = type(draft)(draft.lines, draft.address, draft.note, "general")
    bench.mock.state.fail("alibaba.trade.createCrossOrder", "token_expired", 1)
    bench.break_next("getToken", Fault.RESET)

    with pytest.raises(Unreachable):
        await bench.supplier.place(draft, key=make_key())

    assert not bench.vendor_orders()


async def test_a_dead_refresh_token_asks_for_a_person(bench: Bench) -> None:
    bench.publish(make_offer())
    bench.vault.tokens = Tokens("stale", "stale too")

    with pytest.raises(AccessExpired, match="authorise the account again"):
        await bench.supplier.offer("676651652931")


async def test_without_a_refresh_token_nothing_is_renewed(bench: Bench) -> None:
    bench.vault.tokens = Tokens("")

    with pytest.raises(AccessExpired, match="no refresh token"):
        await bench.supplier.order("1")


def test_a_missing_refresh_token_keeps_the_old_one() -> None:
    answer = Answer(200, b'{"access_token":"new","expires_in":"36000","memberId":"b2b-1"}')

    ends = START + timedelta(hours=10)
    assert signer().refreshed(answer, OLD) == Tokens("new", "old-refresh", ends, START, "b2b-1")


def test_a_new_refresh_token_replaces_the_old_one_with_its_end() -> None:
    answer = Answer(
        200,
        b'{"access_token":"new","refresh_token":"newer","expires_in":36000,'
        b'"refresh_token_timeout":"20260901094556000+0800"}',
    )

    renewed = signer().refreshed(answer, OLD)

    assert renewed.refresh == "newer"
    assert renewed.refresh_expires_at is not None
    assert renewed.refresh_expires_at.isoformat() == "2026-09-01T01:45:56+00:00"


def test_a_token_that_never_ends_has_no_end() -> None:
    assert signer().refreshed(Answer(200, b'{"access_token":"new"}'), OLD).access_expires_at is None


@pytest.mark.parametrize(
    "answer",
    [
        Answer(502, b"<html>"),
        Answer(200, b'{"access_tok'),
        Answer(500, b'{"error_code":500}'),
        Answer(400, b'{"error_code":"gw.QosAppFrequencyLimit","error_message":"App call exceeds limited frequency"}'),
    ],
)
def test_a_token_call_the_vendor_could_not_answer_is_tried_again_later(answer: Answer) -> None:
    with pytest.raises(VendorDown):
        signer().refreshed(answer, OLD)


@pytest.mark.parametrize("body", [b'{"error":"invalid_grant"}', b'{"error_code":401,"error_message":"expired"}', b"{}"])
def test_a_refused_renewal_asks_for_a_person(body: bytes) -> None:
    with pytest.raises(AccessExpired):
        signer().refreshed(Answer(400, body), OLD)
