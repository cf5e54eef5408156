"""How fast a simulated world turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from syncbridge.flows.schedule import Intervals
from syncbridge.testing.clock import START

PER_SECOND = 15
"""Calls a vendor grants."""
_PATIENT = {"attempts": 30, "first": 0.5, "cap": 4.0}


@dataclass(frozen=True, slots=True)
class Pace:
    """Intervals, waits and looks; all in seconds."""

    intervals: Intervals
    idle: float
    """Between looks of the driver for due jobs."""
    look: float
    """Between looks of everybody else."""
    cap: str
    """What may be spent in a day."""
    waits: Mapping[str, object]
    """Settings; what is left out waits as long as by default."""
    start: datetime = START


QUICK = Pace(
    Intervals(orders=6.0, purchases=10.0, offers=30.0, parcels=5.0),
    idle=1.5,
    look=1.5,
    cap="100000.00 CNY",
    waits={
        "cool_off": 1.0,
        "deadlines": {"total": 2.0, "read": 1.0, "margin": 1.0, "quarantine": 5.0},
        "jobs": {"lease": 10.0, "renewal": 3.0, "sweep": 1.0},
        "waits": {"audit": 1.2, "read_back": 5.0, "orders": 6.0, "booking": 3.0},
        "retry": {"purchase": _PATIENT, "tracking": _PATIENT, "catalogue": _PATIENT},
    },
)
"""A day of trade in a minute; every rule between the waits stays the same."""
