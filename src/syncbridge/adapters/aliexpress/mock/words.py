"""What the vendor takes in a request: every field it knows, with its type and bounds (aliexpress-fields.md).

Unknown fields, missing ones and wrong types are refused.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Digits = Annotated[str, Meta(pattern=r"^[0-9]{1,18}\Z")]
Date = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")]
Decimals = Annotated[str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,2})?\Z")]
Flag = Literal["true", "false"]
"""A boolean among the parameters, which are texts."""


class Words(msgspec.Struct, forbid_unknown_fields=True):
    """Parameters that must be known."""


class Nothing(Words):
    """No parameters."""


class OrderQuery(Words):
    """The query of trade.seller.orderlist.get."""

    page_size: Annotated[int, Meta(ge=1, le=50)]
    current_page: Annotated[int, Meta(ge=1)]
    create_date_start: Date | None = None
    create_date_end: Date | None = None
    modified_date_start: Date | None = None
    modified_date_end: Date | None = None
    order_status: str | None = None
    order_status_list: list[str] = []
    buyer_login_id: str | None = None


class ListOrders(Words):
    """trade.seller.orderlist.get."""

    param_aeop_order_query: OrderQuery


class SingleOrder(Words):
    """The query of findorderbyid."""

    order_id: int
    ext_info_bit_flag: Annotated[int, Meta(ge=0, le=31)] = 31


class FindOrder(Words):
    """findorderbyid."""

    param1: SingleOrder


class DeclareShipment(Words):
    """sellershipmentfortop."""

    service_name: str
    logistics_no: str
    out_ref: Digits
    send_type: Literal["part", "all"]
    tracking_website: str | None = None
    description: Annotated[str, Meta(max_length=512)] | None = None
    package_type: str | None = None
    actual_carrier: str | None = None
    ioss: str | None = None
    locale: str | None = None


class QueryShipments(Words):
    """querysellershipmentinfo."""

    trade_order_id: Digits
    logistics_no: str | None = None
    service_name: str | None = None
    sub_trade_order_index: Digits | None = None
