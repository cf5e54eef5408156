"""One method for each of 4PX's APIs we use: a body in, the answer's struct out, refusals raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from syncbridge.adapters.fourpx import wire
from syncbridge.adapters.fourpx.settings import FourPxSettings
from syncbridge.adapters.fourpx.signing import VENDOR, FourPxSigner
from syncbridge.adapters.http import Answer, Call, VendorHttp, redact
from syncbridge.errors import OutcomeUnknown, RateLimited, Rejected, VendorDown, VendorError
from syncbridge.ports import Wiring

T = TypeVar("T")
PATH = "/router/api/service"
_VERSIONS = {
    "ds.xms.order.create": "1.1.0",
    "ds.xms.order.get": "1.1.0",
    "ds.xms.label.get": "1.1.0",
    "ds.xms.logistics_product.getlist": "1.0.0",
    "ds.xms.estimated_cost.get": "1.0.0",
}
"""Each method has its own (neighbours.md §4.1)."""


class FourPxClient:
    """One account's calls. All raise `syncbridge.errors`."""

    def __init__(self, settings: FourPxSettings, wiring: Wiring) -> None:
        self.base_url = settings.base_url.rstrip("/")
        self._http = VendorHttp(VENDOR, wiring, FourPxSigner(settings, wiring))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    async def create(self, parcel: Mapping[str, object]) -> wire.Created:
        """Book a parcel; its ``ref_no`` is taken once only."""
        return await self._send("ds.xms.order.create", parcel, wire.Created, write=True)

    async def consignments(self, query: Mapping[str, object]) -> Sequence[dict[str, object]]:
        """Booked parcels by ``request_no``, or by a window of creation of at most 7 days; each still unread."""
        return await self._send("ds.xms.order.get", query, list[dict[str, object]], empty=[])

    async def label(self, request_no: str) -> str:
        """The address of a parcel's label; empty while it is not ready."""
        query = {"request_no": request_no, "response_label_format": "PDF"}
        info = await self._send("ds.xms.label.get", query, wire.LabelInfo, empty=wire.LabelInfo())
        return (info.label_url_info.logistics_label or "").strip() if info.label_url_info else ""

    async def products(self) -> Sequence[wire.Product]:
        """The lines the account may use."""
        query = {"transport_mode": "1"}
        return await self._send("ds.xms.logistics_product.getlist", query, list[wire.Product], empty=[])

    async def estimates(self, parcel: Mapping[str, object]) -> Sequence[wire.Estimate]:
        """What lines would ask for a parcel, for those that would take it."""
        return await self._send("ds.xms.estimated_cost.get", parcel, list[wire.Estimate], empty=[])

    async def file(self, url: str) -> bytes:
        """A file below `base_url`; raises VendorDown where it is not there."""

        def judge(answer: Answer) -> bytes:
            if answer.status != 200:
                raise VendorDown(f"4PX answered {answer.status} for a label", vendor=VENDOR, code=str(answer.status))
            return answer.body

        return await self._http.call(Call("label", url, {}, group="orders"), judge)

    async def _send(
        self, method: str, body: Mapping[str, object], shape: type[T], *, write: bool = False, empty: T | None = None
    ) -> T:
        """The answer's data as `shape`; `empty` stands for data that are null."""
        url = f"{self.base_url}{PATH}?method={method}&v={_VERSIONS[method]}"
        call = Call(method, url, {"body": wire.encoded(body)}, write, "orders")

        def judge(answer: Answer) -> T:
            try:
                envelope = msgspec.convert(wire.decoded(answer.body), wire.Envelope, strict=False)
                data = wire.data_of(envelope)
            except (ValueError, msgspec.ValidationError) as error:
                raise _unreadable(call, answer, error) from error
            if str(envelope.result) != "1":
                raise _refused(call, answer, envelope)
            if data is None and empty is not None:
                return empty
            try:
                return msgspec.convert(data, shape, strict=False)
            except msgspec.ValidationError as error:
                raise _unreadable(call, answer, error) from error

        return await self._http.call(call, judge)


def _refused(call: Call, answer: Answer, envelope: wire.Envelope) -> VendorError:
    """What the vendor says no with. Its list of codes is not public, so each is a refusal; its words are told."""
    reasons = envelope.errors or []
    said = "; ".join(filter(None, (wire.as_text(one.error_msg) for one in reasons))) or wire.as_text(envelope.msg)
    code = next(filter(None, (wire.as_text(one.error_code) for one in reasons)), "refused")
    if answer.status >= 500:
        return _unreadable(call, answer, ValueError(redact(said)))
    message = f"4PX refused {call.api} with {code}: {redact(said) or 'no reason given'}"
    return Rejected(message, vendor=VENDOR, code=code, body=answer.excerpt)


def _unreadable(call: Call, answer: Answer, why: Exception) -> VendorError:
    """The error for an answer that does not say what became of the call. Its body may show a buyer and is not kept."""
    if answer.status == 429:
        message = f"4PX refused {call.api} for its frequency (HTTP 429)"
        return RateLimited(message, vendor=VENDOR, code="429", retry_after=1.0)
    what = f"4PX answered {call.api} with HTTP {answer.status} and {len(answer.body)} bytes that cannot be read"
    make = OutcomeUnknown if call.write else VendorDown
    return make(f"{what} ({why})", vendor=VENDOR, code="unreadable")
