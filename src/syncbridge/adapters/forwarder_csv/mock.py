"""A forwarder that receives parcels at the relay address, sends them abroad, and writes its CSV file."""

from __future__ import annotations

from pathlib import Path


class ForwarderMock:
    """Appends a row for each parcel; the number is one YANWEN could have given."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.sent: dict[str, str] = {}
        """International number by parcel mark."""

    def receive(self, mark: str) -> str:
        """Send the parcel with this mark abroad, once; answers its international number."""
        if mark not in self.sent:
            number = f"UR{len(self.sent) + 1:09d}YP"
            self.sent[mark] = number
            self._append(f"{mark},YANWEN,{number}\n")
        return self.sent[mark]

    def _append(self, row: str) -> None:
        new = not self._path.exists()
        with self._path.open("a", encoding="utf-8") as file:
            file.write(("mark,carrier,number\n" if new else "") + row)
