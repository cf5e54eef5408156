"""快递100's two calls: ask for one parcel, and ask for messages about one."""

from __future__ import annotations

import msgspec

from syncbridge.adapters.http import Answer, Call, VendorHttp
from syncbridge.adapters.kuaidi100 import answers, wire
from syncbridge.adapters.kuaidi100.answers import QUERY, SUBSCRIBE, VENDOR
from syncbridge.adapters.kuaidi100.settings import Kuaidi100Settings
from syncbridge.adapters.kuaidi100.signing import FormSigner
from syncbridge.ports import Wiring


class Kuaidi100Client:
    """One customer's calls. All raise `syncbridge.errors`."""

    def __init__(self, settings: Kuaidi100Settings, wiring: Wiring) -> None:
        self._settings = settings
        self._url = settings.base_url.rstrip("/")
        self._http = VendorHttp(VENDOR, wiring, FormSigner(wiring.tokens, settings))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    async def query(self, company: str, number: str, phone: str) -> wire.Told:
        """One parcel; sent once, since the vendor locks a number it is asked for twice in half an hour.

        Raises NotFound while nobody knows the number.
        """
        param = {"com": company, "num": number, "phone": phone, "resultv2": self._settings.result_version}
        params = {"customer": self._settings.customer, "param": _json(param | {"show": "0", "order": "desc"})}
        call = Call(QUERY, f"{self._url}/{QUERY}", params, group="orders", once=True)

        def judge(answer: Answer) -> wire.Told:
            told = answers.told(QUERY, answer)
            if wire.as_text(told.nu).upper() not in ("", number.upper()):
                raise answers.unreadable(QUERY, answer, "it is about another number")
            return told

        return await self._http.call(call, judge)

    async def subscribe(self, company: str, number: str, phone: str) -> None:
        """Ask for messages about a parcel; with no company 快递100 guesses it by the number. Twice changes nothing."""
        parameters = {
            "callbackurl": self._settings.callback_url,
            "salt": self._settings.salt.get_secret_value(),
            "resultv2": self._settings.result_version,
            "autoCom": "0" if company else "1",
            "phone": phone,
        }
        key = self._settings.key.get_secret_value()
        param = {"company": company, "number": number, "key": key, "parameters": parameters}
        call = Call(SUBSCRIBE, f"{self._url}/{SUBSCRIBE}", {"schema": "json", "param": _json(param)}, group="orders")
        await self._http.call(call, lambda answer: answers.told(SUBSCRIBE, answer))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
