"""Messages nobody took, to be fetched later; no token is needed (1688.md §6.3)."""

from __future__ import annotations

from datetime import timedelta

from syncbridge.adapters.alibaba1688.mock.accounts import Account
from syncbridge.adapters.alibaba1688.mock.params import Field, Fields, Json
from syncbridge.adapters.alibaba1688.mock.pushes import envelope
from syncbridge.adapters.alibaba1688.mock.records import Message
from syncbridge.adapters.alibaba1688.mock.refusals import BusinessRefusal
from syncbridge.adapters.alibaba1688.mock.state import State

_KEPT = timedelta(days=90)
_SIZES = (20, 200)
_FILTERS: Fields = {
    "createStartTime": Field("Date"),
    "createEndTime": Field("Date"),
    "type": Field("String"),
    "userInfo": Field("String"),
}
CURSOR: Fields = {**_FILTERS, "quantity": Field("Integer")}
QUERY: Fields = {**_FILTERS, "page": Field("Integer"), "pageSize": Field("Integer")}
CONFIRM: Fields = {"msgIdList": Field("Long", many=True)}


def cursor(state: State, account: Account, params: Json) -> Json:
    """The oldest that fit; whoever reads them has confirmed them."""
    quantity = _size(params.get("quantity", 20))
    read = _fitting(state, account, params)[:quantity]
    _forget(state, read)
    return {"pushMessageList": [_shown(message) for message in read]}


def query(state: State, account: Account, params: Json) -> Json:
    """One page of those that fit, which stay until they are confirmed."""
    size, page = _size(params.get("pageSize", 20)), params.get("page", 1)
    if page < 1:
        raise BusinessRefusal("400", f"page {page}")
    fits = _fitting(state, account, params)
    shown = [_shown(message) for message in fits[(page - 1) * size : page * size]]
    return {"pushMessagePage": {"datas": shown, "totalCount": len(fits)}}


def confirm(state: State, account: Account, params: Json) -> Json:
    """These were read; ids nobody knows are no mistake."""
    ids = set(params.get("msgIdList", ()))
    _forget(state, [each for each in state.missed if each.account is account and each.msg_id in ids])
    return {"isSuccess": True}


def _fitting(state: State, account: Account, params: Json) -> list[Message]:
    oldest = state.clock.now() - _KEPT
    state.missed = [each for each in state.missed if each.born > oldest]
    start, end = params.get("createStartTime"), params.get("createEndTime")
    return [
        each
        for each in state.missed
        if each.account is account
        and (start is None or each.born >= start)
        and (end is None or each.born <= end)
        and params.get("type") in (None, each.topic)
        and params.get("userInfo") in (None, account.member_id)
    ]


def _forget(state: State, read: list[Message]) -> None:
    ids = {message.msg_id for message in read}
    state.missed = [each for each in state.missed if each.msg_id not in ids]


def _size(asked: int) -> int:
    least, most = _SIZES
    if not least <= asked <= most:
        raise BusinessRefusal("400", f"{asked} is not between {least} and {most}")
    return asked


def _shown(message: Message) -> Json:
    group, _, name = message.topic.partition("_")
    return envelope(message) | {"topicGroup": group, "topicName": name, "appKey": message.account.app_key}
