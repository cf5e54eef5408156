"""AliExpress's words about carriers, declared parcels, online shipping and tracking (aliexpress.md §6)."""

from __future__ import annotations

import msgspec

from syncbridge.adapters.aliexpress.wire import Text


class Service(msgspec.Struct):
    """A carrier (aliexpress.md §6.1)."""

    service_name: str
    display_name: str | None = None
    tracking_no_regex: str | None = None


class Services(msgspec.Struct):
    """The carriers."""

    result_success: bool = True
    error_desc: Text = None
    result_list: list[Service] = []


class Declaration(msgspec.Struct):
    """What became of a declared shipment (aliexpress.md §6.1)."""

    result_success: bool | None = None
    result_error_code: Text = None
    result_error_desc: Text = None


class DeclaredParcel(msgspec.Struct):
    """A parcel declared before."""

    logistics_no: str | int
    service_name: str


class DeclaredSubOrder(msgspec.Struct):
    """The parcels of one line of an order; a parcel with several lines comes once for each."""

    shipment_list: list[DeclaredParcel] = []


class Declarations(msgspec.Struct):
    """What was declared for an order so far (aliexpress-fields.md, querysellershipmentinfo)."""

    result_success: bool = True
    result_error_code: Text = None
    error_msg: Text = None
    sub_trade_order_list: list[DeclaredSubOrder] = []


class OnlineService(msgspec.Struct):
    """A line of the platform's own shipping; costs and days are words (aliexpress.md §6.2)."""

    logistics_service_id: Text = None
    logistics_service_name: str | None = None
    logistics_timeliness: Text = None
    trial_result: Text = None
    discount_trial_result: Text = None


class OnlineServices(msgspec.Struct):
    """The lines that would take a parcel."""

    is_success: bool | None = None
    error_desc: Text = None
    result_list: list[OnlineService] = []


class SellerAddress(msgspec.Struct):
    """One of the seller's addresses in the seller centre."""

    address_id: int
    is_default: Text = None


class SellerAddresses(msgspec.Struct):
    """The seller's addresses by what they are for."""

    result_success: bool | None = None
    result_error_code: Text = None
    error_desc: Text = None
    sender_seller_address_list: list[SellerAddress] = []
    pickup_seller_address_list: list[SellerAddress] = []
    refund_seller_address_list: list[SellerAddress] = []


class WarehouseOrder(msgspec.Struct):
    """What became of a booking; ``error_code`` 1 is no error."""

    success: bool | None = None
    error_code: Text = None
    error_desc: Text = None
    warehouse_order_id: Text = None
    intl_tracking_no: Text = None


class LogisticsOrder(msgspec.Struct):
    """A booked parcel as it is now."""

    online_logistics_id: str | int
    order_id: Text = None
    internationallogistics_id: Text = None
    international_logistics_type: str | None = None
    logistics_status: str | None = None


class LogisticsOrders(msgspec.Struct):
    """A page of booked parcels."""

    is_success: bool | None = None
    error_desc: Text = None
    result_list: list[LogisticsOrder] = []
    total_page: int | None = None


class Event(msgspec.Struct):
    """One thing a carrier told; ``status`` is no longer to be used."""

    event_date: Text = None
    action_code: str | None = None
    event_desc: str | None = None
    address: str | None = None


class Tracking(msgspec.Struct):
    """All a carrier told of a parcel."""

    result_success: bool | None = None
    error_desc: Text = None
    details: list[Event] = []


class Printed(msgspec.Struct):
    """A label inside JSON text."""

    result: str | None = None


class PrintInfo(msgspec.Struct):
    """A label: base64 of a PDF."""

    body: str | None = None
