"""What can go wrong, by what to do next.

```
SyncBridgeError
├── ConfigError               refuse to start
├── MappingError              names the file, line and rule
├── SignatureInvalid          answer 401, keep nothing
└── VendorError               vendor, code, request id, redacted body
    ├── Transient             retry, after `retry_after` if given   → Unreachable, RateLimited, VendorDown, Outage
    ├── Rejected              park                                  → NotFound, OutOfStock, PriceChanged
    ├── NotGranted            take the other way (by hand, poll)
    ├── AccessExpired         pause the account; jobs wait, attempts do not count
    └── OutcomeUnknown        look (`find`) before buying again
```
"""

from __future__ import annotations

from typing import Literal

Scope = Literal["group", "account", "app"]


class SyncBridgeError(Exception):
    """Anything syncbridge says went wrong."""


class ConfigError(SyncBridgeError):
    """The configuration cannot be used; the message names the key and the remedy."""


class MappingError(SyncBridgeError):
    """A mapping file cannot be used; the message starts with file:line:column."""


class SignatureInvalid(SyncBridgeError):
    """A webhook was not signed by the vendor."""


class VendorError(SyncBridgeError):
    """A vendor did not do what was asked."""

    def __init__(self, message: str, *, vendor: str, code: str = "", request_id: str = "", body: str = "") -> None:
        super().__init__(message)
        self.vendor = vendor
        self.code = code
        self.request_id = request_id
        self.body = body
        """Redacted: no secret, no personal data."""


class Transient(VendorError):
    """It may work later; `retry_after` is in seconds, None if the vendor did not say."""

    def __init__(
        self,
        message: str,
        *,
        vendor: str,
        code: str = "",
        request_id: str = "",
        body: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, vendor=vendor, code=code, request_id=request_id, body=body)
        self.retry_after = retry_after


class Unreachable(Transient):
    """The request never left, or a read got no answer."""


class RateLimited(Transient):
    """Too many calls; waiting costs no attempt."""

    scope: Scope = "group"
    """Whose calls must all wait: those of the group, of the account, or of every account of the app."""


class VendorDown(Transient):
    """The vendor answered that it cannot answer."""


class Outage(Transient):
    """The vendor has not answered for a while and is left alone until `retry_after`; waiting costs no attempt."""


class Rejected(VendorError):
    """The vendor understood and said no; asking again changes nothing."""


class NotFound(Rejected):
    """There is no such thing at the vendor any more."""


class OutOfStock(Rejected):
    """The supplier cannot deliver the quantity."""


class PriceChanged(Rejected):
    """The supplier's price is no longer the one agreed to."""


class NotGranted(VendorError):
    """The account may not call the API."""


class AccessExpired(VendorError):
    """The account must be authorised again."""


class OutcomeUnknown(VendorError):
    """A write may or may not have happened."""
