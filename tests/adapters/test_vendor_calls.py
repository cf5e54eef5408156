"""docs/reference/vendors.md is what the code says, every call has a test, and the reading behind it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncbridge.adapters.http import Call
from tests.adapters import driven, vendor_calls
from tests.adapters.sent import Reader, Sent, pattern_of


def test_the_page_of_all_calls_is_up_to_date() -> None:
    """It is compared as a whole and not shown as a difference of 300 lines."""
    is_new = vendor_calls.PAGE.read_text("utf-8") == vendor_calls.page()

    assert is_new, "docs/reference/vendors.md no longer tells what the code does; run `make docs` and commit it"


@pytest.mark.parametrize("adapter", vendor_calls.adapters())
def test_every_call_of_a_mock_is_driven_by_a_test(adapter: str) -> None:
    undriven = [row.name for row in vendor_calls.rows_of(adapter).values() if row.answered and not row.tests]

    assert undriven == [], f"no file of tests/adapters/{adapter} makes these calls by hand, as the vendor spells them"


@pytest.mark.parametrize("adapter", vendor_calls.adapters())
def test_what_a_mock_keeps_something_of_is_what_we_send_once(adapter: str) -> None:
    kept = vendor_calls.calls_of(adapter)
    sent = {one for ability in vendor_calls.abilities_of(adapter) for one in ability.calls}

    contradictions = [one.name for one in sent if kept.get(one.name) == ("reads" if one.writes else "writes")]
    assert contradictions == []


class Client:
    """Stands for an adapter's, with each way a call may be written."""

    def __init__(self, base: str) -> None:
        self._url = base + "/api"

    async def either(self, *, new: bool) -> Call:
        name = "read.new" if new else "read.old"
        return self._call(name)

    async def handed_on(self) -> list[Call]:
        return [*map(self._written, ["1"])]

    async def unnamed(self, name: str) -> Call:
        return self._call(name)

    def _written(self, number: str) -> Call:
        return self._call("keep", write=True, group="orders")

    def _call(self, name: str, *, write: bool = False, group: str = "catalogue") -> Call:
        return Call(name, f"{self._url}/{name}", {}, write, group)


@pytest.mark.parametrize(
    ("method", "calls"),
    [
        ("either", {Sent("read.new", False, "catalogue"), Sent("read.old", False, "catalogue")}),
        ("handed_on", {Sent("keep", True, "orders")}),
    ],
)
def test_what_a_method_may_send_is_read_from_both_sides_of_a_choice(method: str, calls: set[Sent]) -> None:
    reader = Reader(__name__, ["read.new", "read.old", "keep"])

    assert reader.sent(Client, method) == calls


def test_a_call_that_nobody_can_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="nobody can tell which call this is"):
        Reader(__name__, ["keep"]).sent(Client, "unnamed")


def test_a_name_in_a_list_of_faults_drives_nothing(tmp_path: Path) -> None:
    file = tmp_path / "test_it.py"
    file.write_text(
        'TRADE = "com.trade"\n'
        "async def test_it(call, mock):\n"
        '    mock.fail("com.trade/none")\n'
        '    for name in ("one", "two"):\n'
        '        await call(f"{TRADE}/{name}", api="com.trade/none")\n',
        "utf-8",
    )
    names = pattern_of(["com.trade/one", "com.trade/two", "com.trade/none"])

    assert driven.made_in(file, names) == {"com.trade/one", "com.trade/two"}


def test_a_longer_path_is_no_shorter_one() -> None:
    names = pattern_of(["/poll", "/poll/query.do", "product.follow"])

    assert names.findall("http://v/poll/query.do") == ["/poll/query.do"]
    assert names.findall("http://v?method=product.follow.crossborder") == []
