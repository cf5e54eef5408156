"""What 快递100 is asked and how often, what its answers mean, and which messages are its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr

from syncbridge.adapters import kuaidi100
from syncbridge.adapters.kuaidi100 import answers, wire
from syncbridge.adapters.kuaidi100.mock import TOO_SOON
from syncbridge.adapters.kuaidi100.signing import push_signature, query_signature
from syncbridge.adapters.kuaidi100.tracker import Kuaidi100Tracker
from syncbridge.adapters.kuaidi100.webhook import Kuaidi100Webhook
from syncbridge.errors import AccessExpired, Rejected, SignatureInvalid, Unreachable, VendorDown, VendorError
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.model.shipping import Movement
from syncbridge.testing.faults import Fault
from tests.adapters.kuaidi100.conftest import Tracker, trail

pytestmark = pytest.mark.anyio
SAMPLES = Path(kuaidi100.__file__).with_name("samples")
ONE, OTHER = "YT0000000000001", "YT0000000000002"
PARAM = '{"status":"polling","message":"","lastResult":{"state":"0","com":"yuantong","nu":"YT0000000000000","data":[]}}'
SIGN = "B081A55490B3D51098360170525504EB"
Answering = Callable[..., Kuaidi100Tracker]
webhook = Kuaidi100Webhook(SecretStr("testsalt"))


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def pushed(param: object, sign: str = "") -> RawRequest:
    text = param if isinstance(param, str) else json.dumps(param)
    return RawRequest({}, "", urlencode({"param": text, "sign": sign}).encode())


def refusing(code: object) -> dict[str, object]:
    return {"result": False, "returnCode": code, "message": "不行"}


async def test_the_vendors_sample_reads_in_utc(answering: Answering) -> None:
    (track,) = await answering(lambda _: sample("query.json")).track([trail(ONE)])

    assert (track.number, track.movement) == (ONE, Movement.DELIVERED)
    assert [(each.at, each.movement, each.place) for each in track.sightings] == [
        (datetime(2022, 1, 13, 10, 52, 32, tzinfo=UTC), Movement.DELIVERED, ""),
        (datetime(2022, 1, 13, 9, 16, 34, tzinfo=UTC), Movement.TO_COLLECT, "四川,成都市,双流区"),
        (datetime(2022, 1, 12, 16, 31, 23, tzinfo=UTC), Movement.MOVING, "成都市"),
    ]
    assert track.sightings[1].said == "快件已由菜鸟驿站代收，请及时取件"


async def test_a_hostile_answer_says_no_more_than_it_can(answering: Answering) -> None:
    """Numbers for text, nulls, words nobody knows, times that are none, events of another kind, a small number."""
    (track,) = await answering(lambda _: sample("query_hostile.json")).track([trail(ONE)])

    assert (track.number, track.movement) == (ONE, Movement.UNKNOWN)
    assert [(each.at, each.movement, each.said) for each in track.sightings] == [
        (datetime(2022, 1, 13, 23, 59, 59, tzinfo=UTC), Movement.OUT_FOR_DELIVERY, "17"),
        (datetime(2022, 1, 13, 10, 52, 32, tzinfo=UTC), Movement.UNKNOWN, ""),
    ]


@pytest.mark.parametrize("state", ["33", "3.0", "似乎签收", "", 30, 3000, None])
def test_a_state_nobody_knows_is_not_delivered(state: str | int | None) -> None:
    assert wire.movement(state) is Movement.UNKNOWN


@pytest.mark.parametrize("state", ["3", 3, " 3 ", "签收", "304"])
def test_a_delivery_is_told_by_code_number_or_word(state: str | int) -> None:
    assert wire.movement(state) is Movement.DELIVERED


def test_every_movement_can_be_told() -> None:
    assert {*wire.STATES.values(), Movement.UNKNOWN} == set(Movement)


async def test_the_same_number_is_asked_for_once_in_half_an_hour(harness: Tracker) -> None:
    harness.move(ONE, Movement.MOVING, "left")

    assert len(await harness.tracks.track([trail(ONE), trail(ONE)])) == 1
    harness.clock.advance(1799)
    assert await harness.tracks.track([trail(ONE)]) == []
    harness.clock.advance(1)
    assert len(await harness.tracks.track([trail(ONE)])) == 1

    assert harness.mock.calls["query"] == 2
    assert harness.mock.refused == {}


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.LOSE_ANSWER, Fault.HTML, Fault.TRUNCATE])
async def test_a_question_whose_answer_was_lost_is_not_asked_again(harness: Tracker, fault: Fault) -> None:
    """The vendor has counted it."""
    harness.move(ONE, Movement.MOVING, "left")
    harness.faults = [fault]

    with pytest.raises((Unreachable, VendorDown)):
        await harness.tracks.track([trail(ONE)])

    assert await harness.tracks.track([trail(ONE)]) == []
    assert harness.mock.calls["query"] == 1


async def test_what_was_told_is_kept_when_the_round_ends_early(harness: Tracker) -> None:
    """It could not be asked for again; the others are asked for the next time."""
    numbers = [f"YT{number:013d}" for number in range(4)]
    for number in numbers:
        harness.move(number, Movement.MOVING, "left")
    harness.faults = [None, None, Fault.UNAVAILABLE]

    first = await harness.tracks.track([trail(number) for number in numbers])
    second = await harness.tracks.track([trail(number) for number in numbers])

    assert [track.number for track in first] == numbers[:2]
    assert [track.number for track in second] == numbers[3:]


async def test_after_a_restart_a_number_may_be_asked_for_too_early_which_stops_no_other(harness: Tracker) -> None:
    """When it was last asked for is not kept."""
    harness.move(ONE, Movement.DELIVERED, "signed")
    harness.move(OTHER, Movement.MOVING, "left")
    await harness.tracks.track([trail(ONE)])

    (track,) = await harness.connected().track([trail(ONE), trail(OTHER)])

    assert track.number == OTHER
    assert harness.mock.refused == {TOO_SOON: 1}


async def test_a_wrong_signature_is_met_once(make_tracker: type[Tracker]) -> None:
    """And not by each of the parcels."""
    harness = make_tracker(key="another")

    with pytest.raises(Rejected, match="signature is wrong"):
        await harness.tracks.track([trail(ONE), trail(OTHER)])

    assert harness.mock.calls["query"] == 1


async def test_a_parcel_that_is_refused_stops_no_other(harness: Tracker) -> None:
    harness.move(ONE, Movement.MOVING, "left")
    strangers = [
        trail("YT0000000000007", "NONE_SUCH"),
        trail("SF0000000000001", "SF"),
        trail("X00000001", "UNHEARD_OF"),
    ]

    told = await harness.tracks.track([*strangers, trail(ONE)])

    assert [track.number for track in told] == [ONE]
    assert harness.mock.refused == {"400": 1, "408": 1}
    assert harness.mock.calls["query"] == 3


async def test_the_last_digits_of_a_telephone_go_along(harness: Tracker) -> None:
    harness.move("SF0000000000001", Movement.MOVING, "left")

    (track,) = await harness.tracks.track([trail("SF0000000000001", "SF", phone="1234")])

    assert track.movement is Movement.MOVING
    assert json.loads(harness.forms[0]["param"]) == {
        "com": "shunfeng",
        "num": "SF0000000000001",
        "phone": "1234",
        "resultv2": "4",
        "show": "0",
        "order": "desc",
    }


async def test_an_answer_about_another_number_is_no_data(answering: Answering) -> None:
    with pytest.raises(VendorDown, match="another number"):
        await answering(lambda _: sample("query.json")).track([trail(OTHER)])


async def test_the_vendors_refusal_leaves_its_parcel_out(answering: Answering) -> None:
    assert await answering(lambda _: sample("refusal.json")).track([trail(ONE)]) == []


@pytest.mark.parametrize("make", [str, int])
@pytest.mark.parametrize("code", sorted(answers.CODES[answers.QUERY].keys() - {"400", "408", "500"}))
async def test_each_documented_code_of_a_query_is_the_error_that_fits(
    answering: Answering, code: str, make: type
) -> None:
    with pytest.raises(VendorError) as raised:
        await answering(lambda _: refusing(make(code))).track([trail(ONE)])

    assert (type(raised.value), raised.value.code) == (answers.CODES[answers.QUERY][code][0], f"kuaidi100.{code}")


@pytest.mark.parametrize("code", sorted(answers.CODES[answers.SUBSCRIBE].keys() - {"700", "701", "702"}))
async def test_each_documented_code_of_a_subscription_is_the_error_that_fits(answering: Answering, code: str) -> None:
    with pytest.raises(VendorError) as raised:
        await answering(lambda _: refusing(code)).watch([trail(ONE)])

    assert (type(raised.value), raised.value.code) == (answers.CODES[answers.SUBSCRIBE][code][0], f"kuaidi100.{code}")


@pytest.mark.parametrize("code", ["700", "701", "702"])
async def test_a_parcel_that_cannot_be_subscribed_to_is_named(answering: Answering, code: str) -> None:
    refused = await answering(lambda _: refusing(code)).watch([trail(ONE)])

    assert code in refused[ONE]


@pytest.mark.parametrize("answer", [refusing("999"), {"status": "201", "message": "不明"}])
async def test_a_code_nobody_knows_is_a_refusal(answering: Answering, answer: object) -> None:
    with pytest.raises(Rejected, match="undocumented"):
        await answering(lambda _: answer).track([trail(ONE)])


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html></html>",
        b"{}",
        b"[]",
        b'{"state":"3"}',
        b'{"status":"200","data":{}}',
        b"\xff",
        httpx.Response(500, json={"status": "200", "state": "3"}),
    ],
)
async def test_what_is_no_answer_of_the_vendor_is_no_data(answering: Answering, answer: object) -> None:
    with pytest.raises(VendorDown):
        await answering(lambda _: answer).track([trail(ONE)])


async def test_a_wrong_key_is_refused_and_not_shown(make_tracker: type[Tracker]) -> None:
    tracks = make_tracker(key="WRONG-KEY").tracks

    with pytest.raises(Rejected, match="check key and customer") as signed:
        await tracks.track([trail(ONE)])
    with pytest.raises(AccessExpired, match="check key") as carried:
        await tracks.watch([trail(ONE)])

    for error in (signed.value, carried.value):
        assert "WRONG-KEY" not in f"{error!r} {error.body}"


async def test_a_subscription_says_where_messages_go_and_how_they_are_signed(harness: Tracker) -> None:
    await harness.tracks.watch([trail(ONE), trail(OTHER, "UNHEARD_OF", phone="1234")])

    one, other = (json.loads(form["param"]) for form in harness.forms)
    assert [form["schema"] for form in harness.forms] == ["json", "json"]
    assert (one["company"], one["number"], one["parameters"]["autoCom"]) == ("yuantong", ONE, "0")
    assert (other["company"], other["parameters"]["autoCom"], other["parameters"]["phone"]) == ("", "1", "1234")
    assert one["parameters"]["callbackurl"] == "https://us/webhooks/k"
    assert one["parameters"]["salt"] == "testsalt"


async def test_being_subscribed_to_already_is_as_good(harness: Tracker) -> None:
    assert [dict(await harness.tracks.watch([trail(ONE)])) for _ in range(2)] == [{}, {}]

    assert harness.mock.refused == {"501": 1}


@pytest.mark.parametrize("missing", ["callback_url", "salt"])
async def test_without_an_address_or_a_salt_no_messages_are_asked_for(
    make_tracker: type[Tracker], missing: str
) -> None:
    harness = make_tracker(**{missing: ""})

    assert "set callback_url and salt" in (await harness.tracks.watch([trail(ONE)]))[ONE]
    assert harness.forms == []


@pytest.mark.parametrize(
    ("path", "form", "code"),
    [
        ("/poll/query.do", {"customer": "0F1E2D3C4B5A69788796A5B4C3D2E1F0", "param": "{}", "sign": "0" * 32}, "503"),
        ("/poll/query.do", {"customer": "SOMEBODY", "param": "{}", "sign": "0" * 32}, "503"),
        ("/poll", {"param": "{}"}, "700"),
        ("/poll", {"schema": "json", "param": '{"company":"yuantong","number":"YT0000001","key":"x"}'}, "700"),
    ],
)
async def test_the_mock_takes_only_what_is_documented(
    harness: Tracker, path: str, form: Mapping[str, str], code: str
) -> None:
    transport = httpx.ASGITransport(harness.mock.asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        answer = await client.post(path, data=dict(form))

    assert answer.json()["returnCode"] == code


def test_the_published_vectors_are_signed_so() -> None:
    query = '{"com":"yuantong","num":"YT0000000000000"}'

    assert query_signature(query, "testkey", "TESTCUSTOMER") == "98EDFC6C0349B3BC68A8A896AC95942E"
    assert push_signature(PARAM, "testsalt") == SIGN


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_a_message_is_taken_in_either_case(case: Callable[[str], str]) -> None:
    webhook.verify(pushed(PARAM, case(SIGN)))


def test_the_vendors_message_is_genuine_and_reads() -> None:
    request = RawRequest({}, "", sample("push.txt"))

    webhook.verify(request)
    (event,) = webhook.events(request)
    assert (event.kind, event.topic, event.subjects) == (EventKind.PARCEL_MOVED, "polling", (ONE,))


def test_a_following_that_was_given_up_is_worth_a_look() -> None:
    (event,) = webhook.events(pushed(sample("push_abort.json").decode()))

    assert (event.kind, event.topic, event.subjects) == (EventKind.PARCEL_MOVED, "abort", (ONE,))


def test_without_a_salt_nothing_is_genuine() -> None:
    """Anybody can sign with an empty one."""
    with pytest.raises(SignatureInvalid):
        Kuaidi100Webhook(SecretStr("")).verify(pushed(PARAM, push_signature(PARAM, "")))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"param=x",
        b"sign=x",
        f"param=x&param=y&sign={push_signature('x', 'testsalt')}".encode(),
        "param=x&sign=签名".encode(),
    ],
)
def test_a_body_that_is_no_signed_form_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        webhook.verify(RawRequest({}, "", body))


def test_news_of_the_same_parcel_has_another_key() -> None:
    moved = PARAM.replace('"state":"0"', '"state":"5"')

    one, other = (webhook.events(pushed(param))[0].key for param in (PARAM, moved))
    assert one != other


@pytest.mark.parametrize(
    "param",
    ["{", "[]", '{"status":"polling"}', {"status": "abort", "lastResult": None}, {"status": "x", "lastResult": {}}],
)
def test_a_message_that_cannot_be_read_is_said_so(param: object) -> None:
    with pytest.raises(ValueError, match="a push of 快递100"):
        webhook.events(pushed(param))


async def test_the_mock_pushes_what_was_subscribed_to(harness: Tracker) -> None:
    received: list[bytes] = []

    async def receive(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        received.append(body)
        return 200

    harness.mock._push = receive
    await harness.tracks.watch([trail(ONE)])
    transport = httpx.ASGITransport(harness.mock.asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        for number in (ONE, OTHER):
            await client.post("/_mock/parcels", json={"number": number, "state": "5", "context": "派件"})

    (body,) = received
    webhook.verify(RawRequest({}, "", body))
    assert webhook.events(RawRequest({}, "", body))[0].subjects == (ONE,)


async def test_more_than_four_subscriptions_of_a_number_in_a_month_are_refused(harness: Tracker) -> None:
    for _ in range(4):
        assert await harness.tracks.watch([trail(ONE)]) == {}
        harness.mock._following.clear()

    assert ONE in await harness.tracks.watch([trail(ONE)])
    harness.clock.advance(timedelta(days=31).total_seconds())
    assert await harness.tracks.watch([trail(ONE)]) == {}
