"""Prices of single countries as the vendor takes them, none below half of the SKU's own (§4.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from syncbridge.adapters.aliexpress.mock import product_words as words
from syncbridge.adapters.aliexpress.mock.world import Refused

_LOWEST = -50
"""Percents below the SKU's price."""


class _CountryQuote(msgspec.Struct, forbid_unknown_fields=True):
    shiptoCountry: words.Country  # noqa: N815  the vendor's name
    absoluteQuoteMap: dict[str, str]  # noqa: N815  the vendor's name, whatever the type of configuration


def understood(quotes: words.NationalQuotes | None, prices: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Whole percents by country and SKU id, where they are given so; raises Refused. `prices` are the SKUs' own."""
    if quotes is None or quotes.configuration_type == "delete":
        return {}
    try:
        found = msgspec.json.decode(quotes.configuration_data, type=list[_CountryQuote])
    except msgspec.DecodeError as error:
        raise _refused(f"configuration_data: {error}") from error
    for quote in found:
        for sku_id, value in quote.absoluteQuoteMap.items():
            if sku_id not in prices:
                raise _refused(f"configuration_data names SKU {sku_id}, which the product does not have")
            if not _is_allowed(quotes.configuration_type, value, Decimal(prices[sku_id])):
                raise _refused(f"{value} is no {quotes.configuration_type} quote of at least half of {prices[sku_id]}")
    if quotes.configuration_type != "percentage":
        return {}
    return {
        quote.shiptoCountry: {sku_id: int(value) for sku_id, value in quote.absoluteQuoteMap.items()} for quote in found
    }


def _is_allowed(kind: str, value: str, price: Decimal) -> bool:
    if kind == "percentage":
        return re.fullmatch(r"-?[0-9]{1,4}", value) is not None and int(value) >= _LOWEST
    if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,2})?", value):
        return False
    result = Decimal(value) if kind == "absolute" else price + Decimal(value)
    return result >= price / 2


def _refused(what: str) -> Refused:
    return Refused("15", "Remote service error", sub_code="isv.invalid-parameter", sub_msg=what)
