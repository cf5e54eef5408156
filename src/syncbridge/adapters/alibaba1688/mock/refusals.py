"""How the mock says no."""

from __future__ import annotations


class GatewayRefusal(Exception):
    """A call that does not reach its API: an HTTP status and the gateway's own envelope (1688.md §3.1)."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class BusinessRefusal(Exception):
    """A no of the API itself: HTTP 200 and the API's own envelope (1688.md §3.2)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def bad_parameter(message: str) -> GatewayRefusal:
    """An unknown parameter or a wrong type; the vendor documents no code for either, so this one is the mock's."""
    return GatewayRefusal("gw.ParamInvalid", message)
