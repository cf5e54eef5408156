from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.vendors import vendors


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    """Where the mock vendors listen, started once for all days."""
    with vendors() as url:
        yield url
