"""Categories, their attributes and what laws want of their goods, as the vendor tells it (aliexpress.md §4)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import msgspec

from syncbridge.adapters.aliexpress.mock.category_tree import (
    ATTRIBUTES,
    CATEGORIES,
    CHILDREN,
    QUALIFICATIONS,
    Attribute,
    Category,
)
from syncbridge.adapters.aliexpress.mock.words import Digits, Flag, Words
from syncbridge.adapters.aliexpress.mock.world import Account, World

Payload = dict[str, object]
_PATH = re.compile(r"[0-9]{1,18}=[0-9]{1,18}")
_LOCALES = ("zh_CN", "en_US", "ru_RU", "es_ES", "fr_FR", "de_DE")


class AskCategory(Words):
    """getchildrenpostcategorybyid and getpostcategorybyid."""

    param0: Digits


class AskTree(Words):
    """category.tree.list; 0 is the root."""

    category_id: Digits = "0"
    only_with_permission: Flag = "false"
    channel: str | None = None
    channel_seller_id: Digits | None = None


class AskAttributes(Words):
    """getchildattributesresultbypostcateidandpath."""

    param1: Digits
    param2: list[str] = msgspec.field(default_factory=list)
    locale: str = "en_US"
    channel: str | None = None
    channel_seller_id: Digits | None = None
    product_type: str | None = None


class AskPersons(Words):
    """category.eu.responsible.persons.list."""

    category_id: Digits
    channel: str | None = None
    channel_seller_id: Digits | None = None


class AskQualifications(Words):
    """category.qualifications.list."""

    category_id: Digits
    local: str


def children(world: World, account: Account, asked: AskCategory) -> Payload:
    """The categories directly below one."""
    found = [category for category in CATEGORIES.values() if category.parent == int(asked.param0)]
    return {"result": {"success": True, "aeop_post_category_list": [_told(category) for category in found]}}


def one(world: World, account: Account, asked: AskCategory) -> Payload:
    """A category."""
    category = CATEGORIES.get(int(asked.param0))
    if category is None:
        return {"result": {"success": False}}
    return {"result": {"success": True, "aeop_post_category_list": [_told(category)]}}


def tree(world: World, account: Account, asked: AskTree) -> Payload:
    """The same as objects; the names of the older call are a JSON text."""
    found = [category for category in CATEGORIES.values() if category.parent == int(asked.category_id)]
    listed = [
        _told(category) | {"names": _names(category), "features": {}, "level": str(category.level)}
        for category in found
    ]
    return {"success": "true", "aeop_post_category_list": listed}


def attributes(world: World, account: Account, asked: AskAttributes) -> Payload:
    """A leaf's attributes, or those below a value of another attribute."""
    category = CATEGORIES.get(int(asked.param1))
    if category is None or not category.is_leaf or asked.locale not in _LOCALES:
        return _no_attributes(f"{asked.param1} is no leaf category, or {asked.locale} no language")
    if not all(_PATH.fullmatch(step) for step in asked.param2):
        return _no_attributes("a step of param2 is attribute=value")
    found = _below(asked.param2) if asked.param2 else ATTRIBUTES
    if not found:
        return _no_attributes(f"nothing is below {asked.param2[-1]}")
    return {"result": {"success": True, "attributes": [_shown(attribute, asked.locale) for attribute in found]}}


def persons(world: World, account: Account, asked: AskPersons) -> Payload:
    """Whom the seller named as responsible in the European Union."""
    category = CATEGORIES.get(int(asked.category_id))
    if category is None or not category.needs_eu_person:
        return {"support": False, "eu_contact_module_list": []}
    return {"support": True, "eu_contact_module_list": [{"msr_eu_id": 1000123, "name": "EU Compliance GmbH"}]}


def qualifications(world: World, account: Account, asked: AskQualifications) -> Payload:
    """Which proofs goods of a category need."""
    category = CATEGORIES.get(int(asked.category_id))
    keys = category.qualifications if category else ()
    told = [
        {"key": key, "type": kind, "label": label, "tips": label, "required": required, "countryCode": "ES"}
        for key in keys
        for kind, label, required in [QUALIFICATIONS[key]]
    ]
    return {"support": bool(told), "qualification_module_list": told}


def _below(path: Sequence[str]) -> tuple[Attribute, ...]:
    name, _, value = path[-1].partition("=")
    parent = next((attribute for attribute in ATTRIBUTES if attribute.number == int(name)), None)
    number = (parent.children or {}).get(int(value)) if parent else None
    return (CHILDREN[number],) if number else ()


def _names(category: Category) -> Payload:
    return {"en": category.english, "zh": category.chinese}


def _told(category: Category) -> Payload:
    return {
        "id": category.number,
        "isleaf": category.is_leaf,
        "level": category.level,
        "names": json.dumps(_names(category), ensure_ascii=False),
        "features": "{}",
    }


def _shown(attribute: Attribute, locale: str) -> Payload:
    features = {"AE_FEATURE_PRequireStrategy": attribute.required_in} if attribute.required_in else {}
    return {
        "id": attribute.number,
        "names": _words(attribute.english, attribute.chinese, locale),
        "sku": bool(attribute.of_sku),
        "spec": attribute.of_sku or None,
        "required": False,
        "key_attribute": attribute.number == 2,
        "visible": attribute.visible,
        "attribute_show_type_value": attribute.shown_as,
        "input_type": "STRING",
        "customized_name": attribute.of_sku in (1, 2),
        "customized_pic": attribute.of_sku == 1,
        "support_enum_input": False,
        "features": json.dumps(features),
        "values": [
            {
                "id": number,
                "names": _words(english, chinese, locale),
                "has_sub_attr": number in (attribute.children or {}),
                "value_tags": "{}",
            }
            for number, english, chinese in attribute.values
        ],
    }


def _words(english: str, chinese: str, locale: str) -> str:
    """The name as a JSON text, in Chinese and in the language asked for."""
    return json.dumps(
        {"zh": chinese, "en": english, locale[:2]: chinese if locale == "zh_CN" else english}, ensure_ascii=False
    )


def _no_attributes(why: str) -> Payload:
    return {"result": {"success": False, "error_code": "isv.invalid-parameter", "error_message": why}}
