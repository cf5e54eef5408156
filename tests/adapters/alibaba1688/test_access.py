"""Who may call: consent and its codes, tokens and their ends, rights and quotas, asked by somebody else's client."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.adapters.alibaba1688.stranger import TRADE, Stranger, refused

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench, Opening

pytestmark = pytest.mark.anyio
LIST = f"{TRADE}/alibaba.trade.getBuyerOrderList"


async def test_the_time_is_told_to_whoever_has_the_key_and_the_secret(stranger: Stranger) -> None:
    stranger.token = ""

    assert await stranger.call("system/currentTime") == "20260302090000000+0800"
    stranger.secret = "another"
    assert await refused(stranger.call("system/currentTime")) == (400, "gw.SignatureInvalid")


async def test_a_person_who_says_yes_is_sent_back_with_a_code_that_is_good_once(stranger: Stranger) -> None:
    code = stranger.code_in(await stranger.authorise())
    old, granted = stranger.token, await stranger.exchange(code)

    assert (granted["expires_in"], granted["refresh_token_timeout"]) == ("36000", "20260829090000000+0800")
    assert granted["memberId"] == f"b2b-{granted['aliId']}"
    assert (await refused(stranger.call(LIST)), old != granted["access_token"]) == ((401, "401"), True)
    stranger.token = granted["access_token"]
    assert (await stranger.call(LIST))["totalRecord"] == 0
    assert (await refused(stranger.exchange(code)))[1] == "invalid_grant"


async def test_a_code_is_good_for_two_minutes_and_for_the_address_it_was_asked_from(
    stranger: Stranger, bench: Bench
) -> None:
    late, elsewhere = [stranger.code_in(await stranger.authorise()) for _ in range(2)]

    assert (await refused(stranger.exchange(elsewhere, redirect_uri="https://other.example/")))[1] == "invalid_grant"
    bench.pass_time(120)
    assert (await refused(stranger.exchange(late)))[1] == "invalid_grant"


async def test_without_asking_for_one_no_refresh_token_comes(stranger: Stranger) -> None:
    granted = await stranger.exchange(stranger.code_in(await stranger.authorise()), need_refresh_token="false")

    assert "refresh_token" not in granted


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": ""}, "缺少必要参数"),
        ({"redirect_uri": ""}, "缺少必要参数"),
        ({"client_id": "7"}, "非法请求"),
        ({"site": "china"}, "非法请求"),
        ({"redirect_uri": "no address"}, "非法请求"),
        ({"redirect_uri": "http://[broken"}, "非法请求"),
    ],
)
async def test_a_flawed_authorisation_shows_a_page(stranger: Stranger, changes: dict[str, str], words: str) -> None:
    assert words in (await stranger.authorise(**changes)).text


async def test_people_are_sent_back_to_the_registered_domain_only(opened: Opening) -> None:
    mine, other = await opened(redirect_domain="stranger.example"), await opened(redirect_domain="other.example")

    assert (await mine.authorise()).status_code == 302
    assert "非法请求" in (await other.authorise()).text


async def test_the_older_page_wants_its_address_signed(stranger: Stranger) -> None:
    assert stranger.code_in(await stranger.authorise_the_old_way())
    assert "非法请求" in (await stranger.authorise_the_old_way(_aop_signature="0" * 40)).text


async def test_a_refresh_answers_no_refresh_token_and_ends_the_old_access_token(stranger: Stranger) -> None:
    renewed = await stranger.renew()

    assert "refresh_token" not in renewed
    assert await refused(stranger.call(LIST)) == (401, "401")
    stranger.token = renewed["access_token"]
    assert (await stranger.call(LIST))["totalRecord"] == 0


async def test_a_refresh_token_ends_when_its_answer_said_so_unless_it_is_postponed(
    stranger: Stranger, bench: Bench
) -> None:
    bench.pass_time(timedelta(days=170).total_seconds())
    stranger.token = (await stranger.renew())["access_token"]
    postponed = await stranger.postpone()
    bench.pass_time(timedelta(days=20).total_seconds())

    assert (await stranger.renew(postponed["refresh_token"]))["access_token"]
    assert (await stranger.renew(stranger.refresh_token))["access_token"]
    bench.pass_time(timedelta(days=170).total_seconds())
    assert (await refused(stranger.renew(postponed["refresh_token"])))[1] == "invalid_grant"


async def test_an_access_token_ends_after_its_time_and_one_from_the_console_never(
    opened: Opening, bench: Bench
) -> None:
    usual, short, pasted = (
        await opened(),
        await opened(token_life_seconds=60),
        await opened(token_life_seconds=None),
    )
    bench.pass_time(60)
    assert await refused(short.call(LIST)) == (401, "401")
    bench.pass_time(36_000)
    assert await refused(usual.call(LIST)) == (401, "401")
    assert (await pasted.call(LIST))["totalRecord"] == 0


async def test_row_44_a_quota_is_kept_by_api_and_refills(stranger: Stranger, bench: Bench) -> None:
    await bench.control("quotas", {"api": "alibaba.trade.getBuyerOrderList", "calls": 2, "within_seconds": 1})
    for _ in range(2):
        await stranger.call(LIST)

    assert await refused(stranger.call(LIST)) == (400, "gw.QosAppFrequencyLimit")
    assert (await stranger.call(f"{TRADE}/alibaba.trade.receiveAddress.get"))["success"] is True
    bench.pass_time(1)
    assert (await stranger.call(LIST))["totalRecord"] == 0


async def test_a_bought_package_of_calls_is_used_up_for_good(stranger: Stranger, bench: Bench) -> None:
    await bench.control("quotas", {"api": "*", "calls": 1})
    await stranger.call(LIST)
    bench.pass_time(30_000)

    assert await refused(stranger.call(LIST)) == (400, "gw.NoUsageLeftError")


async def test_a_right_is_refused_by_api(opened: Opening) -> None:
    usual = await opened(denied=["alibaba.trade.payWay.query"])

    assert await refused(usual.call(f"{TRADE}/alibaba.trade.payWay.query", orderId="1")) == (400, "gw.APIACLDecline")
    assert (await usual.call(LIST))["totalRecord"] == 0


async def test_ordering_as_a_reseller_is_not_granted_unless_asked_for(bench: Bench) -> None:
    account: Any = await bench.control("accounts")
    urls = {"base_url": "http://mock", "auth_url": "http://mock"}
    usual = Stranger(account | urls, httpx.ASGITransport(app=bench.mock.asgi()))

    assert await refused(usual.call(f"{TRADE}/alibaba.trade.fenxiaoOrder.create")) == (400, "gw.APIACLDecline")
    await usual.close()
