"""How often a seller and an app may call (aliexpress.md §3); nobody is limited until the mock is told so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

_CHINA = timezone(timedelta(hours=8))


@dataclass
class Quota:
    """What may be called, and what was."""

    per_second: int | None = None
    """By one seller."""
    ban_seconds: int = 1
    per_day: int | None = None
    """By one app; the day ends at 24:00 in China."""
    _second: dict[str, tuple[int, int]] = field(default_factory=dict)
    _banned_until: dict[str, datetime] = field(default_factory=dict)
    _of_day: Counter[tuple[str, date]] = field(default_factory=Counter)

    def spend(self, app_key: str, now: datetime) -> tuple[str, str] | None:
        """Count a call; answers code and words of a refusal for one too many, and for any while the ban lasts."""
        today = (app_key, now.astimezone(_CHINA).date())
        if self.per_day is not None and self._of_day[today] >= self.per_day:
            return "AppCallLimit", "App call quota of the day is used up. this ban will last until 24:00 (GMT+8)"
        self._of_day[today] += 1
        left = (self._banned_until.get(app_key, now) - now).total_seconds()
        if left > 0:
            return _banned(left)
        if self.per_second is None:
            return None
        second = int(now.timestamp())
        last, count = self._second.get(app_key, (second, 0))
        count = count + 1 if last == second else 1
        self._second[app_key] = (second, count)
        if count > self.per_second:
            self._banned_until[app_key] = now + timedelta(seconds=self.ban_seconds)
            return _banned(self.ban_seconds)
        return None


def _banned(seconds: float) -> tuple[str, str]:
    what = f"Api access frequency exceeds the limit. this ban will last {max(1, round(seconds))} seconds"
    return "SellerCallLimit", what
