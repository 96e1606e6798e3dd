"""The clock of an incident: by when those concerned, and the Department, must have been told (45 CFR 164.404–408)."""

from dataclasses import dataclass
from datetime import date, timedelta

LONGEST = 60  # calendar days after discovery; 164.404(b). "Without unreasonable delay" may well be sooner.


@dataclass(frozen=True)
class IncidentClock:
    """How far the clock has run: `day` counts from 0 on the day of discovery."""

    discovered_on: date
    day: int
    last_day: date  # for telling each person concerned
    log_by: date  # for reporting a breach of fewer than 500 people of that year; 164.408(c)

    @property
    def days_left(self) -> int:
        """Below 0 once it is too late."""
        return LONGEST - self.day


def clock_of(discovered_on: date, today: date) -> IncidentClock:
    """The clock of a breach discovered on this day, as it stands today."""
    return IncidentClock(
        discovered_on,
        (today - discovered_on).days,
        discovered_on + timedelta(days=LONGEST),
        date(discovered_on.year, 12, 31) + timedelta(days=LONGEST),
    )
