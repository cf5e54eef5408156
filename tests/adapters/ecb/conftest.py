"""The bank's side of the table, and our way to it."""

from __future__ import annotations

import pytest

from syncbridge.adapters.ecb.contracts import Bank, anyio_backend

__all__ = ["anyio_backend"]


@pytest.fixture
def harness() -> Bank:
    return Bank()
