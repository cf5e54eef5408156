"""Runs the contracts that an adapter ships, in a process of its own: ``python -m syncbridge.testing.check MODULE``.

The module is ``contracts`` in the adapter's package. It holds classes that inherit contracts of
`syncbridge.testing.contracts`, with the vendor's side of the table as their fixture ``harness``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from syncbridge import ports

CONTRACTS = "syncbridge.testing.contracts"
OPTIONAL: Mapping[str, type] = {
    "Booking": ports.Books,
    "Cancels": ports.Cancels,
    "Confirms": ports.Confirms,
    "Follows": ports.Follows,
    "Refunds": ports.Refunds,
    "Searches": ports.Searches,
    "Tracking": ports.Tracks,
    "TracksDomestic": ports.TracksDomestic,
    "Urges": ports.Urges,
    "Watching": ports.Watches,
}
"""Contracts of abilities that a supplier, a channel, a carrier or a tracker may have."""


@dataclass
class Checked:
    """What became of one contract."""

    contract: str
    """Its name less ``Contract``; empty for tests that are the adapter's own."""
    passed: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    """The test, and what it met."""


@dataclass
class Report:
    """What became of an adapter."""

    checked: list[Checked]
    unchecked: list[str]
    """Abilities that it has, and whose contract it does not inherit."""
    trouble: str = ""
    """Why there is nothing to report."""

    @property
    def is_good(self) -> bool:
        """Whether every contract was kept, and there was one."""
        return bool(self.checked) and not self.trouble and not any(one.failures for one in self.checked)


def check(module: str) -> Report:
    """Run that module's contracts in another process, whose world they may change as they like."""
    command = [sys.executable, "-m", __name__, module]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own module
    try:
        told = json.loads(done.stdout)
    except ValueError:
        return Report([], [], (done.stderr or done.stdout).strip()[-2000:])
    return Report([Checked(**one) for one in told["checked"]], told["unchecked"], told["trouble"])


class _Notes:
    """The plugin that notes which test of which contract passed, and what the harness's parts can do."""

    def __init__(self) -> None:
        self.by_contract: dict[str, Checked] = {}
        self.abilities: set[str] = set()
        self.trouble: list[str] = []
        self._contract_of: dict[str, str] = {}

    @pytest.fixture
    def anyio_backend(self) -> str:
        """On what async tests run, unless the module says otherwise."""
        return "asyncio"

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Whose test it is."""
        kind_of_test: type = getattr(item, "cls", None) or object
        owner = next((kind for kind in kind_of_test.__mro__ if getattr(item, "originalname", "") in vars(kind)), object)
        is_ours = owner.__module__.startswith(CONTRACTS)
        self._contract_of[item.nodeid] = owner.__name__.removesuffix("Contract") if is_ours else ""

    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """What the adapter can do beside what everybody must."""
        harness = getattr(item, "funcargs", {}).get("harness")
        for name in ("supplier", "channel", "carrier", "tracks", "vendor"):
            part = getattr(harness, name, None)
            self.abilities |= {ability for ability, kind in OPTIONAL.items() if isinstance(part, kind)}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be read has no tests."""
        if report.failed:
            self.trouble.append(str(report.longrepr))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test came to its end, or could not begin."""
        contract = self._contract_of[report.nodeid]
        one = self.by_contract.setdefault(contract, Checked(contract))
        if report.when == "call" and report.passed:
            one.passed += 1
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            one.failures.append((report.nodeid.partition("::")[2], crash.message if crash else str(report.longrepr)))

    def report(self) -> Report:
        """All of it."""
        checked = sorted(self.by_contract.values(), key=lambda one: one.contract)
        missing = sorted(self.abilities - self.by_contract.keys())
        return Report(checked, missing, "\n".join(self.trouble))


def _run(module: str) -> Report:
    """Run them here, with none of the settings, plugins or fixtures that lie about."""
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None or found.origin is None:
        return Report([], [], f"there is no module {module}")
    notes = _Notes()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
        settings = Path(folder) / "pytest.ini"
        settings.write_text("[pytest]\n", "utf-8")
        options = ["--import-mode=importlib", "--noconftest", "-p", "no:cacheprovider", "-q", "--tb=short"]
        plugins = ["--disable-plugin-autoload", "-p", "anyio.pytest_plugin"]
        pytest.main([*options, *plugins, "-c", str(settings), found.origin], plugins=[notes])
    report = notes.report()
    if not report.checked and not report.trouble:
        report.trouble = f"{module} holds no tests\n{said.getvalue()[-1000:]}".strip()
    return report


if __name__ == "__main__":
    pytest.register_assert_rewrite(CONTRACTS)
    json.dump(asdict(_run(sys.argv[1])), sys.stdout)
