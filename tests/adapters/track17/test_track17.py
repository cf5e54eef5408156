"""What 17TRACK is asked, what its answers mean, and which messages are its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from syncbridge.adapters import track17
from syncbridge.adapters.track17 import answers, wire
from syncbridge.adapters.track17.settings import Track17Settings
from syncbridge.adapters.track17.tracker import Track17Tracker
from syncbridge.adapters.track17.webhook import Track17Webhook, signature
from syncbridge.errors import (
    AccessExpired,
    RateLimited,
    Rejected,
    SignatureInvalid,
    VendorDown,
    VendorError,
)
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.model.shipping import Movement
from tests.adapters.track17.conftest import Tracker, trail

pytestmark = pytest.mark.anyio
SAMPLES = Path(track17.__file__).with_name("samples")
PUSH = b'{"event":"TRACKING_UPDATED","data":{"number":"RR123456789CN","carrier":3011}}'
SIGN = "7db423d197b5fb24d323822a38ea73523941b2b11906df28b68d235fe994f706"
Answering = Callable[..., Track17Tracker]


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def problem(code: object) -> dict[str, object]:
    return {"code": code, "data": {"errors": [{"code": code, "message": "no"}]}}


async def test_the_vendors_sample_reads(answering: Answering) -> None:
    tracker = answering(lambda request: sample("gettrackinfo" if "info" in request.url.path else "register_partly"))

    (track,) = await tracker.track([trail("RR123456789CN"), trail("1234"), trail("LX000000002CN")])

    assert (track.number, track.movement) == ("RR123456789CN", Movement.DELIVERED)
    assert [(each.at, each.movement, each.said, each.place) for each in track.sightings] == [
        (
            datetime(2022, 5, 2, 17, 32, tzinfo=UTC),
            Movement.DELIVERED,
            "Delivered, Left with Individual",
            "BEDFORD PARK, IL",
        ),
        (datetime(2022, 5, 1, 12, 0, tzinfo=UTC), Movement.MOVING, "Arrived at Hub", ""),
        (datetime(2022, 4, 24, 12, 11, tzinfo=UTC), Movement.MOVING, "离开【国际互换局】", "广州市"),
        (datetime(2022, 4, 23, 2, 5, tzinfo=UTC), Movement.MOVING, "已收件", "广州市"),
    ]


async def test_a_hostile_answer_says_no_more_than_it_can(answering: Answering) -> None:
    """Numbers as numbers and in small letters, nulls, words nobody knows, a row of another kind, a stranger's row."""
    numbers = ["4208012345678", *(f"RR{number:09d}CN" for number in range(1, 6))]
    tracker = answering(lambda _: sample("gettrackinfo_hostile"))

    told = {track.number: track for track in await tracker.track([trail(number) for number in numbers])}

    assert {number: track.movement for number, track in told.items()} == {
        "4208012345678": Movement.UNKNOWN,
        "RR000000001CN": Movement.UNKNOWN,
        "RR000000002CN": Movement.MOVING,
        "RR000000003CN": Movement.UNKNOWN,
    }
    (sighting,) = told["RR000000002CN"].sightings
    assert (sighting.at, sighting.movement, sighting.said) == (
        datetime(2026, 2, 3, 2, 0, tzinfo=UTC),
        Movement.UNKNOWN,
        "17",
    )


@pytest.mark.parametrize("status", ["DeliveredPerhaps", "delivered", "", "40", 40, None])
def test_a_status_nobody_knows_is_not_delivered(status: str | int | None) -> None:
    assert wire.movement(status, "Delivered_Other") is Movement.UNKNOWN


def test_every_movement_can_be_told() -> None:
    assert set(wire.STATES.values()) == set(Movement)


@pytest.mark.parametrize(
    ("status", "sub_status", "movement"),
    [
        ("InTransit", "InTransit_CustomsRequiringInformation", Movement.ABNORMAL),
        ("Exception", "Exception_Returned", Movement.RETURNED),
        ("Exception", "Exception_Brandnew", Movement.ABNORMAL),
        ("Delivered", "Exception_Returned", Movement.RETURNED),
        ("InTransit", "Delivered_Other", Movement.MOVING),
        ("InTransit", None, Movement.MOVING),
    ],
)
def test_a_sub_status_makes_a_status_finer_but_never_delivered(
    status: str, sub_status: str | None, movement: Movement
) -> None:
    assert wire.movement(status, sub_status) is movement


async def test_a_parcel_that_is_not_followed_yet_is_registered_and_told_the_next_time(harness: Tracker) -> None:
    harness.move("RR000000001CN", Movement.MOVING, "left")

    assert await harness.tracks.track([trail()]) == []
    (track,) = await harness.tracks.track([trail()])

    assert track.movement is Movement.MOVING
    assert harness.mock.books()["calls"] == {"gettrackinfo": 2, "register": 1}


async def test_what_cannot_be_registered_stops_no_other(harness: Tracker) -> None:
    harness.mock.quota = 1
    trails = [trail("RR000000001CN"), trail("RR000000002CN")]

    assert await harness.tracks.watch(trails) == {
        "RR000000002CN": "the quota of numbers is used up; buy more in 17TRACK's console "
        "(-18019908: Quota is not enough for use.)"
    }
    assert await harness.tracks.track(trails) != []


async def test_what_is_no_number_is_refused_by_itself(harness: Tracker) -> None:
    refused = await harness.tracks.watch([trail("1234"), trail()])

    assert refused.keys() == {"1234"}
    assert harness.mock.parcels.keys() == {"RR000000001CN"}


async def test_partly_refused_is_told_by_number(answering: Answering) -> None:
    trails = [trail(number) for number in ("RR123456789CN", "1234", "RR000000001CN", "RR000000002CN", "RR000000009CN")]

    refused = await answering(lambda _: sample("register_partly")).watch(trails)

    assert refused.keys() == {"1234", "RR000000002CN", "RR000000009CN"}
    assert "does not take it for a tracking number" in refused["1234"]
    assert "name the carrier under carriers" in refused["RR000000002CN"]
    assert refused["RR000000009CN"] == "17TRACK did not say whether it took it"


async def test_at_most_forty_go_in_one_call_with_the_key_and_the_carrier_where_it_is_known(harness: Tracker) -> None:
    await harness.tracks.watch([trail(f"RR{n:09d}CN", "CHINA_POST" if n else "OTHER") for n in range(41)])

    one, other = (json.loads(request.content) for request in harness.sent)
    assert (len(one), len(other)) == (40, 1)
    assert one[:2] == [{"number": "RR000000000CN"}, {"number": "RR000000001CN", "carrier": 3011}]
    assert {request.headers["17token"] for request in harness.sent} == {harness.mock.token}


@pytest.mark.parametrize("code", answers.CODES)
@pytest.mark.parametrize("make", [str, int])
async def test_each_documented_code_is_the_error_that_fits(answering: Answering, code: str, make: type) -> None:
    kind, _ = answers.CODES[code]

    with pytest.raises(VendorError) as raised:
        await answering(lambda _: problem(make(code))).track([trail()])

    assert (type(raised.value), raised.value.code) == (kind, code)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AccessExpired),
        (404, Rejected),
        (429, RateLimited),
        (500, VendorDown),
        (503, VendorDown),
        (302, VendorDown),
    ],
)
async def test_a_status_without_a_word_of_the_vendor(answering: Answering, status: int, kind: type) -> None:
    with pytest.raises(VendorError) as raised:
        await answering(lambda _: httpx.Response(status, html="<html>no</html>")).track([trail()])

    assert type(raised.value) is kind


@pytest.mark.parametrize(
    "body",
    [b"", b"<html></html>", b"{}", b"[]", b'{"code":0}', b'{"code":0,"data":[]}', b'{"data":{"accepted":[]}}', b"\xff"],
)
async def test_what_is_no_answer_of_the_vendor_is_no_data(answering: Answering, body: bytes) -> None:
    with pytest.raises(VendorDown):
        await answering(lambda _: body).track([trail()])


async def test_a_code_nobody_knows_is_a_refusal(answering: Answering) -> None:
    with pytest.raises(Rejected, match="undocumented"):
        await answering(lambda _: problem(-1)).track([trail()])


async def test_a_wrong_key_pauses_the_account_and_is_not_shown(make_tracker: type[Tracker]) -> None:
    with pytest.raises(AccessExpired, match="put the API key") as raised:
        await make_tracker(token="WRONG-KEY").tracks.track([trail()])

    assert "WRONG-KEY" not in f"{raised.value!r} {raised.value.body}"


async def test_a_fourth_call_in_a_second_is_refused(harness: Tracker) -> None:
    harness.pace = 0.1
    for _ in range(3):
        await harness.tracks.watch([trail()])

    with pytest.raises(RateLimited) as raised:
        await harness.tracks.watch([trail()])

    assert raised.value.retry_after == 1


@pytest.mark.parametrize(
    "items",
    [
        [{"number": f"RR{n:09d}CN"} for n in range(41)],
        [],
        [{"number": "RR000000001CN", "carrier": "3011"}],
        [{"number": 123456789}],
        [{"number": "RR000000001CN", "colour": "red"}],
        {"number": "RR000000001CN"},
    ],
)
async def test_the_mock_takes_only_what_is_documented(harness: Tracker, items: object) -> None:
    headers = {"17token": harness.mock.token, "Content-Type": "application/json"}
    transport = httpx.ASGITransport(harness.mock.asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        answer = await client.post("/register", content=json.dumps(items), headers=headers)

    assert answer.json()["code"] in (-18010012, -18010013)
    assert harness.mock.parcels == {}


async def test_somebody_elses_client_registers_a_number_before_it_is_told_of_it(harness: Tracker) -> None:
    harness.move("RR000000001CN", Movement.MOVING, "left")
    body = b'[{"number":"RR000000001CN"},{"number":"RR000000002CN","carrier":3011}]'
    headers = {"17token": harness.mock.token, "Content-Type": "application/json"}
    transport = httpx.ASGITransport(harness.mock.asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://mock", headers=headers) as client:
        early = (await client.post("/gettrackinfo", content=body)).json()["data"]
        taken = (await client.post("/register", content=body)).json()["data"]
        told = (await client.post("/gettrackinfo", content=body)).json()["data"]

    assert [one["error"]["code"] for one in early["rejected"]] == [-18019902, -18019902]
    assert ([one["number"] for one in taken["accepted"]], taken["rejected"]) == (["RR000000001CN", "RR000000002CN"], [])
    assert [one["track_info"]["latest_status"]["status"] for one in told["accepted"]] == ["InTransit"]
    assert [(one["number"], one["error"]["code"]) for one in told["rejected"]] == [("RR000000002CN", -18019909)]


def webhook(**settings: object) -> Track17Webhook:
    return Track17Webhook(Track17Settings(token="testkey", **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_the_published_vector_is_signed_so(case: Callable[[str], str]) -> None:
    assert signature(PUSH, "testkey") == SIGN
    webhook().verify(RawRequest({"sign": case(SIGN)}, "", PUSH))


def test_the_header_of_the_signature_can_be_chosen() -> None:
    webhook(push_header="X-Sign").verify(RawRequest({"x-sign": SIGN}, "", PUSH))
    with pytest.raises(SignatureInvalid):
        webhook(push_header="X-Sign").verify(RawRequest({"sign": SIGN}, "", PUSH))


@pytest.mark.parametrize("given", ["", "签名", SIGN[:-1], SIGN + "0"])
def test_another_signature_is_refused(given: str) -> None:
    with pytest.raises(SignatureInvalid):
        webhook().verify(RawRequest({"sign": given}, "", PUSH))


def test_the_same_message_in_other_bytes_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        webhook().verify(RawRequest({"sign": SIGN}, "", PUSH.replace(b":", b": ")))


@pytest.mark.parametrize("topic", ["TRACKING_UPDATED", "TRACKING_STOPPED"])
def test_the_vendors_messages_read(topic: str) -> None:
    (event,) = webhook().events(RawRequest({}, "", sample(topic.lower())))

    assert (event.kind, event.topic, event.subjects) == (EventKind.PARCEL_MOVED, topic, ("RR123456789CN",))


def test_news_of_the_same_parcel_has_another_key() -> None:
    moved = sample("tracking_updated").replace("广州市".encode(), "上海市".encode())

    one, other = (webhook().events(RawRequest({}, "", body))[0].key for body in (sample("tracking_updated"), moved))
    assert one != other


def test_an_event_nobody_knows_asks_for_nothing() -> None:
    (event,) = webhook().events(RawRequest({}, "", PUSH.replace(b"TRACKING_UPDATED", b"TRACKING_SOLD")))

    assert event.kind is EventKind.OTHER


@pytest.mark.parametrize("body", [b"", b"[]", b'{"event":"X"}', b'{"event":"X","data":{"number":null}}', b"{"])
def test_a_message_that_cannot_be_read_is_said_so(body: bytes) -> None:
    with pytest.raises(ValueError, match="a push of 17TRACK"):
        webhook().events(RawRequest({}, "", body))


async def test_the_mock_pushes_to_the_address_of_its_console(harness: Tracker) -> None:
    received: list[RawRequest] = []

    async def receive(url: str, body: bytes, headers: dict[str, str]) -> int:
        received.append(RawRequest({name.lower(): value for name, value in headers.items()}, "", body))
        return 200

    mock = track17.adapter.mock(harness.clock, receive)  # type: ignore[misc, arg-type]
    transport = httpx.ASGITransport(mock.asgi())  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        account = (await client.post("/_mock/accounts", json={"webhook_url": "http://us/webhooks/t"})).json()
        headers = {"17token": account["token"], "Content-Type": "application/json"}
        await client.post("/register", content=b'[{"number":"RR000000001CN"}]', headers=headers)
        told = {"number": "RR000000001CN", "status": "InTransit", "description": "left"}
        assert (await client.post("/_mock/parcels", json=told)).json() == {"pushed": 200}
        books = (await client.get("/_books")).json()

    source = Track17Webhook(Track17Settings(token=account["token"]))
    source.verify(received[0])
    assert source.events(received[0])[0].subjects == ("RR000000001CN",)
    assert books["parcels"] == {"RR000000001CN": "InTransit"}
