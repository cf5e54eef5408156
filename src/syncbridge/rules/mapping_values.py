"""What single values of a mapping file may be: amounts, percentages, ids, days. All exact, all from text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import TypeVar

from syncbridge.model.money import Money
from syncbridge.rules.countries import CODES, iso
from syncbridge.rules.mapping import (
    BuyMode,
    CodeStyle,
    CostBasis,
    NewVariants,
    OtherCarrier,
    Preferred,
    ShippingWay,
    Suppliers,
)
from syncbridge.rules.mapping_reader import Section, Value
from syncbridge.rules.patterns import Pattern

E = TypeVar("E", bound=StrEnum)

_NUMBER = r"[0-9]{1,12}(\.[0-9]{1,12})?"


def decimal(value: Value) -> Decimal:
    """A number of zero or more."""
    return _number(value, value.text())


def positive(value: Value) -> Decimal:
    """A number above zero."""
    number = decimal(value)
    if not number:
        raise value.unusable("0 makes no sense here; write a number above zero, such as 1.8")
    return number


def percentage(value: Value) -> Decimal:
    """A share written as "30 %"; answers the fraction."""
    return _number(value, value.text().removesuffix("%").strip()) / 100


def share(value: Value) -> Decimal:
    """A part of a whole, from nothing to just under all of it: "8 %" or 0.08."""
    text = value.text()
    fraction = percentage(value) if text.endswith("%") else _number(value, text)
    if fraction >= 1:
        raise value.unusable(f"{text} is the whole or more; write a percentage such as 8 %, or 0.08")
    return fraction


def money(value: Value) -> Money:
    """An amount of zero or more with its currency, such as 3.00 CNY."""
    text = value.text()
    amount, _, currency = text.partition(" ")
    number = _number(value, amount)
    if not currency.strip():
        raise value.unusable(f"{text} lacks a currency; write it as {text} CNY")
    return Money(number, _currency(value, currency.strip()))


def amount(value: Value) -> Money:
    """An amount above zero with its currency."""
    found = money(value)
    if not found.amount:
        raise value.unusable(f"{value.text()} makes no sense here; write an amount above zero")
    return found


def currency(value: Value) -> str:
    """A three-letter currency code."""
    return _currency(value, value.text())


def currency_pair(value: Value) -> tuple[str, str]:
    """What is exchanged for what, written as CNY/USD."""
    here, _, there = value.text().partition("/")
    if not there or here == there:
        raise value.unusable(f'"{value.text()}" is no pair of currencies; write CNY/USD for dollars per yuan')
    return _currency(value, here), _currency(value, there)


def day(value: Value) -> date:
    """A day of the calendar."""
    text = value.text()
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass  # well written, but on no calendar: told below
    raise value.unusable(f'"{text}" is not a day; write year-month-day, such as 2026-11-20')


def days(value: Value) -> int:
    """How many days, written as 30 days."""
    match = re.fullmatch(r"([1-9][0-9]{0,2})\s+days?", value.text())
    if not match:
        raise value.unusable(f'"{value.text()}" is no number of days; write 30 days')
    return int(match[1])


def whole(least: int) -> Callable[[Value], int]:
    """A whole number, not below `least`."""

    def reader(value: Value) -> int:
        text = value.text()
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < least:
            raise value.unusable(f'"{text}" is not a whole number of {least} or more')
        return int(text)

    return reader


def digits(value: Value) -> str:
    """An id of the channel; kept as text."""
    text = value.text()
    if not re.fullmatch(r"[0-9]+", text):
        raise value.unusable(f'"{text}" is not an id; the channel\'s ids are digits only, such as "200135143"')
    return text


def grams(value: Value) -> int:
    """A weight in grams, written as 500 g or 0.5 kg."""
    match = re.fullmatch(rf"({_NUMBER})\s*(g|kg)", value.text())
    weight = Decimal(match[1]) * (1000 if match[3] == "kg" else 1) if match else Decimal(0)
    if not weight or weight != weight.to_integral_value():
        raise value.unusable(f'"{value.text()}" is not a weight in whole grams; write 500 g or 0.5 kg')
    return int(weight)


def package_cm(value: Value) -> tuple[int, int, int]:
    """Length, width and height in centimetres, written as 20 x 15 x 5 cm."""
    match = re.fullmatch(r"([1-9]\d{0,3})\s*x\s*([1-9]\d{0,3})\s*x\s*([1-9]\d{0,3})\s*cm", value.text(), re.ASCII)
    if not match:
        raise value.unusable(f'"{value.text()}" is not a package size; write it as 20 x 15 x 5 cm')
    return int(match[1]), int(match[2]), int(match[3])


def locale(value: Value) -> str:
    """A language and country, such as en_US."""
    text = value.text()
    if not re.fullmatch(r"[a-z]{2}_[A-Z]{2}", text):
        raise value.unusable(f'"{text}" is not a language and country; write it as en_US')
    return text


def buy_mode(value: Value) -> BuyMode:
    """Who sends the purchase."""
    return _one_of(BuyMode, value, "is no way to buy")


def shipping_way(value: Value) -> ShippingWay:
    """How parcels get abroad."""
    return _one_of(ShippingWay, value, "is no way to ship")


def preferred(value: Value) -> Preferred:
    """Which of the lines that may be taken is."""
    return _one_of(Preferred, value, "is no way to choose a line")


def suppliers(value: Value) -> Suppliers:
    """Whose stock is shown."""
    return _one_of(Suppliers, value, "is no way to count stock")


def new_variants(value: Value) -> NewVariants:
    """What becomes of specs a supplier adds."""
    return _one_of(NewVariants, value, "is nothing to do with new variants")


def cost_basis(value: Value) -> CostBasis:
    """Which of a supplier's prices counts."""
    text = value.text()
    if text not in tuple(CostBasis):
        raise value.unusable(f'"{text}" is none of the supplier\'s prices; write one of {", ".join(CostBasis)}')
    return CostBasis(text)


def code_style(value: Value) -> CodeStyle:
    """What follows the prefix in the code of a new SKU."""
    text = value.text()
    if text not in tuple(CodeStyle):
        raise value.unusable(f'"{text}" is no way to make SKU codes; write one of {", ".join(CodeStyle)}')
    return CodeStyle(text)


def pattern(value: Value) -> Pattern:
    """How codes the seller gave name the goods code, such as TY-{goods}-{any}."""
    try:
        return Pattern.parse(value.text())
    except ValueError as error:
        raise value.unusable(f'the pattern "{value.text()}" {error}') from None


def country(value: Value) -> str:
    """Two letters of a country, as ISO or AliExpress write it; answers ISO's."""
    text = value.text()
    if iso(text) not in CODES:
        raise value.unusable(f'"{text}" is no country; write its two letters, such as DE, FR or UK')
    return iso(text)


def yes_or_no(value: Value) -> bool:
    """Whether something is done."""
    text = value.text()
    if text not in ("true", "false"):
        raise value.unusable(f'"{text}" is neither yes nor no; write true or false')
    return text == "true"


def list_of(reader: Callable[[Value], str]) -> Callable[[Value], tuple[str, ...]]:
    """A list without repetitions."""

    def whole_list(value: Value) -> tuple[str, ...]:
        seen: list[str] = []

        def fresh(item: Value) -> None:
            text = reader(item)
            if text in seen:
                raise item.unusable(f'"{text}" is in the list twice; keep one')
            seen.append(text)

        for item in value.items():
            item.read(fresh)
        return tuple(seen)

    return whole_list


def services(value: Value) -> dict[str, tuple[str, OtherCarrier | None]]:
    """By the forwarder's word for a carrier: the channel's key of it, and who it is where the key does not say so."""
    read = [inner.read(partial(_service, name)) for name, (_, inner) in value.pairs().items()]
    return dict(filter(None, read))  # those that cannot be used are noted


def _service(name: str, value: Value) -> tuple[str, tuple[str, OtherCarrier | None]]:
    key, other = (value.text(), None) if value.is_text else _other(value)
    is_other = (key or "").upper().startswith("OTHER")
    if is_other and value.is_text:
        raise value.unusable(
            f"{key} stands for any carrier, so its name and site are wanted, too; write "
            f"{{key: {key}, site: https://…, carrier: …}}"
        )
    if not is_other and not value.is_text and key:
        raise value.unusable(f"only a key that begins with OTHER wants a site and a carrier; write {key} alone")
    return name, (key, other)


def _other(value: Value) -> tuple[str, OtherCarrier]:
    with Section(value) as keys:
        key = keys.must("key", Value.text, "OTHER")
        site = keys.must("site", _address, "https://track.example.com")
        return key, OtherCarrier(keys.must("carrier", Value.text, "Example Express"), site)


def _address(value: Value) -> str:
    text = value.text()
    if not re.fullmatch(r"https?://[^\s/]+\.[^\s]+", text):
        raise value.unusable(
            f'"{text}" is not the address of a page; write it whole, such as https://track.example.com'
        )
    return text


def _number(value: Value, text: str) -> Decimal:
    if re.fullmatch(_NUMBER, text):
        return Decimal(text)
    if text.startswith("-"):
        raise value.unusable(f"{text} is negative; write a number of zero or more")
    if re.fullmatch(r"[0-9]+,[0-9]+", text):
        raise value.unusable(f"{text} has a comma; write {text.replace(',', '.')} with a point")
    raise value.unusable(f'"{text}" is not a number; write digits, and a point before the fraction, such as 1.8')


def _currency(value: Value, code: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise value.unusable(f'"{code}" is not a currency; write three capital letters, such as CNY or USD')
    return code


def _one_of(kind: type[E], value: Value, what: str) -> E:
    """The member of an enum that is written; `what` says what another word is not."""
    text = value.text()
    if text not in tuple(kind):
        raise value.unusable(f'"{text}" {what}; write one of {", ".join(kind)}')
    return kind(text)
