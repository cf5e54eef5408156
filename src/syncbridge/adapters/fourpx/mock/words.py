"""What 4PX takes in a request: every field it knows, with its type and bounds (neighbours.md appendix C).

Unknown fields, missing ones and wrong types are refused. Which fields are obligatory is taken from the documented
example and the fields' own words. Insurance, collection and label settings are refused as unknown.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Said = Annotated[str, Meta(min_length=1)]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Unwanted = Literal["Y", "N", "U"]
Grams = Annotated[int, Meta(ge=1, lt=1_000_000)]
Centimetres = Annotated[int, Meta(ge=1, lt=1000)]
CentimetresText = Annotated[str, Meta(pattern=r"^\d{1,3}(\.\d{1,2})?$")]
Digits = Annotated[str, Meta(pattern=r"^\d+$")]
Price = Annotated[float, Meta(gt=0)]


class Words(msgspec.Struct, forbid_unknown_fields=True):
    """A body, or a part of one, that must be known."""


class Service(Words):
    """The line."""

    logistics_product_code: Said
    customs_service: Literal["Y", "N"] = "N"
    signature_service: Literal["Y", "N"] = "N"


class Returns(Words):
    """What becomes of a parcel that cannot go on."""

    is_return_on_domestic: Unwanted = "N"
    is_return_on_oversea: Unwanted = "N"


class Goods(Words):
    """Goods as customs are told of them."""

    declare_product_name_cn: Said
    declare_product_name_en: Said
    declare_product_code_qty: Annotated[int, Meta(ge=1)]
    declare_unit_price_export: Price
    currency_export: Currency
    declare_unit_price_import: Price
    currency_import: Currency
    brand_export: Said
    brand_import: Said
    uses: str | None = None
    specification: str | None = None
    component: str | None = None
    unit_net_weight: Grams | None = None
    unit_gross_weight: Grams | None = None
    material: Said | None = None
    unit_declare_product: str = "PCS"
    origin_country: Country | None = None
    country_export: Country | None = None
    country_import: Country | None = None
    hscode_export: Digits | None = None
    hscode_import: Digits | None = None
    sales_url: str | None = None
    package_remarks: str | None = None


class Parcel(Words):
    """One parcel."""

    weight: Grams
    parcel_value: Price
    currency: Currency
    include_battery: Literal["Y", "N"]
    declare_product_info: Annotated[list[Goods], Meta(min_length=1)]
    length: Centimetres | None = None
    width: Centimetres | None = None
    height: Centimetres | None = None
    battery_type: Said | None = None


class Address(Words):
    """Somebody with an address."""

    first_name: Said
    phone: Said
    country: Country
    city: Said
    street: Said
    last_name: Said | None = None
    company: Said | None = None
    phone2: Said | None = None
    email: Said | None = None
    post_code: Said | None = None
    state: Said | None = None
    district: Said | None = None
    house_number: Said | None = None


class Express(Words):
    """The waybill under which a parcel comes to the warehouse."""

    express_company: Said | None = None
    tracking_no: Said | None = None


class Delivery(Words):
    """How it comes to the warehouse."""

    deliver_type: Literal["1", "2", "3", "5"]
    warehouse_code: Said | None = None
    express_to_4px_info: Express | None = None


class Create(Words):
    """ds.xms.order.create."""

    ref_no: Said
    logistics_service_info: Service
    return_info: Returns
    parcel_list: Annotated[list[Parcel], Meta(min_length=1, max_length=1)]
    is_insure: Literal["N"]
    sender: Address
    recipient_info: Address
    deliver_type_info: Delivery
    business_type: Literal["BDS"] = "BDS"
    duty_type: Literal["U", "P"] = "U"
    cargo_type: Literal["1", "2", "3", "5"] = "5"
    vat_no: str | None = None
    ioss_no: str | None = None
    eori_no: str | None = None
    buyer_id: str | None = None
    sales_platform: str | None = None
    seller_id: str | None = None


class Get(Words):
    """ds.xms.order.get: a number, or a range of creation in epoch milliseconds."""

    request_no: Said | None = None
    start_time_of_create_consignment: int | None = None
    end_time_of_create_consignment: int | None = None
    consignment_status: Literal["P", "V", "H", "C", "F", "R", "X", "ALL"] = "ALL"


class GetLabel(Words):
    """ds.xms.label.get."""

    request_no: Said
    response_label_format: Literal["PDF"] = "PDF"


class ListProducts(Words):
    """ds.xms.logistics_product.getlist."""

    transport_mode: Literal["1", "2", "3", "4", "5", "6"]


class Estimate(Words):
    """ds.xms.estimated_cost.get, whose numbers are texts."""

    country_code: Country
    weight: Annotated[str, Meta(pattern=r"^[1-9]\d{0,5}$")]
    length: CentimetresText | None = None
    width: CentimetresText | None = None
    height: CentimetresText | None = None
    cargocode: Literal["P", "D"] = "P"
    logistics_product_code: Annotated[list[Said], Meta(max_length=200)] = []
    recipient_post_code: Said | None = None
