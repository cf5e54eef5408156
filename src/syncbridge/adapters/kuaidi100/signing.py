"""Signatures of 快递100: upper MD5 over a text and its secrets."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

from syncbridge.adapters.http import Answer, Request, Signer
from syncbridge.adapters.kuaidi100.answers import VENDOR
from syncbridge.adapters.kuaidi100.settings import Kuaidi100Settings
from syncbridge.errors import AccessExpired
from syncbridge.ports import Tokens, TokenVault

_FORM = "application/x-www-form-urlencoded; charset=UTF-8"


def query_signature(param: str, key: str, customer: str) -> str:
    """The ``sign`` of a query."""
    return _md5(param + key + customer)


def push_signature(param: str, salt: str) -> str:
    """The ``sign`` of a message."""
    return _md5(param + salt)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()


class FormSigner(Signer):
    """Posts the parameters as a form, signed where they name the customer; the key is never renewed."""

    def __init__(self, vault: TokenVault, settings: Kuaidi100Settings) -> None:
        super().__init__(vault)
        self._key = settings.key

    def signed(self, request: Request, tokens: Tokens) -> Request:
        """The form; a subscription carries the key instead of a signature."""
        form = dict(request.extensions["params"])
        if "customer" in form:
            form["sign"] = query_signature(form["param"], self._key.get_secret_value(), form["customer"])
        headers = {"Content-Type": _FORM, "Accept-Encoding": "identity"}
        content = urlencode(form).encode()
        return Request("POST", request.url, headers=headers, content=content, extensions=request.extensions)

    def says_expired(self, answer: Answer) -> bool:
        """Never: there are no tokens."""
        return False

    def refresh_request(self, tokens: Tokens) -> Request:
        """Raises AccessExpired."""
        raise AccessExpired(f"{VENDOR} gives no tokens", vendor=VENDOR)

    def refreshed(self, answer: Answer, old: Tokens) -> Tokens:
        """Raises AccessExpired."""
        raise AccessExpired(f"{VENDOR} gives no tokens", vendor=VENDOR)
