"""Prices of single countries as the vendor takes them: whole percents above or below a SKU's price (§4.2)."""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec

from syncbridge.adapters.aliexpress.mock import words
from syncbridge.adapters.aliexpress.mock.world import Refused

_LOWEST = -50
"""Percents below the SKU's price."""


class _CountryQuote(msgspec.Struct, forbid_unknown_fields=True):
    shiptoCountry: words.Country  # noqa: N815  the vendor's name
    absoluteQuoteMap: dict[str, str]  # noqa: N815  the vendor's name, whatever the type of configuration


def understood(quotes: words.NationalQuotes | None, sku_ids: Collection[str]) -> dict[str, dict[str, int]]:
    """Percents by country and SKU id; raises Refused."""
    if quotes is None:
        return {}
    if quotes.configuration_type != "percentage":
        raise _refused(f"the mock does not know configuration_type {quotes.configuration_type}")
    try:
        found = msgspec.json.decode(quotes.configuration_data, type=list[_CountryQuote])
    except msgspec.DecodeError as error:
        raise _refused(f"configuration_data: {error}") from error
    return {quote.shiptoCountry: _percents(quote, sku_ids) for quote in found}


def _percents(quote: _CountryQuote, sku_ids: Collection[str]) -> dict[str, int]:
    for sku_id, percent in quote.absoluteQuoteMap.items():
        if sku_id not in sku_ids:
            raise _refused(f"configuration_data names SKU {sku_id}, which the product does not have")
        if not re.fullmatch(r"-?\d{1,4}", percent) or int(percent) < _LOWEST:
            raise _refused(f"{percent} is no whole percentage of {_LOWEST} or more")
    return {sku_id: int(percent) for sku_id, percent in quote.absoluteQuoteMap.items()}


def _refused(what: str) -> Refused:
    return Refused("15", "Remote service error", sub_code="isv.invalid-parameter", sub_msg=what)
