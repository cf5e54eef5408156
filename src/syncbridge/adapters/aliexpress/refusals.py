"""Which of our errors a refusal is: one table over the vendor's codes (aliexpress.md §3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from enum import Enum, auto

import msgspec

from syncbridge.adapters.aliexpress.wire import decoded
from syncbridge.adapters.aliexpress.wire_access import Fault
from syncbridge.adapters.http import Answer, redact
from syncbridge.errors import (
    AccessExpired,
    NotGranted,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Scope,
    VendorDown,
    VendorError,
)

VENDOR = "aliexpress"
_CHINA = timezone(timedelta(hours=8))
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{1,4}\b", re.IGNORECASE)
_BAN_SECONDS = re.compile(r"\blast(?:\s+for)?\s+(\d+)", re.IGNORECASE)


class _Kind(Enum):
    EXPIRED = auto()
    LIMITED = auto()
    NOT_GRANTED = auto()
    BACKEND = auto()
    """The platform or what stands behind it failed; a write may have happened."""
    MISTAKE = auto()


_CODES: dict[str, tuple[_Kind, str]] = {
    "illegalaccesstoken": (_Kind.EXPIRED, "authorise the store again"),
    "27": (_Kind.EXPIRED, "authorise the store again"),
    "26": (_Kind.EXPIRED, "authorise the store"),
    "illegalrefreshtoken": (_Kind.EXPIRED, "authorise the store again; a refresh token ends about 60 days after that"),
    "invalidcode": (_Kind.EXPIRED, "authorise again and use the code within three minutes"),
    "isv.402": (_Kind.MISTAKE, "check the parameters of the authorisation"),
    "apicalllimit": (_Kind.LIMITED, ""),
    "appcalllimit": (_Kind.LIMITED, ""),
    "sellercalllimit": (_Kind.LIMITED, ""),
    "7": (_Kind.LIMITED, ""),
    "insufficientpermission": (_Kind.NOT_GRANTED, "ask for the API's permission group in the app's console"),
    "11": (_Kind.NOT_GRANTED, "ask for the API's permission group in the app's console"),
    "12": (_Kind.NOT_GRANTED, "ask for the API's permission group in the app's console"),
    "auth_type_unsupported": (_Kind.NOT_GRANTED, "check the app's type in the console"),
    "appwhiteiplimit": (_Kind.NOT_GRANTED, "add {address} to the app's IP whitelist in the console"),
    "serviceunavailable": (_Kind.BACKEND, ""),
    "servicetimeout": (_Kind.BACKEND, ""),
    "3": (_Kind.BACKEND, ""),
    "10": (_Kind.BACKEND, ""),
    "15": (_Kind.BACKEND, ""),
    "50": (_Kind.BACKEND, ""),
    "s00-10-10000-001": (_Kind.BACKEND, ""),
    "incompletesignature": (_Kind.MISTAKE, "check app_secret"),
    "25": (_Kind.MISTAKE, "check app_secret"),
    "24": (_Kind.MISTAKE, "check app_secret"),
    "invalidappkey": (_Kind.MISTAKE, "check app_key"),
    "28": (_Kind.MISTAKE, "check app_key"),
    "29": (_Kind.MISTAKE, "check app_key"),
    "invalidapipath": (_Kind.MISTAKE, "check base_url and auth_url"),
    "missingparameter": (_Kind.MISTAKE, ""),
    "invalidparameter": (_Kind.MISTAKE, ""),
    **dict.fromkeys(("21", "22", "23", "30", "31", "32", "33", "34", "40", "41", "53"), (_Kind.MISTAKE, "")),
    "f00-10-10000-001": (
        _Kind.NOT_GRANTED,
        "authorise as the seller of a shop you run yourself; managed shops are not served yet",
    ),
    "f00-00-10007-009": (_Kind.MISTAKE, "give each SKU a code"),
    "f00-00-10007-015": (_Kind.MISTAKE, ""),
    "f00-00-10020-004": (_Kind.MISTAKE, "the words that follow say which rule is broken"),
    "7090001": (_Kind.MISTAKE, "shorten the title, or change it"),
}


_SCOPES: dict[str, Scope] = {"appcalllimit": "app", "7": "app", "sellercalllimit": "account"}
"""Whose calls a limit stops; those of the group where it is an API's own."""


def fault_in(answer: Answer) -> Fault | None:
    """The refusal an answer carries, if it is one: in ``error_response`` on /sync, flat on /rest (§1.5)."""
    try:
        root = decoded(answer.body)
    except ValueError:
        return None
    return _fault(root) if isinstance(root, dict) else None


def _fault(root: dict[str, object]) -> Fault | None:
    nested = root.get("error_response")
    if isinstance(nested, dict):
        return _spelt(nested)
    if str(root.get("code", "0")) != "0" and ("type" in root or "message" in root):
        return _spelt(root)
    if len(root) == 1:  # an error_response inside <method>_response was seen too (§1.5)
        (inner,) = root.values()
        return _fault(inner) if isinstance(inner, dict) and "error_response" in inner else None
    return None


def _spelt(said: dict[str, object]) -> Fault:
    """A refusal as text throughout, since its codes come as numbers too."""
    return Fault(**{name: str(said[name]) for name in Fault.__struct_fields__ if said.get(name) is not None})


def is_expiry(fault: Fault) -> bool:
    """Whether the access token was refused, so that renewing it may help."""
    return fault.code.lower() in ("illegalaccesstoken", "27")


def refusal(fault: Fault, *, api: str, write: bool, now: datetime) -> VendorError:
    """The error that says what to do next about a refused call; `now` dates a ban that ends at midnight."""
    kind, remedy = _classified(fault)
    said = redact(f"{fault.msg or fault.message} {fault.sub_msg}".strip())
    code = fault.sub_code or fault.code
    remedy = remedy.format(address=_address_in(said))
    message = f"AliExpress refused {api} with {code}: {said or 'no reason given'}"
    message += f"; {remedy}" if remedy else ""
    make: Callable[..., VendorError] = Rejected
    waits: dict[str, float] = {}
    match kind:
        case _Kind.EXPIRED:
            make = AccessExpired
        case _Kind.LIMITED:
            make, waits = RateLimited, {"retry_after": _ban(said, now)}
        case _Kind.NOT_GRANTED:
            make = NotGranted
        case _Kind.BACKEND:
            make = OutcomeUnknown if write else VendorDown
    body = redact(msgspec.json.encode(fault).decode())
    error = make(message, vendor=VENDOR, code=code, request_id=fault.request_id, body=body, **waits)
    if isinstance(error, RateLimited):
        error.scope = _SCOPES.get(fault.code.lower(), "group")
    return error


def _classified(fault: Fault) -> tuple[_Kind, str]:
    """The sub-code knows best, then the code, then the type.

    What nobody knows is a no for good; where the platform itself speaks, nobody knows what became of a write.
    """
    sub_code, code = fault.sub_code.lower(), fault.code.lower()
    if sub_code in _CODES:
        return _CODES[sub_code]
    kind, remedy = _CODES.get(code, (_Kind.MISTAKE, ""))
    if code in _CODES and kind is not _Kind.BACKEND:
        return kind, remedy
    if sub_code and not sub_code.startswith("isp."):
        return _Kind.MISTAKE, ""
    by_type = code not in _CODES and fault.type.upper() in ("ISP", "SYSTEM")
    failed_behind = sub_code.startswith("isp.") or kind is _Kind.BACKEND or by_type
    return (_Kind.BACKEND if failed_behind else _Kind.MISTAKE), ""


def _address_in(said: str) -> str:
    """The address the vendor sees us at, where its words name one."""
    found = _ADDRESS.search(said)
    return f"{found[0]}, the address it sees this machine at," if found else "this machine's outward address"


def _ban(said: str, now: datetime) -> float:
    """Seconds until the vendor takes calls again: as it says, or to 24:00 in China, or one."""
    seconds = _BAN_SECONDS.search(said)
    if seconds:
        return float(seconds[1])
    if "24:00" not in said:
        return 1.0
    here = now.astimezone(_CHINA)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - here).total_seconds()


def unreadable(answer: Answer, *, api: str, write: bool, why: Exception | None = None) -> VendorError:
    """The error for an answer that is none of the vendor's: a proxy's page, or half of a text.

    Its body is shown only if it is a page, since half an order would show a buyer.
    """
    if answer.status == 429:
        message = f"AliExpress refused {api} for its frequency (HTTP 429)"
        return RateLimited(message, vendor=VENDOR, code="429", retry_after=1.0)
    is_page = answer.body.lstrip().startswith(b"<")
    what = f"AliExpress answered {api} with HTTP {answer.status} and {len(answer.body)} bytes that cannot be read"
    message = f"{what} ({'a web page' if is_page else why})"
    make = OutcomeUnknown if write else VendorDown
    return make(message, vendor=VENDOR, code="unreadable", body=answer.excerpt if is_page else "")
