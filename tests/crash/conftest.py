from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from syncbridge.testing.control import MockControl
from tests.crash.vendors import vendors


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    """Where the mock vendors listen, started once for all days; the supplier lists a new order only after a while."""
    with vendors() as url:
        asyncio.run(_list_late(url))
        yield url


async def _list_late(url: str) -> None:
    async with MockControl(f"{url}/alibaba1688") as supplier:
        await supplier.tell("switches", list_lag_seconds=2.0)
