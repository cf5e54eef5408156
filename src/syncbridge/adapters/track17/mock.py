"""17TRACK as its documents say it behaves, with books of its own and failures on demand."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from syncbridge.ports import Clock, Push

MOST, PER_SECOND = 40, 3
_SHORTEST, _LONGEST = 5, 50
_MESSAGES = {
    -18010002: "Access token is invalid.",
    -18010012: "The format is invalid.",
    -18010013: "Submitted data is invalid.",
    -18010014: "Request limit exceeded.",
    -18019901: "The tracking number has been registered, don't need to repeat registration.",
    -18019902: "The tracking number does not register, please register first.",
    -18019903: "Carrier cannot be detected.",
    -18019908: "Quota is not enough for use.",
    -18019909: "No tracking information at this time.",
}
_THERE = timezone(timedelta(hours=1))
"""Where the parcels are."""
_STATUSES = {-18010002: 401, -18010014: 429}
Payload = dict[str, object]


class _Item(msgspec.Struct, forbid_unknown_fields=True):
    """A number as `register` and `gettrackinfo` take it."""

    number: str
    carrier: Annotated[int, Meta(ge=0)] = 0


class _Told(msgspec.Struct, forbid_unknown_fields=True):
    """What a carrier tells of a parcel."""

    number: str
    status: str
    sub_status: str | None = None
    description: str = ""
    location: str | None = None


class _Fault(msgspec.Struct, forbid_unknown_fields=True):
    count: int = 1


class _Account(msgspec.Struct, forbid_unknown_fields=True):
    webhook_url: str = ""
    quota: int = 1000


class _Refused(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Parcel:
    """What is known of a number, registered or not."""

    number: str
    carrier: int = 3011
    registered: bool = False
    status: str = "NotFound"
    sub_status: str | None = "NotFound_Other"
    events: list[Payload] = field(default_factory=list)
    """The newest first."""


class Track17Mock:
    """One API key and the parcels of the world; keeps to the `MockVendor` port."""

    def __init__(self, clock: Clock, push: Push) -> None:
        self._clock = clock
        self._push = push
        self.token = "F0E1D2C3B4A5968778695A4B3C2D1E0F"  # noqa: S105  made up
        self.webhook_url = ""
        self.quota = 1000
        """Numbers that may still be registered."""
        self.undetectable: set[str] = set()
        """Numbers whose carrier it cannot tell, unless it is named."""
        self.parcels: dict[str, Parcel] = {}
        self.unavailable = 0
        """So many next calls are answered 503."""
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._called_at: list[datetime] = []

    def asgi(self) -> Starlette:
        """The app that answers as the vendor does."""
        return Starlette(
            routes=[
                Route("/register", self._register, methods=["POST"]),
                Route("/gettrackinfo", self._track_info, methods=["POST"]),
                Route("/_mock/accounts", self._open, methods=["POST"]),
                Route("/_mock/parcels", self._move, methods=["POST"]),
                Route("/_mock/faults", self._fail, methods=["POST"]),
                Route("/_books", self._show, methods=["GET"]),
            ]
        )

    def books(self) -> Mapping[str, object]:
        """Registered numbers and how far they are, what was called and what refused."""
        return {
            "parcels": {parcel.number: parcel.status for parcel in self.parcels.values() if parcel.registered},
            "quota": self.quota,
            "calls": self.calls,
            "refused": self.refused,
        }

    def move(
        self, number: str, status: str, description: str, *, sub_status: str | None = None, location: str | None = None
    ) -> Parcel:
        """A carrier tells something of a number now."""
        now = self._clock.now()
        event: Payload = {
            "time_iso": now.astimezone(_THERE).isoformat(),
            "time_utc": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "description": description,
            "location": location,
            "stage": None,
            "sub_status": sub_status or status,
        }
        parcel = self.parcels.setdefault(number, Parcel(number))
        parcel.status, parcel.sub_status = status, sub_status
        parcel.events.insert(0, event)
        return parcel

    def message(self, parcel: Parcel, event: str = "TRACKING_UPDATED") -> tuple[bytes, Mapping[str, str]]:
        """A push about a parcel, and its headers."""
        body = json.dumps({"event": event, "data": _told(parcel)}, ensure_ascii=False).encode()
        signed = hashlib.sha256(body + b"/" + self.token.encode()).hexdigest()
        return body, {"sign": signed, "Content-Type": "application/json"}

    async def _register(self, request: Request) -> Response:
        return await self._answer(request, "register", self._registered)

    async def _track_info(self, request: Request) -> Response:
        return await self._answer(request, "gettrackinfo", self._tracked)

    async def _answer(self, request: Request, api: str, act: Callable[[_Item], Payload]) -> Response:
        self.calls[api] += 1
        if self.unavailable:
            self.unavailable -= 1
            return HTMLResponse("<html><body>Service Unavailable</body></html>", 503)
        accepted: list[Payload] = []
        rejected: list[Payload] = []
        try:
            for item in await self._understood(request):
                try:
                    accepted.append(act(item))
                except _Refused as refused:
                    self.refused[str(refused.code)] += 1
                    rejected.append({"number": item.number, "error": _problem(refused.code)})
        except _Refused as refused:
            self.refused[str(refused.code)] += 1
            errors = {"code": refused.code, "data": {"errors": [_problem(refused.code)]}}
            return JSONResponse(errors, _STATUSES.get(refused.code, 200))
        return JSONResponse({"code": 0, "data": {"accepted": accepted, "rejected": rejected}})

    async def _understood(self, request: Request) -> list[_Item]:
        if request.headers.get("17token") != self.token:
            raise _Refused(-18010002)
        now = self._clock.now()
        self._called_at = [at for at in self._called_at if now - at < timedelta(seconds=1)]
        if len(self._called_at) >= PER_SECOND:
            raise _Refused(-18010014)
        self._called_at.append(now)
        if request.headers.get("content-type") != "application/json":
            raise _Refused(-18010012)
        try:
            items = msgspec.json.decode(await request.body(), type=list[_Item])
        except msgspec.DecodeError as error:
            raise _Refused(-18010012) from error
        if not 0 < len(items) <= MOST:
            raise _Refused(-18010013)
        return items

    def _registered(self, item: _Item) -> Payload:
        if not _SHORTEST <= len(item.number) <= _LONGEST:
            raise _Refused(-18010012)
        parcel = self.parcels.get(item.number) or Parcel(item.number, item.carrier or 3011)
        if parcel.registered:
            raise _Refused(-18019901)
        if item.number in self.undetectable and not item.carrier:
            raise _Refused(-18019903)
        if self.quota < 1:
            raise _Refused(-18019908)
        self.quota -= 1
        self.parcels[item.number] = parcel
        parcel.registered = True
        return {"origin": 1, "number": parcel.number, "carrier": parcel.carrier}

    def _tracked(self, item: _Item) -> Payload:
        parcel = self.parcels.get(item.number)
        if parcel is None or not parcel.registered:
            raise _Refused(-18019902)
        if not parcel.events:
            raise _Refused(-18019909)
        return _told(parcel)

    async def _open(self, request: Request) -> Response:
        account = msgspec.json.decode(await request.body() or b"{}", type=_Account)
        self.webhook_url, self.quota = account.webhook_url, account.quota
        return JSONResponse({"token": self.token})

    async def _move(self, request: Request) -> Response:
        told = msgspec.json.decode(await request.body(), type=_Told)
        parcel = self.move(
            told.number, told.status, told.description, sub_status=told.sub_status, location=told.location
        )
        if not (self.webhook_url and parcel.registered):
            return JSONResponse({"pushed": None})
        return JSONResponse({"pushed": await self._push(self.webhook_url, *self.message(parcel))})

    async def _fail(self, request: Request) -> Response:
        self.unavailable = msgspec.json.decode(await request.body(), type=_Fault).count
        return JSONResponse({})

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self.books())


def _told(parcel: Parcel) -> Payload:
    provider = {"provider": {"key": parcel.carrier}, "latest_sync_status": "Success", "events": parcel.events}
    return {
        "number": parcel.number,
        "carrier": parcel.carrier,
        "tag": None,
        "track_info": {
            "latest_status": {
                "status": parcel.status,
                "sub_status": parcel.sub_status,
                "sub_status_descr": None,
            },
            "latest_event": parcel.events[0] if parcel.events else None,
            "tracking": {"providers": [provider]},
        },
    }


def _problem(code: int) -> Payload:
    return {"code": code, "message": _MESSAGES[code]}
