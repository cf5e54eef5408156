"""The mock vendors as one process for many days."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def vendors() -> Iterator[str]:
    """Start the mocks; answers where they listen."""
    command = [sys.executable, "-m", "syncbridge", "mock", "all", "--port", "0"]
    # stderr tells of callers that were killed in the middle of a request, which is what happens here
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as mocks:
        try:
            assert mocks.stdout is not None
            yield json.loads(mocks.stdout.readline())["aliexpress"]["base_url"].rsplit("/", 1)[0]
        finally:
            mocks.kill()
