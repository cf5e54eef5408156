"""快递100 as its documents say it behaves, with books of its own and failures on demand."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Annotated, Literal, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec import Meta
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from syncbridge.ports import Clock, Push

REST, MONTH = timedelta(minutes=30), timedelta(days=31)
MOST_SUBSCRIPTIONS = 4
TOO_SOON = "too_soon"
"""Refuses a second query within half an hour. A code of the mock's own: the vendor's is not documented."""
_CHINA = timezone(timedelta(hours=8))
_COMPANIES = {"yuantong", "yunda", "shentong", "ems", "shunfeng", "zhongtong", "youzhengguoji"}
_WANT_PHONE = {"shunfeng", "zhongtong"}
_FORM = "application/x-www-form-urlencoded"
P = TypeVar("P")
Payload = dict[str, object]
_Number = Annotated[str, Meta(min_length=6, max_length=32)]
_Version = Literal["0", "1", "4", "8"]


class _Query(msgspec.Struct, forbid_unknown_fields=True):
    com: str
    num: _Number
    phone: str = ""
    resultv2: _Version = "0"
    show: Literal["0"] = "0"
    order: Literal["desc", "asc"] = "desc"


class _Parameters(msgspec.Struct, forbid_unknown_fields=True):
    callbackurl: Annotated[str, Meta(min_length=1)]
    salt: str = ""
    resultv2: _Version = "0"
    autoCom: Literal["0", "1"] = "0"  # noqa: N815  the vendor's name
    phone: str = ""


class _Subscription(msgspec.Struct, forbid_unknown_fields=True):
    company: str
    number: _Number
    key: str
    parameters: _Parameters


class _Told(msgspec.Struct, forbid_unknown_fields=True):
    """What a carrier tells of a parcel."""

    number: str
    state: str
    context: str = ""
    name: str = ""
    location: str = ""


class _Fault(msgspec.Struct, forbid_unknown_fields=True):
    count: int = 1


class _Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass
class Parcel:
    """What is known of a number."""

    number: str
    company: str = "yuantong"
    state: str = "0"
    events: list[Payload] = field(default_factory=list)
    """The newest first."""


class Kuaidi100Mock:
    """One customer and the parcels of the world; keeps to the `MockVendor` port."""

    def __init__(self, clock: Clock, push: Push) -> None:
        self._clock = clock
        self._push = push
        self.customer = "0F1E2D3C4B5A69788796A5B4C3D2E1F0"
        self.key = "AbCdEfGh1234"
        self.parcels: dict[str, Parcel] = {}
        self.unavailable = 0
        """So many next calls are answered 503."""
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._asked: dict[str, datetime] = {}
        self._subscribed: dict[str, list[datetime]] = {}
        self._following: dict[str, _Parameters] = {}

    def asgi(self) -> Starlette:
        """The app that answers as the vendor does."""
        return Starlette(
            routes=[
                Route("/poll/query.do", self._query, methods=["POST"]),
                Route("/poll", self._subscribe, methods=["POST"]),
                Route("/_mock/accounts", self._open, methods=["POST"]),
                Route("/_mock/parcels", self._move, methods=["POST"]),
                Route("/_mock/faults", self._fail, methods=["POST"]),
                Route("/_books", self._show, methods=["GET"]),
            ]
        )

    def books(self) -> Mapping[str, object]:
        """Parcels and how far they are, who is subscribed to, what was called and what refused."""
        return {
            "parcels": {parcel.number: parcel.state for parcel in self.parcels.values()},
            "subscribed": sorted(self._following),
            "calls": self.calls,
            "refused": self.refused,
        }

    def move(self, number: str, state: str, context: str, *, name: str = "", location: str = "") -> Parcel:
        """A carrier tells something of a number now."""
        at = f"{self._clock.now().astimezone(_CHINA):%Y-%m-%d %H:%M:%S}"
        event: Payload = {
            "time": at,
            "ftime": at,
            "context": context,
            "status": name,
            "statusCode": state,
            "areaCode": None,
            "areaName": None,
            "location": location,
        }
        parcel = self.parcels.setdefault(number, Parcel(number))
        parcel.state = state
        parcel.events.insert(0, event)
        return parcel

    def message(self, parcel: Parcel, salt: str, status: str = "polling") -> bytes:
        """A push about a parcel."""
        words = {"status": status, "billstatus": "got", "message": "", "autoCheck": "0", "lastResult": _told(parcel)}
        param = json.dumps(words, ensure_ascii=False)
        return urlencode({"sign": _md5(param + salt), "param": param}).encode()

    async def _query(self, request: Request) -> Response:
        return await self._answer(request, "query", self._queried)

    async def _subscribe(self, request: Request) -> Response:
        return await self._answer(request, "subscribe", self._subscribed_to)

    async def _answer(self, request: Request, api: str, act: Callable[[Mapping[str, str]], Payload]) -> Response:
        self.calls[api] += 1
        if self.unavailable:
            self.unavailable -= 1
            return HTMLResponse("<html><body>503 Service Temporarily Unavailable</body></html>", 503)
        try:
            return JSONResponse(act(await _received(request)))
        except _Refused as refused:
            self.refused[refused.code] += 1
            return JSONResponse({"result": False, "returnCode": refused.code, "message": refused.message})

    def _queried(self, given: Mapping[str, str]) -> Payload:
        param = given.get("param", "")
        if given.get("customer") != self.customer or given.get("sign") != _md5(param + self.key + self.customer):
            raise _Refused("503", "验证签名失败")
        asked = _understood(param, _Query, "400")
        if asked.com not in _COMPANIES:
            raise _Refused("400", "找不到对应公司")
        if asked.com in _WANT_PHONE and not asked.phone:
            raise _Refused("408", "快递公司参数异常：验证码错误")
        now = self._clock.now()
        before = self._asked.get(asked.num)
        self._asked[asked.num] = now
        if before is not None and now - before < REST:
            raise _Refused(TOO_SOON, "该单号查询过于频繁")
        parcel = self.parcels.get(asked.num)
        if parcel is None:
            raise _Refused("500", "查询无结果，请隔段时间再查")
        return _told(parcel)

    def _subscribed_to(self, given: Mapping[str, str]) -> Payload:
        if given.get("schema") != "json":
            raise _Refused("700", "订阅方的订阅数据存在错误")
        asked = _understood(given.get("param", ""), _Subscription, "700")
        if asked.key != self.key:
            raise _Refused("600", "您不是合法的订阅者")
        if not asked.company and asked.parameters.autoCom == "0":
            raise _Refused("700", "订阅方的订阅数据存在错误")
        if asked.company and asked.company not in _COMPANIES:
            raise _Refused("701", "拒绝订阅的快递公司")
        if not (asked.company or asked.number.startswith(("YT", "RR"))):
            raise _Refused("702", "POLL:识别不到该单号对应的快递公司")
        if asked.number in self._following:
            raise _Refused("501", "POLL:重复订阅")
        now = self._clock.now()
        lately = [at for at in self._subscribed.get(asked.number, []) if now - at < MONTH]
        if len(lately) >= MOST_SUBSCRIPTIONS:
            raise _Refused("700", "订阅次数过多")
        self._subscribed[asked.number] = [*lately, now]
        self._following[asked.number] = asked.parameters
        return {"result": True, "returnCode": "200", "message": "提交成功"}

    async def _open(self, request: Request) -> Response:
        return JSONResponse({"customer": self.customer, "key": self.key})

    async def _move(self, request: Request) -> Response:
        told = msgspec.json.decode(await request.body(), type=_Told)
        parcel = self.move(told.number, told.state, told.context, name=told.name, location=told.location)
        wanted = self._following.get(told.number)
        if wanted is None:
            return JSONResponse({"pushed": None})
        body = self.message(parcel, wanted.salt)
        return JSONResponse({"pushed": await self._push(wanted.callbackurl, body, {"Content-Type": _FORM})})

    async def _fail(self, request: Request) -> Response:
        self.unavailable = msgspec.json.decode(await request.body(), type=_Fault).count
        return JSONResponse({})

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self.books())


async def _received(request: Request) -> Mapping[str, str]:
    if request.headers.get("content-type", "").partition(";")[0] != _FORM:
        raise _Refused("400", "请求格式错误")
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _understood(param: str, shape: type[P], code: str) -> P:
    try:
        return msgspec.json.decode(param, type=shape)
    except msgspec.DecodeError as error:
        raise _Refused(code, f"参数错误: {error}") from error


def _told(parcel: Parcel) -> Payload:
    return {
        "message": "ok",
        "nu": parcel.number,
        "ischeck": "1" if parcel.state.startswith("3") else "0",
        "com": parcel.company,
        "status": "200",
        "state": parcel.state,
        "condition": "00",
        "data": parcel.events,
    }


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
