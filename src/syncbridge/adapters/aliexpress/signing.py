"""How a call is signed and an expired token renewed (aliexpress.md §1.2, §1.3, §2)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import msgspec

from syncbridge.adapters.aliexpress.refusals import VENDOR, fault_in, is_expiry, refusal, unreadable
from syncbridge.adapters.aliexpress.settings import AliExpressSettings, SignMethod
from syncbridge.adapters.aliexpress.wire import decoded
from syncbridge.adapters.aliexpress.wire_access import NewTokens
from syncbridge.adapters.http import Answer, Request, Signer
from syncbridge.errors import AccessExpired
from syncbridge.ports import Tokens, Wiring

REFRESH = "/auth/token/refresh"


def sign(params: Mapping[str, str], secret: str, path: str = "", method: SignMethod = "sha256") -> str:
    """The ``sign`` of a call: upper hex over the sorted parameters, blank ones left out (aliexpress.md §1.3).

    `path` is the API's path for /rest, such as ``/auth/token/refresh``; /sync signs no path.
    """
    base = path + "".join(key + params[key] for key in sorted(params) if params[key].strip())
    match method:
        case "sha256":
            return hmac.new(secret.encode(), base.encode(), hashlib.sha256).hexdigest().upper()
        case "hmac":
            return hmac.new(secret.encode(), base.encode(), hashlib.md5).hexdigest().upper()
        case "md5":
            both = (secret + base + secret).encode()
            return hashlib.md5(both, usedforsecurity=False).hexdigest().upper()


def until(at_ms: int | None, seconds: int, now: datetime) -> datetime:
    """When a token ends: at a time in epoch milliseconds, or so many seconds from now where none is told."""
    return datetime.fromtimestamp(at_ms / 1000, UTC) if at_ms else now + timedelta(seconds=seconds)


class AliExpressSigner(Signer):
    """Signs /sync calls with the token in force, and renews it over /rest."""

    def __init__(self, settings: AliExpressSettings, wiring: Wiring) -> None:
        super().__init__(wiring.tokens)
        self._settings = settings
        self._clock = wiring.clock
        self._deadline = wiring.deadlines.read

    def signed(self, request: Request, tokens: Tokens) -> Request:
        """The call with common parameters in its query, ``method`` among them, and the rest in its body.

        Raises AccessExpired where there is no access token yet.
        """
        if not tokens.access:
            raise AccessExpired("there is no access token; authorise the store", vendor=VENDOR, code="no_access_token")
        common = {
            **dict(parse_qsl(str(request.url.query, "ascii"))),
            **self._common(),
            self._settings.token_parameter: tokens.access,
            "format": "json",
            "v": "2.0",
            "simplify": "true" if self._settings.simplify else "",
        }
        url = str(request.url).partition("?")[0]
        return self._request(url, common, request.extensions["params"], dict(request.extensions))

    def says_expired(self, answer: Answer) -> bool:
        """Whether the gateway calls the access token invalid or expired."""
        fault = fault_in(answer)
        return fault is not None and is_expiry(fault)

    def refresh_request(self, tokens: Tokens) -> Request:
        """The call that renews both tokens; raises AccessExpired where the store was never fully authorised."""
        if not tokens.refresh:
            raise AccessExpired(
                "the access token is no longer valid and there is no refresh token; authorise the store again",
                vendor=VENDOR,
                code="no_refresh_token",
            )
        url = f"{self._settings.auth_url.rstrip('/')}/rest{REFRESH}"
        waits = dict.fromkeys(("connect", "read", "write", "pool"), self._deadline)
        body = {"refresh_token": tokens.refresh}
        return self._request(url, self._common(), body, {"timeout": waits}, path=REFRESH)

    def refreshed(self, answer: Answer, old: Tokens) -> Tokens:
        """Both new tokens; raises AccessExpired if the refresh token is spent, VendorDown if nobody can tell."""
        fault, now = fault_in(answer), self._clock.now()
        if fault is not None:
            raise refusal(fault, api=REFRESH, write=False, now=now)
        try:
            fresh = msgspec.convert(decoded(answer.body), NewTokens, strict=False)
        except (ValueError, msgspec.ValidationError) as error:
            raise unreadable(answer, api=REFRESH, write=False, why=error) from error
        return Tokens(
            fresh.access_token,
            fresh.refresh_token,
            until(fresh.expire_time, fresh.expires_in, now),
            until(fresh.refresh_token_valid_time, fresh.refresh_expires_in, now),
        )

    def _common(self) -> dict[str, str]:
        return {
            "app_key": self._settings.app_key,
            "sign_method": self._settings.sign_method,
            "timestamp": str(int((self._clock.now() + self.skew).timestamp() * 1000)),
        }

    def _request(
        self,
        url: str,
        common: Mapping[str, str],
        business: Mapping[str, str],
        extensions: dict[str, object],
        *,
        path: str = "",
    ) -> Request:
        """A signed request; what is blank is neither signed nor sent."""
        query = {key: value for key, value in common.items() if value.strip()}
        body = {key: value for key, value in business.items() if value.strip()}
        query["sign"] = sign(
            query | body, self._settings.app_secret.get_secret_value(), path, self._settings.sign_method
        )
        return Request(
            "POST",
            f"{url}?{urlencode(query)}",
            content=urlencode(body).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
            extensions=extensions,
        )
