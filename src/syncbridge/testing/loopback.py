"""Ports of this machine, for what is started, killed and started again at the same one."""

from __future__ import annotations

import atexit
import errno
import secrets
import socket
from contextlib import ExitStack

_BELOW_THE_SYSTEMS_OWN = range(20_000, 32_000)
"""No system in use gives these to a connection that goes out, unless it is told to."""
_drawn = ExitStack()
"""Datagram sockets of the ports drawn here, by which others see that they are, also while nobody listens there."""
atexit.register(_drawn.close)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has, and that nobody takes while its owner is dead and this process lives.

    One that the system picks is of those it gives to connections that go out: it may be taken at the next start.
    """
    while True:
        port = secrets.choice(_BELOW_THE_SYSTEMS_OWN)
        try:
            with ExitStack() as trying:
                trying.enter_context(socket.socket(type=socket.SOCK_DGRAM)).bind(("127.0.0.1", port))
                socket.create_server(("127.0.0.1", port)).close()
                _drawn.push(trying.pop_all())
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port
