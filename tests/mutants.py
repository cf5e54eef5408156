"""How many changes made to the code on purpose the tests noticed, file by file.

Run by ``make mutants`` after mutmut, which writes beside each file it changed how the tests ended for each change.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

RESULTS = Path("mutants/src/syncbridge")
LEAST = 0.9
"""Of all changes."""
LEAST_OF_A_FILE = 0.85
"""A few changes make no difference to anybody; in a small file they weigh more."""
NOTICED = (1, 3, 24, 36, 152, 255, -24)
"""How tests end that fail, break off, or run out of time."""


def main() -> int:
    """Print the figures; ends 1 if too few changes were noticed, or none were made."""
    ends = {file: ended for file in sorted(RESULTS.rglob("*.meta")) if (ended := _ends(file))}
    shares = [_say(str(file.relative_to(RESULTS).with_suffix("")), ended) for file, ended in ends.items()]
    if not shares:
        sys.stdout.write("no change was made; see what mutmut wrote above\n")
        return 1
    whole = _say("all", [end for ended in ends.values() for end in ended])
    return 1 if whole < LEAST or min(shares) < LEAST_OF_A_FILE else 0


def _ends(file: Path) -> list[int | None]:
    return list(json.loads(file.read_text())["exit_code_by_key"].values())


def _say(name: str, ended: list[int | None]) -> float:
    """Print and answer the share that was noticed."""
    noticed = sum(end in NOTICED for end in ended)
    share = noticed / len(ended)
    sys.stdout.write(f"{name}: {noticed} of {len(ended)} changes noticed, {share:.1%}\n")
    return share


if __name__ == "__main__":
    sys.exit(main())
