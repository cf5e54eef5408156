"""What is to go wrong at a mock vendor, and when: by call, by count, or by chance with a seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(slots=True)
class Planned:
    """A fault of an API, or of any API (``*``): at its n-th call, for so many calls, or with a probability."""

    api: str
    fault: str
    call: int | None = None
    count: int | None = None
    probability: float | None = None
    seen: int = 0
    """How many calls it was asked about so far."""

    def __post_init__(self) -> None:
        """Refuse a plan that says no moment, or more than one; ValueError."""
        said = [each for each in (self.call, self.count, self.probability) if each is not None]
        if len(said) != 1:
            raise ValueError(f"a fault of {self.api} needs one of call, count and probability")
        if (self.probability is None and said[0] < 1) or not 0 <= (self.probability or 0) <= 1:
            raise ValueError(f"a fault of {self.api}: call and count begin at 1, a probability is between 0 and 1")


class FaultPlan:
    """The faults still to come; the same seed and the same calls meet the same ones."""

    def __init__(self) -> None:
        self._chance = Random(0)  # noqa: S311  it decides what breaks, and keeps no secret
        self._planned: list[Planned] = []

    def seed(self, seed: int) -> None:
        """Begin chance anew."""
        self._chance.seed(seed)

    def add(self, planned: Planned) -> None:
        """Plan one more; its calls are counted from now on."""
        self._planned.append(planned)

    def next(self, api: str, *, spared: tuple[str, ...] = ()) -> str | None:
        """What goes wrong with this call, if anything; ``*`` means any API but those spared."""
        due = [
            each
            for each in self._planned
            if (each.api == api or (each.api == "*" and api not in spared)) and self._is_due(each)
        ]
        if not due:
            return None
        if due[0].count is not None:
            due[0].count -= 1
        self._planned = [each for each in self._planned if each.count != 0 and each.call != each.seen]
        return due[0].fault

    def _is_due(self, planned: Planned) -> bool:
        planned.seen += 1
        if planned.probability is not None:
            return self._chance.random() < planned.probability
        return planned.call is None or planned.call == planned.seen
