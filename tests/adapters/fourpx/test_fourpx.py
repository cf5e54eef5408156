"""4PX beyond the contracts: signatures, samples, labels, numbers that come late, and parcels it would refuse."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest

from syncbridge.adapters.addresses import Allowed
from syncbridge.adapters.fourpx import wire
from syncbridge.adapters.fourpx.carrier import FourPxCarrier
from syncbridge.adapters.fourpx.signing import sign
from syncbridge.adapters.http import Fetched
from syncbridge.errors import OutcomeUnknown, Rejected, VendorDown
from syncbridge.model.money import Money
from syncbridge.model.paging import Cursor
from syncbridge.model.shipping import Booking, Label
from syncbridge.testing.builders import make_declared, make_parcel, usd
from syncbridge.testing.faults import Fault
from tests.adapters.fourpx.conftest import Answering, Forwarder

pytestmark = pytest.mark.anyio
VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))
SAMPLES = files("syncbridge.adapters.fourpx") / "samples"


def sample(name: str) -> object:
    return json.loads((SAMPLES / name).read_text("utf-8"))


async def told(
    carrier: FourPxCarrier, since: Cursor | None = None
) -> tuple[list[tuple[str | None, str]], list[tuple[str, str]], Cursor | None]:
    """What is announced since, with the cursor after it."""
    pages = [page async for page in carrier.shipments(since=since)]
    items = [(item.mark, item.number) for page in pages for item in page.items]
    failures = [failure for page in pages for failure in page.failures]
    return items, failures, pages[-1].cursor if pages else since


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_a_call_is_signed_as_the_vendor_documents(vector: dict[str, Any]) -> None:
    assert sign(vector["query"], vector["body"], vector["secret"]) == vector["sign"]


async def test_language_is_sent_and_not_signed(forwarder: Forwarder) -> None:
    await forwarder.vendor.book(forwarder.draft())
    params = dict(forwarder.sent[0].url.params)
    assert params.pop("language") == "en"
    assert sorted(params) == ["app_key", "format", "method", "sign", "timestamp", "v"]


async def test_a_parcel_is_booked_as_it_is_declared(forwarder: Forwarder) -> None:
    goods = (
        make_declared(),
        make_declared(name_en="lamp", name_cn="台灯", quantity=1, value=usd("12.345"), battery=True),
    )
    draft = make_parcel("M1", *goods, service="S1", domestic_carrier="YTO", domestic_number="YT1")
    await forwarder.vendor.book(draft)
    body = json.loads(forwarder.sent[0].content)
    (parcel,) = body["parcel_list"]
    assert (body["ref_no"], parcel["weight"], parcel["include_battery"]) == ("M1", 320, "Y")
    assert b'"parcel_value":21.35' in forwarder.sent[0].content  # 2 × 4.50 and 12.35, exact
    assert [one["hscode_export"] for one in parcel["declare_product_info"]] == ["4820100000"] * 2
    assert body["deliver_type_info"]["express_to_4px_info"] == {"express_company": "YTO", "tracking_no": "YT1"}
    assert "last_name" not in body["recipient_info"]


async def test_the_country_goes_by_iso(forwarder: Forwarder) -> None:
    draft = forwarder.draft()
    await forwarder.vendor.book(replace(draft, receiver=replace(draft.receiver, country="UK")))
    assert json.loads(forwarder.sent[0].content)["recipient_info"]["country"] == "GB"


async def test_a_parcel_without_a_line_goes_on_the_account_s_own(make_forwarder: type[Forwarder]) -> None:
    forwarder = make_forwarder(product="A1")
    assert (await forwarder.vendor.book(make_parcel("M1"))).service == "A1"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"service": ""}, "no line is chosen"),
        ({"weight_g": 0}, "0 g"),
        ({"size_cm": (25, 0, 3)}, "25 × 0 × 3 cm"),
        ({"goods": ()}, "no goods"),
        ({"goods": (make_declared(), make_declared(value=Money.of("1", "EUR")))}, "several currencies"),
        ({"goods": (make_declared(name_en=" "),)}, "a Chinese and an English name"),
        ({"goods": (make_declared(value=usd("0.001")),)}, "worth"),
        ({"goods": (make_declared(hs_code="4820A"),)}, "no HS code"),
        ({"goods": (make_declared(weight_g=0),)}, "weighing 0 g"),
        ({"goods": (make_declared(quantity=0),)}, "0 pieces"),
    ],
)
async def test_what_the_vendor_would_refuse_is_said_before_it_is_asked(
    forwarder: Forwarder, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(Rejected, match=said):
        await forwarder.vendor.book(replace(forwarder.draft(), **changes))
    assert forwarder.sent == []


@pytest.mark.parametrize(("part", "value"), [("name", ""), ("phone", " "), ("country", "Spain"), ("street", "")])
async def test_an_address_that_is_not_whole_is_refused(forwarder: Forwarder, part: str, value: str) -> None:
    draft = forwarder.draft()
    with pytest.raises(Rejected, match=r"address lacks|no country"):
        await forwarder.vendor.book(replace(draft, receiver=replace(draft.receiver, **{part: value})))
    assert forwarder.sent == []


async def test_the_same_mark_again_books_nothing_and_is_to_be_looked_up(forwarder: Forwarder) -> None:
    draft = forwarder.draft()
    made = await forwarder.vendor.book(draft)
    with pytest.raises(OutcomeUnknown, match="already"):
        await forwarder.vendor.book(draft)
    (found,) = await forwarder.vendor.booked(draft, since=forwarder.clock.now())
    assert found.booking_id == made.booking_id
    assert len(forwarder.account.parcels) == 1


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.TRUNCATE, Fault.HTML, Fault.UNAVAILABLE])
async def test_no_clear_answer_to_a_booking_is_never_a_second_call(forwarder: Forwarder, fault: Fault) -> None:
    forwarder.next_faults.append(fault)
    with pytest.raises(OutcomeUnknown):
        await forwarder.vendor.book(forwarder.draft())
    assert len(forwarder.sent) == 1


async def test_a_refused_look_up_is_made_sure_of_among_all_that_was_booked(
    forwarder: Forwarder, answering: Answering
) -> None:
    asked: list[dict[str, Any]] = []

    def answers(method: str, body: dict[str, Any]) -> object:
        asked.append(body)
        return sample("refused.json") if "request_no" in body else sample("consignments.json")

    carrier = answering(answers)
    draft = make_parcel("SB-8190000000000001")
    (found,) = await carrier.booked(draft, since=forwarder.clock.now() - timedelta(days=20))
    assert (found.number, found.cancelled) == ("UF000000001YP", False)
    spans = [q["end_time_of_create_consignment"] - q["start_time_of_create_consignment"] for q in asked[1:]]
    assert len(spans) == 3
    assert max(spans) <= 7 * 24 * 3600 * 1000


async def test_what_cannot_be_looked_up_at_all_is_not_nothing(answering: Answering) -> None:
    carrier = answering(lambda method, body: sample("refused.json"))
    with pytest.raises(Rejected):
        await carrier.booked(make_parcel("M1"), since=carrier._clock.now())


async def test_a_refusal_is_told_in_the_vendor_s_words(answering: Answering) -> None:
    def answers(method: str, body: dict[str, Any]) -> object:
        return sample("refused.json") if method.endswith("create") else {"result": "1", "data": []}

    with pytest.raises(Rejected, match="DS000000: ref_no 已存在"):
        await answering(answers).book(make_parcel("M1", service="A1"))


async def test_a_parcel_as_documented_is_read(answering: Answering) -> None:
    carrier = answering(lambda method, body: sample("created.json"))
    made = await carrier.book(make_parcel("SB-8190000000000001", service="A1"))
    assert made == Booking("4PX3000000000CN", "SB-8190000000000001", "A1", "A1")


async def test_rows_that_are_spoilt_stop_no_other(answering: Answering) -> None:
    carrier = answering(lambda method, body: sample("consignments_hostile.json"), watch_days=1)
    items, failures, _ = await told(carrier)
    assert items == [("SENT", "UF000000005YP")]
    assert [where for where, _ in failures] == ["FAILED", "SPOILT", "a parcel", "FAR"]
    assert "目的国邮编不存在" in failures[0][1]
    (closed,) = await carrier.booked(make_parcel("CLOSED"), since=carrier._clock.now())
    assert closed.cancelled
    with pytest.raises(VendorDown, match="SPOILT"):
        await carrier.booked(make_parcel("SPOILT"), since=carrier._clock.now())


async def test_costs_are_exact_and_what_nobody_says_is_none(answering: Answering) -> None:
    def answers(method: str, body: dict[str, Any]) -> object:
        products = [
            {"logistics_product_code": "A1", "logistics_product_name_cn": "联邮通", "with_battery": "N"},
            {"logistics_product_code": "PX", "logistics_product_name_en": "Air", "with_battery": "Y"},
            {"logistics_product_code": "S1"},
        ]
        return sample("estimates.json") if "estimated" in method else {"result": "1", "data": json.dumps(products)}

    a1, px, s1 = await answering(answers).lines(make_parcel("M1"))
    assert (a1.name, a1.cost, a1.days, a1.takes_battery) == ("联邮通", Money.of("37.84", "CNY"), (9, 15), False)
    assert (px.name, px.cost, px.days, px.takes_battery) == ("Air", Money.of("43.80", "CNY"), None, True)
    assert (s1.name, s1.cost, s1.days, s1.takes_battery) == ("S1", None, None, None)


async def test_a_battery_goes_on_lines_that_take_one(forwarder: Forwarder) -> None:
    battery = make_parcel("M1", make_declared(battery=True))
    assert [line.service for line in await forwarder.vendor.lines(battery)] == ["S1"]
    far = replace(battery, receiver=replace(battery.receiver, country="BR"))
    with pytest.raises(Rejected, match="with a battery to BR"):
        await forwarder.vendor.lines(far)


async def test_a_number_that_comes_late_is_told_once(forwarder: Forwarder) -> None:
    forwarder.mock.desk.reads_without_number = 3
    await forwarder.vendor.book(forwarder.draft(1))
    forwarder.mock.desk.announce(forwarder.account, "B", "A1", "UF000000009YP")
    items, _, cursor = await told(forwarder.vendor)
    assert items == [("B", "UF000000009YP")]
    seen = []
    for _ in range(8):
        forwarder.pass_time(24 * 3600)
        items, failures, cursor = await told(forwarder.vendor, cursor)
        assert failures == []
        seen += items
    assert [mark for mark, _ in seen] == ["SB7K2M01"]


async def test_a_parcel_that_waits_is_not_left_behind_by_those_that_do_not(forwarder: Forwarder) -> None:
    forwarder.mock.desk.reads_without_number = 6
    await forwarder.vendor.book(forwarder.draft(1))
    cursor, seen = None, []
    for day in range(6):
        forwarder.mock.desk.announce(forwarder.account, f"D{day}", "A1", f"UF00000000{day}YP")
        items, _, cursor = await told(forwarder.vendor, cursor)
        seen += [mark for mark, _ in items]
        forwarder.pass_time(3 * 24 * 3600)
    assert sorted(map(str, seen)) == ["D0", "D1", "D2", "D3", "D4", "D5", "SB7K2M01"]


async def test_a_number_that_changes_is_told_again(forwarder: Forwarder) -> None:
    parcel = forwarder.mock.desk.announce(forwarder.account, "B", "A1", "UF000000008YP")
    _, _, cursor = await told(forwarder.vendor)
    forwarder.pass_time(6 * 24 * 3600)
    parcel.number = "UF000000009YP"
    items, _, cursor = await told(forwarder.vendor, cursor)
    assert items == [("B", "UF000000009YP")]
    assert (await told(forwarder.vendor, cursor))[0] == []


@pytest.mark.parametrize("cursor", ["12", "2026-03-02T01:00:00+00:00", "{}"])
async def test_an_account_that_was_another_carrier_s_is_read_from_the_start(forwarder: Forwarder, cursor: str) -> None:
    forwarder.mock.desk.announce(forwarder.account, "B", "A1", "UF000000008YP")
    assert (await told(forwarder.vendor, Cursor(cursor)))[0] == [("B", "UF000000008YP")]


async def test_why_there_is_no_number_is_told_once_and_the_number_when_it_comes(forwarder: Forwarder) -> None:
    parcel = forwarder.mock.desk.announce(forwarder.account, "B", "A1")
    parcel.no_number_because = "no such postcode"
    _, failures, cursor = await told(forwarder.vendor)
    assert failures == [("B", "4PX has no number: no such postcode")]
    assert (await told(forwarder.vendor, cursor))[1] == []
    parcel.no_number_because = ""
    forwarder.pass_time(24 * 3600)
    assert [mark for mark, _ in (await told(forwarder.vendor, cursor))[0]] == ["B"]


async def test_a_first_read_reaches_back_over_all_windows(forwarder: Forwarder) -> None:
    forwarder.mock.desk.announce(forwarder.account, "OLD", "A1", "UF000000001YP")
    forwarder.pass_time(timedelta(days=29).total_seconds())
    assert (await told(forwarder.vendor, Cursor("")))[0] == [("OLD", "UF000000001YP")]
    assert len(forwarder.sent) == 5


async def test_an_idle_cursor_moves_on(forwarder: Forwarder) -> None:
    forwarder.mock.desk.announce(forwarder.account, "B", "A1", "UF000000009YP")
    _, _, cursor = await told(forwarder.vendor)
    forwarder.pass_time(timedelta(days=9).total_seconds())
    items, failures, later = await told(forwarder.vendor, cursor)
    assert (items, failures) == ([], [])
    assert later != cursor


class Net:
    """The label's server, and where its name leads."""

    def __init__(self, *answers: Fetched, address: str = "47.246.1.1") -> None:
        self.answers, self.address = list(answers), address
        self.asked: list[str] = []

    async def resolve(self, host: str) -> list[str]:
        return [self.address]

    async def fetch(self, url: str, address: str) -> Fetched:
        self.asked.append(url)
        return self.answers.pop(0)


def labelled(answering: Answering, url: str, net: Net) -> Awaitable[Label | None]:
    carrier = answering(lambda *_: {"result": "1", "data": {"label_url_info": {"logistics_label": url}}})
    carrier.labels = Allowed(["*.4px.com"], "label_hosts of the account", "label", net.fetch, net.resolve)
    return carrier.label(Booking("4PX1", "M1", "A1", "A1"))


async def test_a_label_is_fetched_from_the_vendor_s_file_server_over_https(answering: Answering) -> None:
    net = Net(Fetched(200, "application/pdf", "", b"%PDF-1.4 label"))
    label = await labelled(answering, "http://bss-fss.4px.com/label/1.pdf", net)
    assert label
    assert label.content == b"%PDF-1.4 label"
    assert net.asked == ["https://bss-fss.4px.com/label/1.pdf"]


@pytest.mark.parametrize(
    ("url", "address", "code"),
    [
        ("https://evil.example/1.pdf", "47.246.1.1", "label_address"),
        ("https://open.4px.com.evil.example/1.pdf", "47.246.1.1", "label_address"),
        ("https://open.4px.com@evil.example/1.pdf", "47.246.1.1", "label_address"),
        ("http://169.254.169.254/latest", "47.246.1.1", "label_address"),
        ("file:///etc/passwd", "47.246.1.1", "label_address"),
        ("https://files.4px.com/1.pdf", "10.0.0.7", "label_inside"),
    ],
)
async def test_a_label_elsewhere_is_not_fetched(answering: Answering, url: str, address: str, code: str) -> None:
    net = Net(address=address)
    with pytest.raises(Rejected) as caught:
        await labelled(answering, url, net)
    assert (caught.value.code, net.asked) == (code, [])


async def test_a_label_that_leads_elsewhere_is_not_followed(answering: Answering) -> None:
    with pytest.raises(Rejected) as caught:
        await labelled(answering, "https://a.4px.com/1", Net(Fetched(302, "", "https://evil.example/1", b"")))
    assert caught.value.code == "label_address"


async def test_what_is_no_pdf_is_no_label(answering: Answering) -> None:
    with pytest.raises(Rejected) as caught:
        await labelled(answering, "https://a.4px.com/1", Net(Fetched(200, "text/html", "", b"<html>sign in</html>")))
    assert caught.value.code == "label_unreadable"


async def test_a_refused_label_of_a_parcel_with_a_number_is_a_refusal(forwarder: Forwarder) -> None:
    draft = forwarder.draft()
    forwarder.mock.desk.late_label = "refused"
    made = await forwarder.vendor.book(draft)
    assert await forwarder.vendor.label(made) is None
    forwarder.mock.desk.labels_without_address = 99
    forwarder.account.parcels[draft.mark].number = "UF000000001YP"
    with pytest.raises(Rejected):
        await forwarder.vendor.label(made)


@pytest.mark.parametrize(
    ("said", "read"),
    [("7-12", (7, 12)), ("9~15", (9, 15)), (8, (8, 8)), ("8天", (8, 8)), ("12-7", None), ("soon", None)],
)
def test_days_are_a_number_or_a_range(said: str | int, read: tuple[int, int] | None) -> None:
    assert wire.days(said) == read


@pytest.mark.parametrize("answer", [httpx.Response(200, content=b"[]"), {"result": "1", "data": "{"}, {"data": {}}])
async def test_an_answer_of_another_shape_is_no_refusal(answering: Answering, answer: object) -> None:
    with pytest.raises(OutcomeUnknown):
        await answering(lambda *_: answer).book(make_parcel("M1", service="A1"))


async def test_parcels_that_go_under_one_number_are_each_told(forwarder: Forwarder) -> None:
    for mark in ("A", "B"):
        forwarder.mock.desk.announce(forwarder.account, mark, "A1", "UF000000001YP")
    assert (await told(forwarder.vendor))[0] == [("A", "UF000000001YP"), ("B", "UF000000001YP")]
