"""4PX as its documents say it behaves, with books of its own and failures on demand.

Strict where the vendor is: signature, versions, fields, bounds, one parcel for each number of the customer's. What its
documents leave open is decided against the caller.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from syncbridge.adapters.fourpx.mock.desk import METHODS, Account, Consignment, Desk, FaultName, Refused
from syncbridge.ports import Clock

_SIGNED = ("app_key", "format", "method", "timestamp", "v")
_UNSIGNED = frozenset({"sign", "language", "access_token"})
_SKEW = timedelta(minutes=10)
_LOST_FOR = 60.0
_PDF = b"%PDF-1.4\n% a label of the mock's\n"


class FourPxMock:
    """One vendor with its customers; keeps to the `MockVendor` port."""

    def __init__(self, clock: Clock) -> None:
        self.desk = Desk(clock)
        self.data_as_text = False
        """Whether ``data`` is JSON inside a string, as it was seen."""

    def asgi(self) -> Starlette:
        """The app that answers as the vendor does."""
        return Starlette(
            routes=[
                Route("/router/api/service", self._service, methods=["POST"]),
                Route("/labels/{app_key}/{name}", self._label, methods=["GET"]),
                Route("/_mock/accounts", self._open, methods=["POST"]),
                Route("/_mock/settings", self._set, methods=["POST"]),
                Route("/_mock/parcels/{ref_no}", self._change, methods=["POST"]),
                Route("/_mock/faults", self._plan, methods=["POST"]),
                Route("/_books", self._show, methods=["GET"]),
            ]
        )

    def books(self) -> Mapping[str, object]:
        """What the vendor's own ledger says, as JSON values."""
        return self.desk.books()

    async def _service(self, request: Request) -> Response:
        query, body = dict(request.query_params), await request.body()
        method = query.get("method", "")
        self.desk.calls[method] += 1
        if method not in METHODS:
            return Response("ApiException: the API does not exist", 500)
        fault = self.desk.next_fault(method)
        if fault == "unavailable":
            return Response("Service Unavailable", 503)
        if fault == "rate_limit":
            return Response("Too Many Requests", 429)
        try:
            data = self._done(self._signed_by(query, body), method, query, body, str(request.base_url).rstrip("/"))
        except Refused as refused:
            self.desk.refused[refused.code] += 1
            said = {"error_code": refused.code, "error_msg": str(refused), "error_data": None, "referenceCode": None}
            return JSONResponse({"result": "0", "msg": "failed", "errors": [said], "data": None})
        if fault == "lose_answer":
            await self.desk.clock.sleep(_LOST_FOR)
        answered = msgspec.json.encode(data).decode() if self.data_as_text else data
        return JSONResponse({"result": "1", "msg": "success", "errors": [], "data": answered})

    def _signed_by(self, query: Mapping[str, str], body: bytes) -> Account:
        if lacking := [name for name in (*_SIGNED, "sign") if not query.get(name)]:
            raise Refused("param_invalid", f"{lacking[0]} is missing")
        if unknown := query.keys() - {*_SIGNED, *_UNSIGNED}:
            raise Refused("param_invalid", f"unknown parameter {min(unknown)}")
        account = self.desk.accounts.get(query["app_key"])
        if account is None:
            raise Refused("app_key_invalid", "no such app_key")
        signed = "".join(name + query[name] for name in _SIGNED).encode() + body + account.app_secret.encode()
        right = hashlib.md5(signed, usedforsecurity=False).hexdigest()
        if query["format"] != "json" or not hmac.compare_digest(right.encode(), query["sign"].encode()):
            raise Refused("sign_invalid", "the signature is wrong")
        return account

    def _done(self, account: Account, method: str, query: Mapping[str, str], body: bytes, base_url: str) -> object:
        if not query["timestamp"].isdecimal():
            raise Refused("param_invalid", "timestamp is not in milliseconds")
        said = datetime.fromtimestamp(int(query["timestamp"]) / 1000, UTC)
        if abs(self.desk.clock.now() - said) > _SKEW:
            raise Refused("timestamp_invalid", "timestamp is off")
        version, shape, act = METHODS[method]
        if query["v"] != version:
            raise Refused("param_invalid", f"{method} has no version {query['v']}")
        try:
            asked = msgspec.json.decode(body, type=shape)
        except msgspec.DecodeError as error:
            raise Refused("param_invalid", str(error)) from error
        data = getattr(self.desk, act)(account, asked)
        if act == "label" and data["label_url_info"]["logistics_label"]:
            data["label_url_info"]["logistics_label"] = base_url + data["label_url_info"]["logistics_label"]
        return data

    async def _label(self, request: Request) -> Response:
        account = self.desk.accounts.get(request.path_params["app_key"])
        known = {f"{one.tracking_no}.pdf" for one in account.parcels.values()} if account else set()
        if request.path_params["name"] not in known:
            return Response("Not Found", 404)
        return Response(_PDF, media_type="application/pdf")

    async def _open(self, request: Request) -> Response:
        account = self.desk.open_account()
        sender = {"first_name": "Li", "phone": "13800000000", "state": "Zhejiang", "city": "Hangzhou", "street": "1"}
        return JSONResponse({"app_key": account.app_key, "app_secret": account.app_secret, "sender": sender})

    async def _set(self, request: Request) -> Response:
        asked = msgspec.json.decode(await request.body(), type=_Settings)
        for name in ("reads_without_number", "labels_without_address", "late_label", "unknown_number"):
            if (value := getattr(asked, name)) is not None:
                setattr(self.desk, name, value)
        if asked.data_as_text is not None:
            self.data_as_text = asked.data_as_text
        return JSONResponse({})

    async def _change(self, request: Request) -> Response:
        asked = msgspec.json.decode(await request.body(), type=_Changed)
        found = self._parcel(request.path_params["ref_no"])
        if found is None:
            return JSONResponse({"error": "there is no such parcel"}, 400)
        found.status, found.number = asked.status or found.status, asked.number or found.number
        found.no_number_because = asked.no_number_because or found.no_number_because
        return JSONResponse({"ref_no": found.ref_no, "status": found.status, "number": found.number})

    async def _plan(self, request: Request) -> Response:
        asked = msgspec.json.decode(await request.body(), type=_Fault)
        self.desk.faults += [(asked.api, asked.fault)] * asked.count
        return JSONResponse({})

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self.books())

    def _parcel(self, ref_no: str) -> Consignment | None:
        every = (account.parcels.get(ref_no) for account in self.desk.accounts.values())
        return next((one for one in every if one is not None), None)


class _Settings(msgspec.Struct, forbid_unknown_fields=True):
    reads_without_number: Annotated[int, Meta(ge=0)] | None = None
    labels_without_address: Annotated[int, Meta(ge=0)] | None = None
    late_label: Literal["empty", "refused"] | None = None
    unknown_number: Literal["empty", "refused"] | None = None
    data_as_text: bool | None = None


class _Changed(msgspec.Struct, forbid_unknown_fields=True):
    status: Literal["P", "V", "H", "C", "F", "R", "X"] | None = None
    number: str = ""
    no_number_because: str = ""


class _Fault(msgspec.Struct, forbid_unknown_fields=True):
    api: str
    fault: FaultName
    count: Annotated[int, Meta(ge=1)] = 1
