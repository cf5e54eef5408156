"""A parcel in the body of ``ds.xms.order.create`` (neighbours.md appendix C), and what the vendor would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from syncbridge.adapters.fourpx import wire
from syncbridge.adapters.fourpx.settings import FourPxSettings
from syncbridge.model.orders import BuyerAddress
from syncbridge.model.shipping import Declared, ParcelDraft

_HEAVIEST_G = 999_999
_LONGEST_CM = 999


def problems(draft: ParcelDraft, service: str) -> Iterator[str]:
    """What keeps a parcel from being booked, in words."""
    if not service:
        yield "no line is chosen for it; choose one, or name one as the account's product"
    yield from measures(draft)
    if not draft.goods:
        yield "it declares no goods"
    if len({one.value.currency for one in draft.goods}) > 1:
        yield "its goods are declared in several currencies"
    for one in draft.goods:
        yield from (f"{one.name_en or one.name_cn or 'goods'}: {said}" for said in _goods(one))
    receiver = draft.receiver
    lacks = [part for part in ("name", "phone", "city", "street") if not getattr(receiver, part).strip()]
    if lacks:
        yield f"the buyer's address lacks its {', '.join(lacks)}"


def measures(draft: ParcelDraft) -> Iterator[str]:
    """What is wrong with weight, size or country, which quotes need too."""
    if not 1 <= draft.weight_g <= _HEAVIEST_G:
        yield f"it weighs {draft.weight_g} g; 4PX takes 1 to {_HEAVIEST_G} g"
    if not all(1 <= side <= _LONGEST_CM for side in draft.size_cm):
        yield f"its sides are {' × '.join(map(str, draft.size_cm))} cm; 4PX takes 1 to {_LONGEST_CM} cm"
    letters = wire.country(draft.receiver.country)
    if not (len(letters) == 2 and letters.isascii() and letters.isalpha() and letters.isupper()):
        yield f"{draft.receiver.country!r} is no country of two letters"


def _goods(one: Declared) -> Iterator[str]:
    if not (one.name_cn.strip() and one.name_en.strip()):
        yield "customs want a Chinese and an English name"
    if one.quantity < 1:
        yield f"{one.quantity} pieces"
    if wire.amount(one.value) <= 0:
        yield f"it is declared as worth {one.value}"
    if one.weight_g < 1:
        yield f"it is declared as weighing {one.weight_g} g"
    code = wire.hs_digits(one.hs_code)
    if code and not (code.isascii() and code.isdecimal()):
        yield f"{one.hs_code!r} is no HS code"


def order(draft: ParcelDraft, service: str, settings: FourPxSettings) -> dict[str, object]:
    """A parcel without problems; fields that would be empty are left out."""
    return {
        "ref_no": draft.mark,
        "business_type": "BDS",
        "duty_type": settings.duty,
        "cargo_type": "5",
        "logistics_service_info": {"logistics_product_code": service},
        "return_info": {
            "is_return_on_domestic": settings.return_domestic,
            "is_return_on_oversea": settings.return_oversea,
        },
        "parcel_list": [_parcel(draft, settings)],
        "is_insure": "N",
        "sender": _filled(settings.sender.model_dump()),
        "recipient_info": _recipient(draft.receiver),
        "deliver_type_info": _delivery(draft, settings),
    }


def quote(draft: ParcelDraft, products: list[str]) -> dict[str, object]:
    """A parcel in the body of ``ds.xms.estimated_cost.get``, whose numbers are texts."""
    length, width, height = draft.size_cm
    said = {
        "country_code": wire.country(draft.receiver.country),
        "weight": str(draft.weight_g),
        "length": str(length),
        "width": str(width),
        "height": str(height),
        "cargocode": "P",
        "recipient_post_code": draft.receiver.postcode,
    }
    return {**_filled(said), "logistics_product_code": products}


def _parcel(draft: ParcelDraft, settings: FourPxSettings) -> dict[str, object]:
    length, width, height = draft.size_cm
    battery = {"battery_type": settings.battery_type} if draft.battery else {}
    return {
        "weight": draft.weight_g,
        "length": length,
        "width": width,
        "height": height,
        "parcel_value": sum((wire.amount(one.value) * one.quantity for one in draft.goods), Decimal(0)),
        "currency": draft.goods[0].value.currency,
        "include_battery": "Y" if draft.battery else "N",
        **_filled(battery),
        "declare_product_info": [_declared(one, draft, settings) for one in draft.goods],
    }


def _declared(one: Declared, draft: ParcelDraft, settings: FourPxSettings) -> dict[str, object]:
    price, currency, code = wire.amount(one.value), one.value.currency, wire.hs_digits(one.hs_code)
    return {
        "declare_product_name_cn": one.name_cn,
        "declare_product_name_en": one.name_en,
        "declare_product_code_qty": one.quantity,
        "unit_net_weight": one.weight_g,
        "unit_gross_weight": one.weight_g,
        "country_export": settings.sender.country,
        "country_import": wire.country(draft.receiver.country),
        "declare_unit_price_export": price,
        "currency_export": currency,
        "declare_unit_price_import": price,
        "currency_import": currency,
        "brand_export": "none",
        "brand_import": "none",
        **_filled({"material": one.material, "hscode_export": code}),
    }


def _recipient(receiver: BuyerAddress) -> dict[str, object]:
    """The buyer; the whole name goes into the first one, since nobody can tell where it is to be cut."""
    return _filled(
        {
            "first_name": receiver.name,
            "phone": receiver.phone,
            "post_code": receiver.postcode,
            "country": wire.country(receiver.country),
            "state": receiver.province,
            "city": receiver.city,
            "street": receiver.street,
        }
    )


def _delivery(draft: ParcelDraft, settings: FourPxSettings) -> dict[str, object]:
    said: dict[str, object] = _filled({"deliver_type": settings.deliver, "warehouse_code": settings.warehouse})
    if settings.deliver == "2" and draft.domestic_number:
        express = {"express_company": draft.domestic_carrier, "tracking_no": draft.domestic_number}
        said["express_to_4px_info"] = _filled(express)
    return said


def _filled(said: dict[str, str]) -> dict[str, object]:
    return {name: value for name, value in said.items() if value}
