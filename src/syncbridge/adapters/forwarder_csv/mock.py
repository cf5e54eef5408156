"""A forwarder that receives parcels at the relay address, sends them abroad, and writes its CSV file."""

from __future__ import annotations

from pathlib import Path


class ForwarderMock:
    """Appends a row for each parcel; the numbers are those YANWEN could have given."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._given = 0
        self.sent: dict[str, str] = {}
        """International number by parcel mark, as it is now."""

    def receive(self, mark: str) -> str:
        """Send the parcel with this mark abroad, once; answers its international number."""
        return self.sent[mark] if mark in self.sent else self._announce(mark, "")

    def renumber(self, mark: str) -> str:
        """The carrier takes the parcel over under another number; answers that."""
        return self._announce(mark, self.sent[mark])

    def _announce(self, mark: str, replaces: str) -> str:
        self._given += 1
        self.sent[mark] = f"UR{self._given:09d}YP"
        new = not self._path.exists()
        with self._path.open("a", encoding="utf-8") as file:
            file.write("mark,carrier,number,replaces\n" if new else "")
            file.write(f"{mark},YANWEN,{self.sent[mark]},{replaces}\n")
        return self.sent[mark]
