"""The first authorisation of a store, against the mock's own consent page (aliexpress.md §2)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from syncbridge.adapters.aliexpress.authorising import AliExpressConsent
from syncbridge.errors import AccessExpired, NotGranted, Unreachable
from syncbridge.ports import Tokens
from syncbridge.testing.faults import Fault
from syncbridge.testing.wiring import wiring_for
from tests.adapters.aliexpress.conftest import Store
from tests.adapters.ledger import ledger

pytestmark = pytest.mark.anyio
CALLBACK = "http://127.0.0.1:8688/callback?account=toys"


@pytest.fixture
def consent(store: Store) -> AliExpressConsent:
    return AliExpressConsent(store.settings, wiring_for(store.transport, store.clock, Tokens("")))


async def agreed(store: Store, consent: AliExpressConsent) -> str:
    """The code a seller's consent brings, as the browser is sent back with it."""
    page = consent.page(callback=CALLBACK, state="s&7")
    transport = httpx.ASGITransport(store.mock.asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as browser:
        back = parse_qs(urlsplit((await browser.get(page)).headers["location"]).query)
    assert (back["account"], back["state"]) == (["toys"], ["s&7"])
    return back["code"][0]


async def test_consent_brings_tokens_and_the_days_they_end(store: Store, consent: AliExpressConsent) -> None:
    tokens = await consent.tokens(await agreed(store, consent))
    assert (tokens.access, tokens.refresh) == (store.account.access_token, store.account.refresh_token)
    assert tokens.access_expires_at == store.account.access_expires_at
    assert tokens.refresh_expires_at == store.account.refresh_expires_at


async def test_a_code_of_more_than_three_minutes_is_told_to_be_had_again(
    store: Store, consent: AliExpressConsent
) -> None:
    code = await agreed(store, consent)
    store.pass_time(180)
    with pytest.raises(AccessExpired, match="three minutes"):
        await consent.tokens(code)


async def test_a_buyer_s_consent_is_refused_with_what_to_do(store: Store, consent: AliExpressConsent) -> None:
    store.account.platform = "buyerApp"
    with pytest.raises(NotGranted, match=r"buyerApp.*log in to the seller centre") as caught:
        await consent.tokens(await agreed(store, consent))
    assert caught.value.code == "account_platform"


async def test_a_code_is_sent_once_though_its_answer_is_lost(store: Store, consent: AliExpressConsent) -> None:
    code = await agreed(store, consent)
    store.next_faults = [Fault.LOSE_ANSWER]
    with pytest.raises(Unreachable):
        await consent.tokens(code)
    assert ledger(store.mock)["calls"]["/auth/token/create"] == 1


async def test_no_secret_of_consent_reaches_an_error(store: Store, consent: AliExpressConsent) -> None:
    with pytest.raises(AccessExpired) as caught:
        await consent.tokens("3_guess")
    assert store.account.app_secret not in str(caught.value) + caught.value.body


async def test_an_address_off_the_whitelist_is_named_as_the_vendor_tells_it(store: Store) -> None:
    store.account.ip_whitelist = ("203.0.113.7",)
    with pytest.raises(NotGranted, match=r"add 127\.0\.0\.1, the address it sees this machine at, to the app's IP"):
        await store.channel.shipping_services()
