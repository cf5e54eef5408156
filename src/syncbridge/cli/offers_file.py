"""Which column of a person's table names the offers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from syncbridge.errors import SyncBridgeError
from syncbridge.sheets.cells import plain_id
from syncbridge.sheets.reading import Row

IDS = ("offer", "offerid", "商品id", "货源id", "产品id", "1688id", "productid", "itemid", "id")
ADDRESSES = (
    "url", "link", "offerurl", "offerlink", "producturl", "productlink", "商品链接", "货源链接", "产品链接", "采购链接",
    "1688链接", "宝贝链接", "链接", "网址", "商品网址",
)  # fmt: skip
"""Heads of such a column, as `_bare` leaves them; an id is taken before an address."""


def offers_in(rows: Iterable[Row], name: str) -> Iterator[tuple[int, str, str]]:
    """(row number, what is written, how the spreadsheet spoilt it) of each offer. Raises SyncBridgeError.

    The column is found by its head, in English or Chinese; a table of one column needs none.
    """
    left = iter(rows)
    first = next(left, None)
    if first is None:
        raise SyncBridgeError(f"{name} is empty; write one offer id or address of an offer's page in each row")
    column = _headed(first)
    if column is None:
        column = _only(first, name)
        if any(sign.isdecimal() for sign in first.cells[column]):  # an offer, not a head nobody knows
            yield _offer(first, column)
    for row in left:
        yield _offer(row, column)


def _headed(row: Row) -> int | None:
    heads = [_bare(cell) for cell in row.cells]
    return next((heads.index(known) for known in (*IDS, *ADDRESSES) if known in heads), None)


def _only(row: Row, name: str) -> int:
    filled = [at for at, cell in enumerate(row.cells) if cell]
    if len(filled) > 1:
        raise SyncBridgeError(
            f"{name} has several columns, and the head of none says that it names offers; "
            f"call it `offer` or 商品链接, or leave only that column"
        )
    return filled[0]


def _offer(row: Row, column: int) -> tuple[int, str, str]:
    written = plain_id(row.cells[column]) if column < len(row.cells) else ""
    return row.number, written, row.spoilt.get(column, "")


def _bare(head: str) -> str:
    return re.sub(r"[\s_\-:：]", "", head).lower()
