"""When the experts of the whole panel are next free, from as many queries for one expert as for thousands."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from portal import clock
from portal.clock import OFFICE_ZONE
from portal.ime.experts import grouped
from portal.ime.slots import USUAL_LENGTH, is_closed, slots_within
from portal.models import Clinic, TakenQuarter, TimeOff, WeeklyHours

HORIZON_DAYS = 60


class Zoned(NamedTuple):
    """Of a clinic, only where its clock stands."""

    time_zone: str


class Hours(NamedTuple):
    """One stretch of weekly hours, light enough to hold those of the whole panel."""

    clinic_id: int
    weekday: int
    opens: time
    closes: time
    clinic: Zoned


class Diary:
    """When each expert is free: weekly hours, time off and booked time of the whole panel, read once."""

    def __init__(self) -> None:
        self.first = clock.today()
        self.last = self.first + timedelta(days=HORIZON_DAYS)
        self.off = grouped(
            TimeOff.select(TimeOff.expert, TimeOff.first_day, TimeOff.last_day).where(
                (TimeOff.last_day >= self.first) & (TimeOff.first_day <= self.last)
            )
        )
        self.taken = grouped(self.taken_quarters())
        self.hours = self.weekly_hours()
        self.closed = {day for day in self.days(0) if is_closed(day, [])}

    def taken_quarters(self) -> Any:
        begins = datetime.combine(self.first, time(), ZoneInfo(OFFICE_ZONE))
        ends = begins + timedelta(days=HORIZON_DAYS + 2)
        return TakenQuarter.select(TakenQuarter.expert, TakenQuarter.starts_at).where(
            TakenQuarter.starts_at.between(begins, ends)
        )

    def weekly_hours(self) -> defaultdict[int, defaultdict[int, list[Hours]]]:
        """Expert -> weekday -> the stretches of that day."""
        hours: defaultdict[int, defaultdict[int, list[Hours]]] = defaultdict(lambda: defaultdict(list))
        rows: Any = WeeklyHours.select(
            Clinic.expert,
            Clinic.id,
            WeeklyHours.weekday,
            WeeklyHours.opens,
            WeeklyHours.closes,
            Clinic.time_zone,
        ).join(Clinic)
        for expert, clinic, weekday, opens, closes, zone in rows.tuples():
            hours[expert][weekday].append(Hours(clinic, weekday, opens, closes, Zoned(zone)))
        return hours

    def days(self, notice: int) -> Iterator[date]:
        """The days of the horizon that leave so many days of notice."""
        return (self.first + timedelta(days=number) for number in range(notice, HORIZON_DAYS + 1))

    def first_day(self, expert: int, notice: int) -> date | None:
        """The first day with a free slot of usual length, None within the horizon."""
        if expert not in self.hours:
            return None
        taken = {start for (start,) in self.taken[expert]}
        off = self.off[expert]
        for day in self.days(notice):
            if day in self.closed or any(begins <= day <= ends for begins, ends in off):
                continue
            rows = self.hours[expert].get(day.weekday(), ())
            if any(next(slots_within(day, row, USUAL_LENGTH, taken), None) for row in rows):
                return day
        return None
