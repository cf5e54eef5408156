"""A forwarder that sends a CSV file: which parcel went abroad under which number."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from syncbridge.adapters.forwarder_csv.carrier import ForwarderCsv
from syncbridge.ports import Adapter, Connection, Wiring


class ForwarderCsvSettings(BaseModel):
    """Where the forwarder's file is put."""

    model_config = ConfigDict(extra="forbid")

    path: Path
    """A CSV file with the columns mark, carrier, number and perhaps replaces; rows are appended to it."""


def _connect(settings: ForwarderCsvSettings, wiring: Wiring) -> Connection:
    return Connection(carrier=ForwarderCsv(settings.path))


adapter = Adapter(name="forwarder_csv", settings=ForwarderCsvSettings, connect=_connect)
