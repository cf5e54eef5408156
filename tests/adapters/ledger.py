"""What a mock's ledger says, as the JSON it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncbridge.ports import MockVendor


def ledger(mock: MockVendor) -> Mapping[str, Any]:
    """Its books, whose form is the vendor's."""
    return mock.books()
