"""The seller's consent: where it is given, and tokens for the code it brings (aliexpress.md §2)."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from syncbridge.adapters.aliexpress.refusals import VENDOR, fault_in, refusal, unreadable
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.aliexpress.signing import AliExpressSigner, until
from syncbridge.adapters.aliexpress.wire import decoded
from syncbridge.adapters.aliexpress.wire_access import NewTokens
from syncbridge.adapters.http import Answer, Call, Request, VendorHttp
from syncbridge.errors import NotGranted
from syncbridge.ports import Tokens, Wiring

CREATE = "/auth/token/create"
_SELLER_CENTER = "seller_center"


class AliExpressConsent:
    """One store's first authorisation, and each one after its refresh token ended, about every 60 days."""

    def __init__(self, settings: AliExpressSettings, wiring: Wiring) -> None:
        self._settings = settings
        self._clock = wiring.clock
        self._http = VendorHttp(VENDOR, wiring, _CodeSigner(settings, wiring))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    def page(self, *, callback: str, state: str) -> str:
        """The page in a browser where the seller agrees; `callback` is the one of the app's console."""
        asked = {
            "response_type": "code",
            "force_auth": "true",
            "redirect_uri": callback,
            "client_id": self._settings.app_key,
            "state": state,
        }
        return f"{self._settings.auth_url.rstrip('/')}/oauth/authorize?{urlencode(asked)}"

    async def tokens(self, code: str, *, callback: str = "") -> Tokens:
        """Tokens for a code, which works once and for three minutes; AliExpress asks for no `callback` here.

        Raises AccessExpired for one that does not, NotGranted where who agreed is no seller. An answer that got lost is
        not asked for again, since the code is spent: the seller agrees once more.
        """
        url = f"{self._settings.auth_url.rstrip('/')}/rest{CREATE}"
        return await self._http.call(Call(CREATE, url, {"code": code}, once=True), self._judge)

    def _judge(self, answer: Answer) -> Tokens:
        now = self._clock.now()
        fault = fault_in(answer)
        if fault is not None:
            raise refusal(fault, api=CREATE, write=False, now=now)
        try:
            made = msgspec.convert(decoded(answer.body), NewTokens, strict=False)
        except (ValueError, msgspec.ValidationError) as error:
            raise unreadable(answer, api=CREATE, write=False, why=error) from error
        if made.account_platform != _SELLER_CENTER:
            what = (
                f"the one who agreed was logged in to {made.account_platform or 'no platform'}, not the seller centre"
            )
            remedy = "log out, log in to the seller centre as the store's main account, and authorise again"
            raise NotGranted(f"{what}; {remedy}", vendor=VENDOR, code="account_platform")
        return Tokens(
            made.access_token,
            made.refresh_token,
            until(made.expire_time, made.expires_in, now),
            until(made.refresh_token_valid_time, made.refresh_expires_in, now),
            str(made.seller_id or ""),
        )


class _CodeSigner(AliExpressSigner):
    """Signs the exchange of a code, before there is any token."""

    def signed(self, request: Request, tokens: Tokens) -> Request:
        """The call with its path in the signature."""
        url = str(request.url).partition("?")[0]
        return self._request(url, self._common(), request.extensions["params"], dict(request.extensions), path=CREATE)

    def says_expired(self, answer: Answer) -> bool:
        """Never: nothing is renewed here."""
        return False
