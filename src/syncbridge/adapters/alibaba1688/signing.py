"""Signatures and tokens of the 1688 gateway (1688.md §1.3 and §2)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Literal
from urllib.parse import urlencode

import msgspec

from syncbridge.adapters.alibaba1688 import wire
from syncbridge.adapters.alibaba1688.settings import Alibaba1688Settings
from syncbridge.adapters.http import Answer, Request, Signer
from syncbridge.errors import AccessExpired, VendorDown
from syncbridge.ports import Clock, Tokens, TokenVault

VENDOR = "1688"
_NEEDS_USER = re.compile(rb'"error_code"\s*:\s*"?401\b')
_CODE_EXCHANGE = "http/1/system.oauth2/"
_WITHOUT_TOKEN = (_CODE_EXCHANGE, "param2/1/system/")
_FORM = "application/x-www-form-urlencoded; charset=UTF-8"


def signature(
    secret: str,
    pairs: Iterable[tuple[str, str]],
    *,
    url_path: str = "",
    order: Literal["joined", "key"] = "joined",
) -> str:
    """HMAC-SHA1 in upper-case hex over the path and the sorted raw pairs (1688.md §1.3); pushes have no path."""
    ordered = sorted(pairs) if order == "key" else sorted(pairs, key="".join)
    text = url_path + "".join(key + value for key, value in ordered)
    return hmac.new(secret.encode(), text.encode(), "sha1").hexdigest().upper()


class OpenSigner(Signer):
    """Signs calls of the gateway and renews the access token when it says the token is over."""

    def __init__(self, vault: TokenVault, settings: Alibaba1688Settings, clock: Clock) -> None:
        super().__init__(vault)
        self._settings = settings
        self._clock = clock

    def signed(self, request: Request, tokens: Tokens) -> Request:
        """A form post of the parameters, the access token and the signature over both.

        The calls of ``system`` need no token, and those for tokens no signature either (1688.md §1.1, §2).
        """
        form = dict(request.extensions["params"])
        called = request.url.path.partition("/openapi/")[2]
        if tokens.access and not called.startswith(_WITHOUT_TOKEN):
            form["access_token"] = tokens.access
        if not called.startswith(_CODE_EXCHANGE):
            form["_aop_signature"] = signature(
                self._settings.app_secret.get_secret_value(),
                form.items(),
                url_path=called,
                order=self._settings.signature_order,
            )
        return Request(
            request.method,
            request.url,
            headers={"Content-Type": _FORM, "Accept-Encoding": "identity"},
            content=urlencode(form).encode(),
            extensions=request.extensions,
        )

    def says_expired(self, answer: Answer) -> bool:
        """Whether the gateway says with its code 401 that the token is over or missing (1688.md §3.1)."""
        return answer.status == 401 and _NEEDS_USER.search(answer.body) is not None

    def refresh_request(self, tokens: Tokens) -> Request:
        """The token call, which is not signed (1688.md §2)."""
        if not tokens.refresh:
            raise AccessExpired(
                "1688 refused the access token and there is no refresh token; authorise the account again",
                vendor=VENDOR,
                code="no_refresh_token",
            )
        form = {
            "grant_type": "refresh_token",
            "client_id": self._settings.app_key,
            "client_secret": self._settings.app_secret.get_secret_value(),
            "refresh_token": tokens.refresh,
        }
        url = f"{self._settings.base_url}/openapi/param2/1/system.oauth2/getToken/{self._settings.app_key}"
        return Request("POST", url, headers={"Content-Type": _FORM}, content=urlencode(form).encode())

    def refreshed(self, answer: Answer, old: Tokens) -> Tokens:
        """The new tokens; an answer without a refresh token leaves the old one in force (1688.md §2).

        Raises VendorDown where the vendor could not answer now, AccessExpired where it would not renew.
        """
        return self._tokens(_grant(answer, "would not renew the access token", "refresh_refused"), old)

    def granted(self, answer: Answer) -> Tokens:
        """The first tokens, for a code; raises VendorDown, or AccessExpired where the code was not taken."""
        return self._tokens(_grant(answer, "would not take the code", "code_refused"), Tokens(""))

    def _tokens(self, grant: wire.TokenAnswer, old: Tokens) -> Tokens:
        lifetime = grant.expires_in
        return Tokens(
            access=grant.access_token or "",
            refresh=grant.refresh_token or old.refresh,
            access_expires_at=None if lifetime is None else self._clock.now() + timedelta(seconds=lifetime),
            refresh_expires_at=wire.time_of(grant.refresh_token_timeout) or old.refresh_expires_at,
            owner=str(grant.member_id or old.owner),
        )


def _grant(answer: Answer, refused: str, code: str) -> wire.TokenAnswer:
    try:
        grant = msgspec.json.decode(answer.body, type=wire.TokenAnswer, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _later(answer) from error
    if not grant.access_token and (answer.status >= 500 or str(grant.error_code).startswith("gw.Qos")):
        raise _later(answer)
    if not grant.access_token:
        raise AccessExpired(
            f"1688 {refused} ({grant.reason or 'no reason given'}); authorise the account again",
            vendor=VENDOR,
            code=code,
            body=answer.excerpt,
        )
    return grant


def _later(answer: Answer) -> VendorDown:
    return VendorDown(
        f"1688 could not answer the token call (HTTP {answer.status}); it is tried again later",
        vendor=VENDOR,
        code=f"http_{answer.status}",
        body=answer.excerpt,
    )
