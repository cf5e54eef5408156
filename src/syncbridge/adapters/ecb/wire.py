"""The bank's words: an XML file of nested ``Cube`` elements, a day and a rate for each currency, per euro."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from syncbridge.model.rates import DailyRates

BASE = "EUR"
_CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"


def daily(body: bytes) -> DailyRates:
    """The rates of the newest day; a rate that is no number is left out. Raises ValueError for another document."""
    try:
        root: Element = fromstring(body)
    except (ParseError, DefusedXmlException) as error:
        raise ValueError(f"this is no file of rates ({type(error).__name__})") from error
    days = [cube for cube in root.iter(_CUBE) if cube.get("time")]
    if not days:
        raise ValueError("the file names no day")
    newest = max(days, key=lambda cube: cube.get("time", ""))
    rates = ((cube.get("currency", ""), _rate(cube)) for cube in newest.iter(_CUBE) if cube.get("currency"))
    values = {currency: rate for currency, rate in rates if rate is not None}
    return DailyRates(BASE, date.fromisoformat(newest.get("time", "")), values)


def _rate(cube: Element) -> Decimal | None:
    try:
        rate = Decimal(cube.get("rate", ""))
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and rate > 0 else None
