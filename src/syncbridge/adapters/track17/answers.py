"""What an answer of 17TRACK means: one table over its codes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncbridge.adapters.http import Answer, redact
from syncbridge.adapters.track17 import wire
from syncbridge.errors import AccessExpired, NotGranted, RateLimited, Rejected, Transient, VendorDown, VendorError

VENDOR = "17TRACK"
ALREADY_REGISTERED = "-18019901"
NOT_REGISTERED = "-18019902"
NOTHING_KNOWN = "-18019909"

Kind = type[VendorError]
CODES: Mapping[str, tuple[Kind, str]] = {
    "-18010001": (NotGranted, "add this machine's address to the IP whitelist in 17TRACK's console"),
    "-18010002": (AccessExpired, "put the API key of 17TRACK's console into token"),
    "-18010003": (VendorDown, "it has trouble of its own; it is tried again later"),
    "-18010004": (AccessExpired, "the account is disabled; ask 17TRACK why"),
    "-18010005": (NotGranted, "the account may not call this; see its plan in 17TRACK's console"),
    "-18010010": (Rejected, "a field is missing"),
    "-18010011": (Rejected, "a value is not allowed"),
    "-18010012": (Rejected, "a value has the wrong format"),
    "-18010013": (Rejected, "the list of numbers cannot be read, or is too long"),
    "-18010014": (RateLimited, "too many calls"),
    "-18019907": (RateLimited, "the calls of the day are used up"),
    "-18019908": (NotGranted, "the quota of numbers is used up; buy more in 17TRACK's console"),
}
"""Why a whole call is refused; two of them come for single numbers too."""
NUMBERS: Mapping[str, str] = {
    "-18010011": "17TRACK does not take it for a tracking number",
    "-18010012": "17TRACK does not take it for a tracking number",
    "-18019903": "17TRACK cannot tell its carrier by the number; name the carrier under carriers of the account",
    "-18019907": "the calls of the day are used up; it is asked again tomorrow",
    "-18019908": "the quota of numbers is used up; buy more in 17TRACK's console",
    "-18019910": "17TRACK knows no such carrier; correct it under carriers of the account",
}
"""Why a single number is not taken."""
_STATUSES: Mapping[int, tuple[Kind, str]] = {
    401: (AccessExpired, "put the API key of 17TRACK's console into token"),
    404: (Rejected, "check base_url, which ends with a version"),
    429: (RateLimited, "too many calls"),
}
_WAITS = {"-18019907": 3600.0}
_WAIT = 1.0
"""Seconds after too many calls, of which three a second are allowed."""


def payload(api: str, answer: Answer) -> wire.Payload:
    """The rows of an answer; raises the error that fits a refusal, VendorDown for what is no answer."""
    try:
        envelope = msgspec.json.decode(answer.body, type=wire.Envelope, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_word_of_the_vendor(api, answer, str(error)) from error
    told = envelope.data or wire.Payload()
    problem = told.errors[0] if told.errors else wire.Problem(envelope.code)
    code = wire.as_text(problem.code)
    if code not in ("", "0"):
        raise _refusal(api, answer, code, wire.as_text(problem.message))
    if answer.status != 200 or envelope.code is None or envelope.data is None:
        raise _no_word_of_the_vendor(api, answer, "not the answer of an API")
    return told


def reason(problem: wire.Problem) -> str:
    """Why a number was not taken, in a seller's words."""
    code = wire.as_text(problem.code)
    said = redact(wire.as_text(problem.message)) or "no reason given"
    return f"{NUMBERS.get(code, '17TRACK refused it')} ({code or 'no code'}: {said})"


def _refusal(api: str, answer: Answer, code: str, message: str) -> VendorError:
    kind, meaning = CODES.get(code, (Rejected, "for an undocumented reason; look it up in the vendor's documents"))
    said = redact(message) or "no reason given"
    return _error(kind, f"17TRACK refused {api}: {meaning} ({code}: {said})", answer, code)


def _no_word_of_the_vendor(api: str, answer: Answer, why: str) -> VendorError:
    if answer.status in _STATUSES:
        kind, meaning = _STATUSES[answer.status]
        return _error(
            kind, f"17TRACK refused {api} with HTTP {answer.status}: {meaning}", answer, f"http_{answer.status}"
        )
    is_page = answer.body.lstrip().startswith(b"<")
    what = f"17TRACK's answer to {api} (HTTP {answer.status}) cannot be read ({'a web page' if is_page else why})"
    return _error(VendorDown, what, answer, "unreadable")


def _error(kind: Kind, text: str, answer: Answer, code: str) -> VendorError:
    if issubclass(kind, Transient):
        wait = _WAITS.get(code, _WAIT) if kind is RateLimited else None
        return kind(text, vendor=VENDOR, code=code, body=answer.excerpt, retry_after=wait)
    return kind(text, vendor=VENDOR, code=code, body=answer.excerpt)
