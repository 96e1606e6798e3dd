"""When the experts of the whole panel are free, from as many queries for one expert as for thousands."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from peewee import JOIN

from portal import clock
from portal.ime.experts import grouped
from portal.ime.slots import USUAL_LENGTH, minutes_of
from portal.ime.timetable import (
    MINUTES,
    Horizon,
    Opening,
    Span,
    Stretch,
    midnight,
    moment_of,
    openings,
    quarter_of,
)
from portal.models import QUARTER, Clinic, Expert, SlotHold, TakenQuarter, TimeOff, WeeklyHours

HORIZON_DAYS = 60


class Diary:
    """When each expert is free: weekly hours, time off and taken time of the whole panel, read once."""

    def __init__(self, days: int = HORIZON_DAYS) -> None:
        self.first = clock.today()
        self.last = self.first + timedelta(days=days)
        self.horizon = Horizon(self.first, self.last)
        self.off: dict[int, list[Span]] = {
            expert: [Span(*row) for row in rows]
            for expert, rows in grouped(
                TimeOff.select(TimeOff.expert, TimeOff.first_day, TimeOff.last_day).where(
                    (TimeOff.last_day >= self.first) & (TimeOff.first_day <= self.last)
                )
            ).items()
        }
        self.taken = self.taken_bits()
        self.stretches = self.weekly_hours()
        self.now = quarter_of(clock.now()) + 1

    def taken_bits(self) -> dict[int, int]:
        """Expert -> the bits of the horizon that are taken, without holds that have run out."""
        begins = datetime.combine(self.first, time(), UTC) - timedelta(days=1)
        ends = datetime.combine(self.last, time(), UTC) + timedelta(days=2)
        rows: Any = (
            TakenQuarter.select(TakenQuarter.expert, TakenQuarter.starts_at)
            .join(SlotHold, JOIN.LEFT_OUTER)
            .where(
                TakenQuarter.starts_at.between(begins, ends)
                & (TakenQuarter.hold.is_null() | (SlotHold.expires_at > clock.now()))
            )
        )
        return {
            expert: self.horizon.mask(quarter_of(at) for (at,) in starts)
            for expert, starts in grouped(rows).items()
        }

    def weekly_hours(self) -> dict[int, list[Stretch]]:
        """Expert -> the stretches of their week at clinics that are open, within the horizon, examined in person; those by
        video where there are no others and the expert examines by video."""
        in_person: defaultdict[int, list[Stretch]] = defaultdict(list)
        by_video: defaultdict[int, list[Stretch]] = defaultdict(list)
        rows: Any = (
            WeeklyHours.select(
                Clinic.expert,
                Clinic.id,
                WeeklyHours.weekday,
                WeeklyHours.opens,
                WeeklyHours.closes,
                Clinic.time_zone,
                Clinic.state,
                WeeklyHours.first_day,
                WeeklyHours.last_day,
                WeeklyHours.is_telehealth,
            )
            .join(Clinic)
            .join(Expert)
            .where(
                Clinic.closed_at.is_null()
                & (WeeklyHours.first_day.is_null() | (WeeklyHours.first_day <= self.last))
                & (WeeklyHours.last_day.is_null() | (WeeklyHours.last_day >= self.first))
                & (~WeeklyHours.is_telehealth | Expert.accepts_telehealth)
            )
        )
        for expert, clinic, weekday, opens, closes, *rest in rows.tuples():
            stretch = Stretch(clinic, weekday, minutes_of(opens), minutes_of(closes), *rest)
            (by_video if stretch.is_telehealth else in_person)[expert].append(stretch)
        return {**by_video, **in_person}

    def is_by_video(self, expert: int) -> bool:
        """Whether the expert examines by video alone, so that their free times are such."""
        return any(each.is_telehealth for each in self.stretches.get(expert, ()))

    def openings(
        self,
        expert: int,
        *,
        notice: int = 0,
        length: timedelta = USUAL_LENGTH,
        buffer: int = 0,
        most: int | None = None,
    ) -> list[Opening]:
        """The free times of one expert within the horizon, soonest first; `notice` in days, `buffer` in minutes."""
        stretches = self.stretches.get(expert)
        if not stretches:
            return []
        earliest = midnight(stretches[0].zone, self.first + timedelta(days=notice))[0]
        return openings(
            self.horizon,
            stretches,
            self.off.get(expert, ()),
            self.taken.get(expert, 0),
            -(-length // QUARTER),
            -(-buffer // MINUTES),
            after=max(self.now, earliest),
            most=most,
        )

    def first_day(self, expert: int, notice: int, buffer: int = 0) -> date | None:
        """The first day with a free slot of usual length by the clinic's calendar, None within the horizon."""
        found = self.openings(expert, notice=notice, buffer=buffer, most=1)
        if not found:
            return None
        zone = next(each.zone for each in self.stretches[expert] if each.clinic_id == found[0].clinic_id)
        return moment_of(found[0].quarter).astimezone(ZoneInfo(zone)).date()

    def search(
        self, experts: Iterable[int], length: timedelta = USUAL_LENGTH, most: int = 3
    ) -> dict[int, list[Opening]]:
        """The next free times of many experts: each expert's soonest, at most so many."""
        return {
            expert: found for expert in experts if (found := self.openings(expert, length=length, most=most))
        }
