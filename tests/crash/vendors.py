"""The mock vendors' process, started once for many days."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Answers where they listen; ended with the block."""
    command = [sys.executable, "-m", "syncbridge", "mock", "all", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as mocks:
        try:
            assert mocks.stdout is not None
            yield json.loads(mocks.stdout.readline())["aliexpress"]["base_url"].rsplit("/", 1)[0]
        finally:
            mocks.kill()
