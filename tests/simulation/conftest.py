from __future__ import annotations

import logging

import pytest
import structlog


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seed writes thousands of lines that nobody reads; errors are shown."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
