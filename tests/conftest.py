from __future__ import annotations

import gc
import json
import socket
from collections import Counter
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")  # a busy machine is no reason to fail
FIGURES = ("seeds", "kills", "faults", "doubled", "lost", "bought_after_cancel", "outside_band")
"""What the tests that kill say of themselves, as the property ``tally`` of their reports."""
gc.disable()  # thousands of tests are found, and none of them is garbage; so it looks for some once they run


def pytest_collection_finish() -> None:
    """What was found stays to the end."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches beyond this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(("127.", "::1")):  # type: ignore[index]
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add up what every worker's tests told: kills by named point, and the figures as one line of JSON."""
    reports = [report for of_outcome in terminalreporter.stats.values() for report in of_outcome]
    told = [
        value
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "tally" and report.when == "call"
    ]
    if told:
        points = Counter(point for tally in told for point in tally.get("points", ()))
        least = ", ".join(f"{point} {times}" for point, times in points.most_common()[:-4:-1])
        terminalreporter.write_line(f"{len(points)} named points killed at; least often: {least}")
        terminalreporter.write_line(
            json.dumps({figure: sum(tally.get(figure, 0) for tally in told) for figure in FIGURES})
        )


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """A command sets up its log on a stream that ends with its test."""
    yield
    structlog.reset_defaults()
