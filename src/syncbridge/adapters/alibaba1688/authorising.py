"""How an account is authorised, and whether key, secret and clock are right (1688.md §1.1, §2)."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from syncbridge.adapters.alibaba1688 import answers
from syncbridge.adapters.alibaba1688.settings import Alibaba1688Settings
from syncbridge.adapters.alibaba1688.signing import VENDOR, OpenSigner
from syncbridge.adapters.http import Call, VendorHttp
from syncbridge.ports import Tokens, Wiring


class Alibaba1688Consent:
    """What is asked of a person and of 1688 before an account can be used."""

    def __init__(self, settings: Alibaba1688Settings, wiring: Wiring) -> None:
        self._settings = settings
        self._clock = wiring.clock
        self._signer = OpenSigner(wiring.tokens, settings, wiring.clock)
        self._http = VendorHttp(VENDOR, wiring, self._signer)

    def page(self, *, callback: str, state: str) -> str:
        """The page where a person says yes; it sends them back to `callback` with a code and the same `state`.

        1688 knows the domain of `callback` from the app's registration and takes no other.
        """
        asked = {
            "client_id": self._settings.app_key,
            "site": "1688",
            "redirect_uri": callback,
            "state": state,
        }
        return f"{self._settings.auth_url}/oauth/authorize?{urlencode(asked)}"

    async def tokens(self, code: str, *, callback: str) -> Tokens:
        """Tokens for a code, which is good once and for two minutes; raises AccessExpired for one that is not.

        Neither an answer that got lost nor a refusal is worth a second try: the person is asked again.
        """
        form = {
            "grant_type": "authorization_code",
            "need_refresh_token": "true",
            "client_id": self._settings.app_key,
            "client_secret": self._settings.app_secret.get_secret_value(),
            "redirect_uri": callback,
            "code": code,
        }
        url = f"{self._settings.base_url}/openapi/http/1/system.oauth2/getToken/{self._settings.app_key}"
        call = Call("system.oauth2/getToken", url, form, once=True)
        return await self._http.call(call, self._signer.granted)

    async def skew(self) -> timedelta:
        """How far 1688's clock is ahead of ours; raises AccessExpired unless key and secret are right.

        The probe needs no token and no granted solution.
        """
        name = answers.TIME.name
        url = f"{self._settings.base_url}/openapi/param2/1/{answers.TIME.namespace}/{name}/{self._settings.app_key}"
        said = await self._http.call(Call(name, url, {}), answers.current_time)
        return said - self._clock.now()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()
