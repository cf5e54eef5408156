"""The web server as a task among others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette

PROTOCOL = "syncbridge.web.head:BoundedHead"
"""By its name, so that it is loaded when something listens, and the first job need not wait for it."""


class TaskServer(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def server(app: Starlette) -> TaskServer:
    """What serves an app of ours; told of no address, since it is given its sockets."""
    return TaskServer(uvicorn.Config(app, http=PROTOCOL, log_level="warning", access_log=False, lifespan="off"))
