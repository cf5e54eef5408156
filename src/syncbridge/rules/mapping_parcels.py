"""How booked parcels are written in a mapping file: what customs are told of the goods, and which line is taken."""

from __future__ import annotations

import re
from decimal import Decimal

from syncbridge.model.money import Money
from syncbridge.rules import mapping_values as values
from syncbridge.rules.mapping import LineChoice, ParcelPolicy
from syncbridge.rules.mapping_reader import Section, Value

LONGEST_NAME_CN = 20
LONGEST_NAME_EN = 60
"""Both as AliExpress takes them (aliexpress.md §6.2)."""


def policy(value: Value) -> ParcelPolicy:
    """One entry under ``parcels``."""
    with Section(value) as keys:
        choice = _choice(keys, LineChoice())
        return ParcelPolicy(
            name_cn=keys.must("name_cn", _name_cn, "笔记本"),
            name_en=keys.must("name_en", _name_en, "notebook"),
            value=keys.must("value", _worth, "30 %"),
            hs_code=keys.may("hs_code", _hs_code, ""),
            material=keys.may("material", Value.text, ""),
            battery=keys.may("battery", values.yes_or_no, False),
            choice=choice,
            countries=keys.may("countries", lambda section: _countries(section, choice), {}),
        )


def _choice(keys: Section, like: LineChoice) -> LineChoice:
    """What is written of the lines; all else is as in `like`."""
    return LineChoice(
        lines=keys.may("lines", values.list_of(Value.text), like.lines),
        prefer=keys.may("prefer", values.preferred, like.prefer),
        longest_days=keys.may("longest", values.days, like.longest_days),
        dearest=keys.may("dearest", values.amount, like.dearest),
    )


def _countries(value: Value, like: LineChoice) -> dict[str, LineChoice]:
    countries: dict[str, LineChoice] = {}
    for key, inner in value.pairs().values():
        name = key.read(values.country)
        if name in countries:
            key.notes.add(key.place, f"{name} is already written here in other letters; keep one")
        countries[name] = inner.read(lambda section: _of_country(section, like))
    return countries


def _of_country(value: Value, like: LineChoice) -> LineChoice:
    with Section(value) as keys:
        return _choice(keys, like)


def _name_cn(value: Value) -> str:
    return _name(value, "Chinese", LONGEST_NAME_CN)


def _name_en(value: Value) -> str:
    return _name(value, "English", LONGEST_NAME_EN)


def _name(value: Value, language: str, longest: int) -> str:
    text = value.text()
    if len(text) > longest:
        raise value.unusable(
            f'"{text}" has {len(text)} characters, and customs take one in {language} of at most {longest}; '
            "say what the goods are, and leave the rest out"
        )
    return text


def _hs_code(value: Value) -> str:
    text = value.text()
    if not re.fullmatch(r"[0-9]{6,10}", text):
        raise value.unusable(
            f'"{text}" is no HS code; write its 6 to 10 digits without points, in quotes, such as "482010"'
        )
    return text


def _worth(value: Value) -> Money | Decimal:
    """What is declared of one unit."""
    text = value.text()
    if not text.endswith("%"):
        if " " not in text:
            raise value.unusable(
                f"{text} is neither an amount nor a share of what the buyer paid; write 3.00 USD or 30 %"
            )
        return values.amount(value)
    fraction = values.percentage(value)
    if not 0 < fraction <= 1:
        raise value.unusable(f"{text} cannot be declared; write more than 0 % and at most 100 % of what the buyer paid")
    return fraction
