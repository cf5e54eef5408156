"""Every registered adapter has contracts, and every job kind is where its name says."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from syncbridge.bootstrap import ENTRY_POINTS, contracts_of, find_adapter
from syncbridge.flows.jobs import JOBS

HERE = Path(__file__).parent


def test_every_registered_adapter_ships_its_contracts_and_its_tests_run_them() -> None:
    for entry in entry_points(group=ENTRY_POINTS):
        module = import_module(contracts_of(entry.name))
        shipped = {name for name, kind in vars(module).items() if name.startswith("Test") and isinstance(kind, type)}
        text = (HERE / entry.name / "test_contracts.py").read_text("utf-8")
        assert shipped
        assert {name for name in shipped if not re.search(rf"\b{name}\b", text)} == set(), entry.name


def test_every_registered_adapter_has_a_readme_with_its_checklist() -> None:
    for entry in entry_points(group=ENTRY_POINTS):
        folder = Path(str(find_adapter(entry.name).settings.__module__).replace(".", "/"))
        name = folder.parts[2]
        text = (HERE.parents[1] / "src" / "syncbridge" / "adapters" / name / "README.md").read_text("utf-8")
        assert "vector" in text
        assert "cursor" in text


def test_a_job_kind_is_file_dot_function() -> None:
    for kind, flow in JOBS.items():
        file, function = kind.split(".")
        assert (flow.__module__, flow.__name__) == (f"syncbridge.flows.{file}", function)
