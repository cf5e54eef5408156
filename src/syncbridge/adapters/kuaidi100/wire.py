"""快递100's words: the parts of its answers that are read, its states as ours, China's times in UTC.

States and codes arrive as text, and are taken as numbers too; most documented fields may be null or empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeAlias

import msgspec

from syncbridge.model.shipping import Movement

Text: TypeAlias = str | int | None
"""A field that comes as text or as a number, or not at all."""

_CHINA = timezone(timedelta(hours=8))
_TABLE = (
    ("0", "在途", Movement.MOVING),
    ("1001", "到达派件城市", Movement.MOVING),
    ("1002", "干线", Movement.MOVING),
    ("1003", "转递", Movement.MOVING),
    ("1", "揽收", Movement.MOVING),
    ("101", "已下单", Movement.ANNOUNCED),
    ("102", "待揽收", Movement.ANNOUNCED),
    ("103", "已揽收", Movement.MOVING),
    ("2", "疑难", Movement.ABNORMAL),
    ("201", "超时未签收", Movement.ABNORMAL),
    ("202", "超时未更新", Movement.ABNORMAL),
    ("203", "拒收", Movement.NOT_DELIVERED),
    ("204", "派件异常", Movement.NOT_DELIVERED),
    ("205", "柜或驿站超时未取", Movement.ABNORMAL),
    ("206", "无法联系", Movement.NOT_DELIVERED),
    ("207", "超区", Movement.ABNORMAL),
    ("208", "滞留", Movement.ABNORMAL),
    ("209", "破损", Movement.ABNORMAL),
    ("210", "销单", Movement.ABNORMAL),
    ("3", "签收", Movement.DELIVERED),
    ("301", "本人签收", Movement.DELIVERED),
    ("302", "派件异常后签收", Movement.DELIVERED),
    ("303", "代签", Movement.DELIVERED),
    ("304", "投柜或站签收", Movement.DELIVERED),
    ("4", "退签", Movement.RETURNED),
    ("401", "已销单", Movement.ABNORMAL),
    ("5", "派件", Movement.OUT_FOR_DELIVERY),
    ("501", "投柜或驿站", Movement.TO_COLLECT),
    ("6", "退回", Movement.RETURNED),
    ("7", "转投", Movement.MOVING),
    ("8", "清关", Movement.MOVING),
    ("10", "待清关", Movement.MOVING),
    ("11", "清关中", Movement.MOVING),
    ("12", "已清关", Movement.MOVING),
    ("13", "清关异常", Movement.ABNORMAL),
    ("14", "拒签", Movement.NOT_DELIVERED),
)
"""Code, word and meaning; a parcel on its way back counts as returned."""
STATES: Mapping[str, Movement] = {word: movement for code, name, movement in _TABLE for word in (code, name)}


def movement(*words: Text) -> Movement:
    """How far a parcel is, by the first of these states a document knows, the finest given first.

    Where none does it is UNKNOWN, which neither ends the following, as DELIVERED would, nor says that all is well,
    as MOVING would; a parcel nobody knows anything of for long is looked at by a person.
    """
    said = (as_text(word) for word in words)
    return next((STATES[word] for word in said if word in STATES), Movement.UNKNOWN)


def as_text(value: Text) -> str:
    """A number or a state as text; empty where there is none."""
    return "" if value is None else str(value).strip()


def utc(*texts: str | None) -> datetime | None:
    """The first of these times, China's wall clock, that can be read, in UTC."""
    for text in texts:
        try:
            at = datetime.strptime(text or "", "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  China's, as the next line says
        except ValueError:
            continue
        return at.replace(tzinfo=_CHINA).astimezone(UTC)
    return None


class Event(msgspec.Struct, rename="camel"):
    """One thing a carrier told; its state is given from ``resultv2`` 1 on, the fine one from 4 on."""

    time: str | None = None
    ftime: str | None = None
    context: Text = None
    status: Text = None
    status_code: Text = None
    location: Text = None
    area_name: Text = None


class Told(msgspec.Struct, rename="camel"):
    """A parcel, or why there is none: ``returnCode`` of a refusal, ``status`` 200 of an answer."""

    return_code: Text = None
    status: Text = None
    message: Text = None
    nu: Text = None
    com: Text = None
    state: Text = None
    data: list[msgspec.Raw] | None = None
    """Events, each still to be read, the newest first."""


class Pushed(msgspec.Struct, rename="camel"):
    """A message: how the following of a parcel goes, and what its carriers told, abroad in ``destResult``."""

    status: str
    last_result: Told
    dest_result: Told | None = None
