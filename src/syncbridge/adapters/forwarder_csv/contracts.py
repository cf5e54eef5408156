"""The forwarder's side of the table: `syncbridge adapters check forwarder_csv`."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncbridge.adapters.forwarder_csv.carrier import ForwarderCsv
from syncbridge.model.shipping import Shipment
from syncbridge.testing.contracts.carrier import CarrierContract


class CsvHarness:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.carrier = ForwarderCsv(file)

    def announce(self, shipment: Shipment) -> None:
        self._append(f"{shipment.mark},{shipment.carrier},{shipment.number}\n")

    def announce_nonsense(self) -> None:
        self._append(",YANWEN\n")

    def _append(self, row: str) -> None:
        head = "" if self.file.exists() else "mark,carrier,number\n"
        with self.file.open("a", encoding="utf-8") as file:
            file.write(head + row)


class TestForwarderCsv(CarrierContract):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> CsvHarness:
        return CsvHarness(tmp_path / "forwarder.csv")
