"""The web server as a task among others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import uvicorn


class TaskServer(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
