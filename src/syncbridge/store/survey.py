"""The whole catalogue, read through a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import Text, func, select, type_coerce
from sqlmodel import Session, col

from syncbridge.model.catalog import Offer
from syncbridge.store.tables.catalogue import BindingRow, OfferRow
from syncbridge.store.types import to_json

PAGE = 500
"""Rows read at once."""


def every_offer(session: Session) -> Iterator[tuple[str, list[Offer]]]:
    """Every offer as last read, a page of one account at a time: (account, offers)."""
    query = select(col(OfferRow.account), col(OfferRow.snapshot)).order_by(
        col(OfferRow.account), col(OfferRow.offer_id)
    )
    for rows in session.execute(query, execution_options={"yield_per": PAGE}).partitions():
        for account, page in groupby(rows, lambda row: row.account):
            yield account, [row.snapshot for row in page]


def every_code(session: Session) -> Iterator[tuple[str, str]]:
    """The SKU codes of all stores: (store, code)."""
    query = select(col(BindingRow.store), col(BindingRow.sku_code)).order_by(
        col(BindingRow.store), col(BindingRow.sku_code)
    )
    for row in session.execute(query, execution_options={"yield_per": PAGE}):
        yield row.store, row.sku_code


def with_goods_code(session: Session, account: str, goods_code: str) -> list[Offer]:
    """The offers of an account that bear a goods code somewhere."""
    written = f'"goods_code":{to_json(goods_code)}'
    query = select(col(OfferRow.snapshot)).where(
        col(OfferRow.account) == account, func.instr(type_coerce(col(OfferRow.snapshot), Text), written) > 0
    )
    return list(session.connection().scalars(query))
