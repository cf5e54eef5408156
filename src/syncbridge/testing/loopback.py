"""Ports of this machine, for what is started, killed and started again at the same one."""

from __future__ import annotations

import errno
import secrets
import socket

_BELOW_THE_SYSTEMS_OWN = range(20_000, 32_000)
"""No system in use gives these to a connection that goes out, unless it is told to."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has, and that no connection takes while its owner is dead.

    One that the system picks is of those it gives to connections that go out: it may be taken at the next start.
    """
    while True:
        port = secrets.choice(_BELOW_THE_SYSTEMS_OWN)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port
