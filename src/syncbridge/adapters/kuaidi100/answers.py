"""What an answer of 快递100 means: one table for each of its two calls, whose codes mean different things."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncbridge.adapters.http import Answer, redact
from syncbridge.adapters.kuaidi100 import wire
from syncbridge.errors import AccessExpired, NotFound, Rejected, VendorDown, VendorError

VENDOR = "快递100"
QUERY, SUBSCRIBE = "poll/query.do", "poll"
ALREADY_SUBSCRIBED = "501"

Kind = type[VendorError]
CODES: Mapping[str, Mapping[str, tuple[Kind, str]]] = {
    QUERY: {
        "400": (Rejected, "it does not know the carrier, or the number is none of the carrier's"),
        "408": (Rejected, "the carrier wants the last digits of a telephone number of the parcel"),
        "500": (NotFound, "nothing is known of the number yet"),
        "501": (VendorDown, "it has trouble of its own; it is tried again later"),
        "502": (VendorDown, "it is busy; it is tried again later"),
        "503": (Rejected, "the signature is wrong; check key and customer"),
        "601": (AccessExpired, "the key has expired; top the account up"),
    },
    SUBSCRIBE: {
        "500": (VendorDown, "it has trouble of its own; it is tried again later"),
        "600": (AccessExpired, "it does not know the key; check key"),
        "601": (AccessExpired, "the key has expired; top the account up"),
        "700": (Rejected, "the carrier, the number or callback_url is not one it takes"),
        "701": (Rejected, "it gives no messages about this carrier"),
        "702": (Rejected, "it cannot tell the carrier by the number; name it under carriers of the account"),
    },
}
OF_ONE_PARCEL = frozenset({"kuaidi100.400", "kuaidi100.408"})
"""Codes of a query's errors that say nothing about the next parcel."""
_OF_THE_ACCOUNT = "kuaidi100.503"


def ends_the_round(error: VendorError) -> bool:
    """Whether the next parcel would meet it too; of an undocumented refusal nobody knows, so the next one tries."""
    return not isinstance(error, Rejected) or error.code == _OF_THE_ACCOUNT


def told(api: str, answer: Answer) -> wire.Told:
    """A call's answer; raises the error that fits a refusal, VendorDown for what is no answer.

    Errors carry the vendor's code behind ``kuaidi100.``, since those of other vendors are the same.
    """
    try:
        said = msgspec.json.decode(answer.body, type=wire.Told, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise unreadable(api, answer, str(error)) from error
    code = wire.as_text(said.return_code) or wire.as_text(said.status)
    if answer.status != 200 or not code:
        raise unreadable(api, answer, "not the answer of an API")
    if code == "200" or (api == SUBSCRIBE and code == ALREADY_SUBSCRIBED):
        return said
    raise _refusal(api, answer, code, wire.as_text(said.message))


def unreadable(api: str, answer: Answer, why: str) -> VendorDown:
    """The error for an answer that is none of the vendor's, or is about something else."""
    is_page = answer.body.lstrip().startswith(b"<")
    what = f"{VENDOR}'s answer to {api} (HTTP {answer.status}) cannot be read ({'a web page' if is_page else why})"
    return VendorDown(what, vendor=VENDOR, code="unreadable", body=answer.excerpt)


def _refusal(api: str, answer: Answer, code: str, message: str) -> VendorError:
    undocumented: tuple[Kind, str] = (Rejected, "for an undocumented reason; look it up in the vendor's documents")
    kind, meaning = CODES[api].get(code, undocumented)
    text = f"{VENDOR} refused {api}: {meaning} ({code}: {redact(message) or 'no reason given'})"
    return kind(text, vendor=VENDOR, code=f"kuaidi100.{code}", body=answer.excerpt)
