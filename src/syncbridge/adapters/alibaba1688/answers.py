"""What an answer of 1688 means: which envelope it came in, and which error it is.

Failures of the gateway have one shape (1688.md §3.1); each API wraps its own failures in another (§3.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, get_origin

import msgspec

from syncbridge.adapters.alibaba1688 import wire
from syncbridge.adapters.alibaba1688.signing import VENDOR
from syncbridge.adapters.http import Answer, redact
from syncbridge.errors import (
    AccessExpired,
    NotFound,
    NotGranted,
    OutcomeUnknown,
    OutOfStock,
    RateLimited,
    Rejected,
    Transient,
    VendorDown,
    VendorError,
)

T = TypeVar("T")
NULL = msgspec.Raw(b"null")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where an API puts its verdict and its result."""

    result: str = "result"
    also: str = ""
    """The same member rightly spelt, should the vendor ever do so."""
    success: str = "success"
    code: str = "errorCode"
    message: str = "errorMessage"
    within: str = ""
    """The member that holds all of these; on top if empty."""


A = Envelope(within="result", code="code", message="message")
B = Envelope()
C = Envelope(code="code", message="message")
D = Envelope(result="orderPreviewResuslt", also="orderPreviewResult", message="errorMsg")
F = Envelope(result="success")
G = Envelope(within="result", result="success", message="errorInfo")
H = Envelope(result="code", code="code", message="message")
I = Envelope()  # noqa: E741  the letters are those of 1688.md §3.2
"""The letters of 1688.md §3.2; E and J belong to APIs that are not called."""


@dataclass(frozen=True, slots=True)
class Api:
    """One endpoint of the gateway."""

    namespace: str
    name: str
    envelope: Envelope
    group: str = "orders"
    write: bool = False


TIME = Api("system", "currentTime", A)
"""Answers a bare text, and refusals as any other."""

Kind = type[VendorError]

_WAITS: dict[Kind, float] = {RateLimited: 5.0, Transient: 10.0}
"""Seconds: after too many calls, of which the vendor publishes no figure (1688.md §3.3), and after a cancel of an
order too young for it, the only refusal here that is worth another try as it is (§5.9)."""

_OF_THE_APP = "gw.QosAppFrequencyLimit"
"""The limit that all accounts of an app have together."""

GATEWAY: dict[str, tuple[Kind, str]] = {
    "401": (AccessExpired, "it does not take the access token; authorise the account again"),
    "gw.SignatureInvalid": (AccessExpired, "it does not take the signature; check app_key and app_secret"),
    "gw.SignatureMissing": (AccessExpired, "it saw no signature; check app_key and app_secret"),
    "gw.AppKeyMissing": (AccessExpired, "there is no app key; set app_key"),
    "gw.AppKeyNotFound": (AccessExpired, "it does not know the app key; check app_key"),
    "gw.APIACLDecline": (NotGranted, "the app may not call this API; apply for its solution, or do it by hand"),
    "gw.APIUnsupported": (NotGranted, "this API is not in the app's package; apply for it, or do it by hand"),
    "gw.NoUsageLeftError": (NotGranted, "the purchased calls are used up; buy more, or do it by hand"),
    "gw.ParamMissing": (Rejected, "a parameter was missing; please report this"),
    "gw.TimestampInvalid": (Rejected, "it does not take the time of the call; set this machine's clock"),
    "gw.QosAppFrequencyLimit": (RateLimited, "too many calls; waiting"),
    "gw.QosRequestLimit": (RateLimited, "too many calls; waiting"),
}
"""Refusals of the gateway (1688.md §3.1). They come before the API is reached, so nothing was written."""
_GAVE_UP = "gw.RequestTimeout"
"""The gateway's own, but of a call that reached the API: a write may have happened."""

BUSINESS: dict[str, tuple[Kind, str]] = {
    "500_001": (NotFound, "the offer is not for sale online any more; choose another offer"),
    "500_002": (Rejected, "the lines are of several sellers or lack a spec; split the purchase, re-read the offer"),
    "500_003": (Rejected, "the spec is not one of this offer any more; re-read the offer and bind it again"),
    "500_004": (OutOfStock, "the supplier has not enough stock; wait or choose another offer"),
    "500_005": (Rejected, "the quantity is below the supplier's minimum; buy more or choose another offer"),
    "500_006": (Rejected, "the purchase does not meet the supplier's mixed-batch rule; buy more at once"),
    "500_007": (Rejected, "there is no consignment relation with the supplier; add it or use another flow"),
    "500_008": (Rejected, "the spec has no price; ask the supplier"),
    "500_009": (Rejected, "the quantity is below the wholesale minimum; buy more or use another flow"),
    "5001": (NotFound, "there is no such order"),
    "5002": (NotFound, "this account has no such order"),
    "5003": (Rejected, "it does not know this state of goods; please report this"),
    "5004": (Rejected, "it does not take this reason; ask for the refund on the order's page"),
    "5005": (Rejected, "this reason wants a photo as proof; ask for the refund on the order's page"),
    "5006": (Rejected, "this reason does not give freight back; ask for the refund on the order's page"),
    "5010": (Rejected, "the order cannot be refunded now: unpaid, shipped, closed, or asked for already; re-read it"),
    "5011": (Rejected, "the amount is not what was paid; ask for the refund on the order's page"),
    "5012": (Rejected, "the description must have 2 to 150 characters; change it"),
    "5013": (Rejected, "part of a line cannot be given back before it arrived; ask for all of it"),
    "ORDER_STATUS_ERROR": (Rejected, "the order is in a state that does not allow it; re-read it"),
    "CLOSE_ORDER_TOO_FAST": (Transient, "the order is younger than ten seconds; it is tried again then"),
    "400_3": (Rejected, "the account is not the buyer of this order; check which account bought it"),
    "400": (Rejected, "it does not take what was sent; correct it"),
    "400_1": (Rejected, "it does not take what was sent; correct it"),
    "400_2": (AccessExpired, "it wants the account authorised again"),
    "500_2": (Rejected, "it has nothing to show of this order, or shows it to the main account only; re-read it later"),
    "APPLY_TIME_ERROR": (Rejected, "refunds of the last 730 days only are shown; ask for a shorter time"),
    "OFFERIDS_IS_NULL": (Rejected, "no offer was named; name one"),
    "APPKEY_ISV_CONFIG_IS_NOT_EXIST": (NotGranted, "the app is not set up for it; ask 1688 to configure the app"),
    "ISVUSERS_IS_NULL": (NotGranted, "the app's users are not known to it; ask 1688 to configure the app"),
    "404": (NotFound, "there is no such order"),
    "ORDER_NOT_EXIST": (NotFound, "there is no such order"),
    "order.nopermission.buyer": (NotFound, "this account has no such order"),
    "order.createtime.history": (NotFound, "the order is over a year old, and its parcels are told no more"),
}
"""Refusals by the API itself (1688.md §4.3, §5.2, §5.3, §5.8, §5.9, §5.11 and §5.12), each a clear no.

Some numbers mean another thing in ``refund.returnGoods``, which is not called.
"""

_WORDS: tuple[tuple[str, Kind, str], ...] = (
    ("已下架", NotFound, "the offer was withdrawn"),
    ("不存在", NotFound, "there is no such thing any more"),
    ("ORDER_NOT_EXIST", NotFound, "there is no such order"),
    ("CLOSE_ORDER_TOO_FAST", Transient, "the order is younger than ten seconds; it is tried again then"),
    ("没有该商品的查询权限", NotGranted, "the app has not told it that it lists this offer"),
    ("PRODUCT_TRADE_STAT_ERROR", OutOfStock, "the supplier has not enough stock; wait or choose another offer"),
    ("MANUAL-TRADE", Rejected, "an order of these has no address yet and is not paid with others; pay it alone"),
    ("24小时内", Rejected, "it was asked for within the day; ask again tomorrow"),
    ("REFUND_DATA_ERROR", NotFound, "there is no such refund"),
    ("AddressId invalid", Rejected, "it does not know the address; use its province, city and district names"),
    ("not support tradeType", Rejected, "it does not take this trade type; use one the preview names"),
)
_ITS_OWN_FAULT = ("系统", "超时", "timeout", "system error")
_INTERNAL = re.compile(r"^4\d{3}$")
"""Codes of the refund APIs for trouble inside the vendor (1688.md §5.12)."""
_FINE = ("", "0", "200", "S0000")


def opened(api: Api, answer: Answer) -> msgspec.Raw:
    """The result out of its envelope, ``null`` if there is none; raises the VendorError that fits."""
    members = from_gateway(api, answer)
    envelope = api.envelope
    if envelope.within:
        members = _members(members.get(envelope.within)) or {}
    code, message = text_of(members.get(envelope.code)), text_of(members.get(envelope.message))
    said_no = text_of(members.get(envelope.success)).lower() == "false"
    if said_no or code not in _FINE:
        raise refusal(api, answer, code, message)
    if not members.keys() & {envelope.result, envelope.also, envelope.success}:
        raise unreadable(api, answer, "its verdict and its result are missing")
    return members.get(envelope.result) or members.get(envelope.also, NULL)


def is_null(raw: msgspec.Raw) -> bool:
    """Whether a member is null or was not there."""
    return bytes(raw) == b"null"


def from_gateway(api: Api, answer: Answer) -> dict[str, msgspec.Raw]:
    """The members of an answer that came from the API itself; raises for what the gateway or a proxy said."""
    members = _members(msgspec.Raw(answer.body))
    if members is None:
        raise _no_word_of_the_vendor(api, answer)
    code = text_of(members.get("error_code"))
    if code:
        raise _gateway_refusal(api, answer, code, text_of(members.get("error_message")))
    if answer.status >= 400:
        raise _no_word_of_the_vendor(api, answer)
    return members


def decoded(api: Api, answer: Answer, raw: msgspec.Raw, shape: type[T]) -> T:
    """The result as its wire type; raises as `unreadable` does."""
    if get_origin(shape) is list and bytes(raw).startswith(b"{"):
        raw = msgspec.Raw(b"[" + bytes(raw) + b"]")  # one, where several are meant
    try:
        return msgspec.json.decode(raw, type=shape, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise unreadable(api, answer, str(error)) from error


def current_time(answer: Answer) -> datetime:
    """What 1688 says its time is; raises the VendorError that fits."""
    try:
        said = wire.time_of(msgspec.json.decode(answer.body, type=str))
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        from_gateway(TIME, answer)
        said = None
    if said is None:
        raise unreadable(TIME, answer, "it names no time")
    return said


def unreadable(api: Api, answer: Answer, why: str) -> VendorError:
    """The error for JSON of a shape no document shows: a write may have happened, a read would read the same again."""
    kind = OutcomeUnknown if api.write else Rejected
    return error_of(kind, f"1688 answered {api.name} in an unknown shape: {why}", answer, "unreadable")


def refusal(api: Api, answer: Answer, code: str, message: str) -> VendorError:
    """The error for an API's own no. A write refused for no documented reason is not taken for a no."""
    kind, meaning = BUSINESS.get(code) or _by_words(message) or (None, "")
    if kind is None:
        kind, meaning = _undocumented(api, code, message)
    said = redact(message) or "it gave no reason"
    return error_of(kind, f"1688 refused {api.name}: {meaning} ({code or 'no code'}: {said})", answer, code)


def error_of(kind: Kind, text: str, answer: Answer, code: str) -> VendorError:
    """An error of a kind, with what was answered."""
    if issubclass(kind, Transient):
        error = kind(text, vendor=VENDOR, code=code, body=answer.excerpt, retry_after=_WAITS.get(kind))
        if isinstance(error, RateLimited) and code == _OF_THE_APP:
            error.scope = "app"
        return error
    return kind(text, vendor=VENDOR, code=code, body=answer.excerpt)


def text_of(raw: msgspec.Raw | None) -> str:
    """A scalar member as text, whatever type it came as; empty for null, no member, and bytes that are no text."""
    try:
        value = None if raw is None else msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int) else ""


def _gateway_refusal(api: Api, answer: Answer, code: str, message: str) -> VendorError:
    if code in GATEWAY:
        kind, meaning = GATEWAY[code]
    elif api.write:
        kind, meaning = OutcomeUnknown, "for an undocumented reason; look before it is sent again"
    elif answer.status >= 500 or code == _GAVE_UP:
        kind, meaning = VendorDown, "it cannot answer now; it is tried again later"
    else:
        kind, meaning = Rejected, "for an undocumented reason; look it up in the vendor's documents"
    text = f"1688 refused {api.name}: {meaning} ({code}: {redact(message)})"
    return error_of(kind, text, answer, code)


def _no_word_of_the_vendor(api: Api, answer: Answer) -> VendorError:
    code = f"http_{answer.status}"
    if api.write:
        return error_of(OutcomeUnknown, f"1688 gave no clear answer to {api.name} (HTTP {answer.status})", answer, code)
    if 400 <= answer.status < 500 and answer.status != 429:
        text = f"{api.name} met HTTP {answer.status} without a word of 1688; check base_url"
        return error_of(Rejected, text, answer, code)
    text = f"1688 gave no readable answer to {api.name} (HTTP {answer.status}); it is tried again later"
    return error_of(VendorDown, text, answer, code)


def _by_words(message: str) -> tuple[Kind, str] | None:
    return next(((kind, meaning) for words, kind, meaning in _WORDS if words in message), None)


def _undocumented(api: Api, code: str, message: str) -> tuple[Kind, str]:
    if api.write:
        return OutcomeUnknown, "for an undocumented reason; look before it is sent again"
    if _INTERNAL.match(code) or any(words in message for words in _ITS_OWN_FAULT):
        return VendorDown, "it has trouble of its own; it is tried again later"
    return Rejected, "for an undocumented reason; look it up in the vendor's documents"


def _members(raw: msgspec.Raw | None) -> dict[str, msgspec.Raw] | None:
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
