from __future__ import annotations

from pathlib import Path

import pytest

from syncbridge.adapters.forwarder_csv.carrier import ForwarderCsv
from syncbridge.adapters.forwarder_csv.contracts import TestForwarderCsv
from syncbridge.adapters.forwarder_csv.mock import ForwarderMock
from syncbridge.model.paging import Cursor

__all__ = ["TestForwarderCsv"]
pytestmark = pytest.mark.anyio


async def test_a_line_still_being_written_is_left_for_next_time(tmp_path: Path) -> None:
    file = tmp_path / "forwarder.csv"
    file.write_text("mark,carrier,number\nA,YANWEN,UR000000001YP\nB,YANW", encoding="utf-8")
    (page,) = [page async for page in ForwarderCsv(file).shipments(since=None)]
    assert [item.mark for item in page.items] == ["A"]
    file.write_text("mark,carrier,number\nA,YANWEN,UR000000001YP\nB,YANWEN,UR000000002YP\n", encoding="utf-8")
    (page,) = [page async for page in ForwarderCsv(file).shipments(since=page.cursor)]
    assert [item.mark for item in page.items] == ["B"]


async def test_a_file_without_its_header_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "forwarder.csv"
    file.write_text("a,b,c\nA,YANWEN,UR000000001YP\n", encoding="utf-8")
    (page,) = [page async for page in ForwarderCsv(file).shipments(since=None)]
    ((where, why),) = page.failures
    assert where == "forwarder.csv:2"
    assert "mark, carrier, number" in why


async def test_a_new_file_is_read_from_its_start(tmp_path: Path) -> None:
    file = tmp_path / "forwarder.csv"
    file.write_text("mark,carrier,number\nC,YANWEN,UR000000003YP\n", encoding="utf-8")
    (page,) = [page async for page in ForwarderCsv(file).shipments(since=Cursor("40"))]
    assert [item.mark for item in page.items] == ["C"]


async def test_the_mock_sends_each_parcel_abroad_once(tmp_path: Path) -> None:
    mock = ForwarderMock(tmp_path / "forwarder.csv")
    assert mock.receive("A") == mock.receive("A")
    (page,) = [page async for page in ForwarderCsv(tmp_path / "forwarder.csv").shipments(since=None)]
    assert len(page.items) == 1


async def test_what_a_number_replaces_is_said_by_a_fourth_column_and_else_by_nobody(tmp_path: Path) -> None:
    file = tmp_path / "forwarder.csv"
    file.write_text(
        "mark,carrier,number,replaces\nA,YANWEN,UR000000002YP,UR000000001YP\nA,YANWEN,UR000000003YP,\n"
        "A,YANWEN,UR000000004YP\n",
        encoding="utf-8",
    )
    (page,) = [page async for page in ForwarderCsv(file).shipments(since=None)]
    assert [item.replaces for item in page.items] == ["UR000000001YP", "", ""]

    file.write_text("mark,carrier,number\nA,YANWEN,UR000000001YP\n", encoding="utf-8")
    (page,) = [page async for page in ForwarderCsv(file).shipments(since=None)]
    assert [item.replaces for item in page.items] == [None]


async def test_the_mock_may_give_a_parcel_another_number(tmp_path: Path) -> None:
    mock = ForwarderMock(tmp_path / "forwarder.csv")
    numbers = [mock.receive("A"), mock.renumber("A"), mock.receive("B")]
    assert numbers == ["UR000000001YP", "UR000000002YP", "UR000000003YP"]
    assert mock.sent == {"A": "UR000000002YP", "B": "UR000000003YP"}
    (page,) = [page async for page in ForwarderCsv(tmp_path / "forwarder.csv").shipments(since=None)]
    assert [(item.number, item.replaces) for item in page.items] == [
        (numbers[0], ""),
        (numbers[1], numbers[0]),
        (numbers[2], ""),
    ]
