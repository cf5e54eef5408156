from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.vendors import serving


@pytest.fixture(scope="session")
def vendors() -> Iterator[str]:
    with serving() as base_url:
        yield base_url
