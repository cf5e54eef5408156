"""How each API wraps its own no: the ten shapes of 1688.md §3.2 as one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from syncbridge.adapters.alibaba1688.mock.params import Json


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a refusal puts its code and its words, and what it says of success."""

    within: str = ""
    success: object = False
    """What stands there for a no; None leaves the member out."""
    code: str = "errorCode"
    message: str = "errorMessage"
    numeric: bool = False
    """Whether the code is a number."""

    def refused(self, code: str, message: str) -> Json:
        """The whole answer."""
        members: Json = {} if self.success is None else {"success": self.success}
        if self.code:
            members[self.code] = int(code) if self.numeric else code
        members[self.message] = message
        return {self.within: members} if self.within else members


ENVELOPES: Mapping[str, Envelope] = {
    "A": Envelope(within="result", code="code", message="message"),
    "B": Envelope(success="false"),
    "C": Envelope(code="code", message="message"),
    "D": Envelope(message="errorMsg"),
    "E": Envelope(message="erroMsg"),
    "F": Envelope(),
    "G": Envelope(within="result", message="errorInfo"),
    "H": Envelope(success=None, code="code", message="message", numeric=True),
    "I": Envelope(success=None),
    "J": Envelope(within="result", message="errorMsg"),
    "J/kj": Envelope(within="result", code="", message="msg"),
    "G/pay": Envelope(within="results", message="errorInfo"),
    "product": Envelope(code="", message="message"),
    "memo": Envelope(success=True, message="errorMsg"),
}
"""By the letter of 1688.md §3.2. The four at the end are shapes its text tells of besides: kjdistribute's, the group
pay link's, alibaba.cross.productInfo's, and memoAdd's, which says yes beside its error."""
