"""An account is authorised by its person's yes; key, secret and clock are asked of 1688 itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from syncbridge.adapters.alibaba1688.authorising import Alibaba1688Consent
from syncbridge.adapters.alibaba1688.client import OpenClient
from syncbridge.errors import AccessExpired, NotGranted, Rejected, Unreachable, VendorDown
from syncbridge.model.catalog import Search
from syncbridge.ports import Tokens
from syncbridge.testing.builders import make_draft, make_offer
from syncbridge.testing.clock import START, FixedClock
from syncbridge.testing.faults import Fault
from syncbridge.testing.wiring import wiring_for

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench

pytestmark = pytest.mark.anyio
CALLBACK = "http://127.0.0.1:8690/callback"
CODE = "system.oauth2/getToken"


@pytest.fixture
async def consent(bench: Bench) -> AsyncIterator[Alibaba1688Consent]:
    """Of somebody who has no token yet."""
    asked = Alibaba1688Consent(bench.settings, wiring_for(bench.wiring.transport, bench.clock, Tokens("")))
    yield asked
    await asked.close()


async def code_of(bench: Bench, consent: Alibaba1688Consent) -> str:
    """What the person is sent back with, who says yes at once."""
    page = urlsplit(consent.page(callback=CALLBACK, state="s1"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=bench.mock.asgi())) as browser:
        sent_back = await browser.get(f"http://mock{page.path}?{page.query}")
    back = parse_qs(urlsplit(sent_back.headers["location"]).query)
    assert back["state"] == ["s1"]
    return back["code"][0]


async def test_the_page_names_app_site_callback_and_state(consent: Alibaba1688Consent, bench: Bench) -> None:
    page = urlsplit(consent.page(callback=CALLBACK, state="a b"))

    assert f"{page.scheme}://{page.netloc}{page.path}" == "https://auth.1688.com/oauth/authorize"
    assert parse_qs(page.query) == {
        "client_id": [bench.account.app_key],
        "site": ["1688"],
        "redirect_uri": [CALLBACK],
        "state": ["a b"],
    }


async def test_a_code_brings_tokens_with_their_ends_and_a_call_with_them_is_answered(
    consent: Alibaba1688Consent, bench: Bench
) -> None:
    tokens = await consent.tokens(await code_of(bench, consent), callback=CALLBACK)

    assert tokens.access == bench.account.access_token
    assert tokens.refresh == bench.account.refresh_token
    assert tokens.access_expires_at == START + timedelta(hours=10)
    assert tokens.refresh_expires_at == START + timedelta(days=180)
    client = OpenClient(bench.settings, wiring_for(bench.wiring.transport, bench.clock, tokens))
    assert await client.order_list({"page": 1}) == []
    await client.close()


async def test_a_code_is_exchanged_without_signature_and_token(bench: Bench) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"access_token": "a", "expires_in": "36000"})

    wiring = wiring_for(httpx.MockTransport(answer), bench.clock, Tokens("an older one"))
    consent = Alibaba1688Consent(bench.settings, wiring)
    await consent.tokens("c1", callback=CALLBACK)
    await consent.close()

    (request,) = sent
    assert request.url.path == f"/openapi/http/1/system.oauth2/getToken/{bench.account.app_key}"
    assert parse_qs(request.content.decode()).keys() == {
        "grant_type",
        "need_refresh_token",
        "client_id",
        "client_secret",
        "redirect_uri",
        "code",
    }


async def test_a_code_that_is_too_old_wants_the_person_asked_again(consent: Alibaba1688Consent, bench: Bench) -> None:
    code = await code_of(bench, consent)
    bench.pass_time(120)

    with pytest.raises(AccessExpired, match=r"would not take the code .*; authorise the account again") as refused:
        await consent.tokens(code, callback=CALLBACK)
    assert bench.account.app_secret not in str(refused.value)


async def test_a_code_is_sent_once_even_if_its_answer_is_lost(consent: Alibaba1688Consent, bench: Bench) -> None:
    code = await code_of(bench, consent)
    bench.break_next("getToken", Fault.RESET)

    with pytest.raises(Unreachable):
        await consent.tokens(code, callback=CALLBACK)
    assert bench.mock.books()["calls"] == {"getToken": 1}


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(200, html="<html>please sign in</html>"), httpx.Response(503, text="busy"), httpx.Response(200)],
)
async def test_an_answer_to_a_code_that_is_no_vendors_word_is_no_refusal(bench: Bench, answer: httpx.Response) -> None:
    transport = httpx.MockTransport(lambda _: answer)
    consent = Alibaba1688Consent(bench.settings, wiring_for(transport, bench.clock, Tokens("")))

    with pytest.raises(VendorDown):
        await consent.tokens("c1", callback=CALLBACK)
    await consent.close()


async def test_a_refresh_answers_when_the_refresh_token_ends(bench: Bench) -> None:
    bench.account.renew(START)  # what we hold is void
    bench.account.refresh_expires_at = datetime(2026, 8, 1, tzinfo=UTC)
    bench.publish(make_offer())
    await bench.supplier.order(bench.buy_on_the_page(make_draft()))

    assert bench.vault.tokens.refresh_expires_at == datetime(2026, 8, 1, tzinfo=UTC)


async def test_a_token_pasted_by_hand_has_no_end_and_is_not_renewed(bench: Bench) -> None:
    account = bench.mock.state.add_account(token_life=None)
    settings = bench.settings.model_copy(
        update={"app_key": account.app_key, "app_secret": SecretStr(account.app_secret)}
    )
    wiring = wiring_for(bench.wiring.transport, bench.clock, Tokens(account.access_token))
    client = OpenClient(settings, wiring)
    bench.pass_time(timedelta(days=300).total_seconds())

    assert await client.order_list({"page": 1}) == []
    account.renew(bench.clock.now())
    with pytest.raises(AccessExpired, match="no refresh token; authorise the account again"):
        await client.order_list({"page": 1})
    await client.close()


@pytest.mark.parametrize("seconds", [0, 601, -7200])
async def test_row_17_the_probe_tells_how_far_the_vendors_clock_is_ahead(bench: Bench, seconds: int) -> None:
    ours = FixedClock(START - timedelta(seconds=seconds))
    consent = Alibaba1688Consent(bench.settings, wiring_for(bench.wiring.transport, ours, Tokens("")))

    assert await consent.skew() == timedelta(seconds=seconds)
    await consent.close()


async def test_the_probe_needs_no_token_and_sends_none(bench: Bench) -> None:
    bench.account.renew(START)
    consent = Alibaba1688Consent(bench.settings, wiring_for(bench.wiring.transport, bench.clock, Tokens("void")))

    assert await consent.skew() == timedelta(0)
    assert bench.mock.books()["calls"] == {"currentTime": 1}
    await consent.close()


async def test_the_probe_tells_a_wrong_secret_from_an_outage(bench: Bench) -> None:
    wrong = bench.settings.model_copy(update={"app_secret": SecretStr("another")})
    consent = Alibaba1688Consent(wrong, wiring_for(bench.wiring.transport, bench.clock, Tokens("")))

    with pytest.raises(AccessExpired, match="check app_key and app_secret"):
        await consent.skew()
    await consent.close()


@pytest.mark.parametrize(
    ("body", "kind"),
    [("<html>", VendorDown), ('"soon"', VendorDown), ("{}", Rejected), ('""', Rejected), ("[", VendorDown)],
)
async def test_row_12_a_time_that_is_none_is_not_believed(bench: Bench, body: str, kind: type[Exception]) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    consent = Alibaba1688Consent(bench.settings, wiring_for(transport, bench.clock, Tokens("")))

    with pytest.raises(kind):
        await consent.skew()
    await consent.close()


async def test_a_right_that_is_refused_is_that_of_one_api(bench: Bench) -> None:
    bench.account.denied = frozenset({"product.search.keywordQuery"})

    with pytest.raises(NotGranted):
        async for _ in bench.supplier.search(Search(keyword="x"), since=None):
            pass
    assert bench.account.access_token == bench.vault.tokens.access
