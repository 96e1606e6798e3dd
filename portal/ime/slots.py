"""Free slots: an expert's weekly hours in each clinic's own time zone, less holidays, time off and what is taken."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from portal import clock
from portal.ime import rules
from portal.ime.deadlines import kept_rules
from portal.models import QUARTER, Case, Clinic, TakenQuarter, WeeklyHours

USUAL_LENGTH = timedelta(minutes=60)
FURTHEST = timedelta(days=365)


@dataclass(frozen=True)
class Slot:
    """A free time of an expert at one clinic; UTC moments. As text it is what a form sends: 7-20261208T173000Z."""

    clinic_id: int
    starts_at: datetime
    ends_at: datetime

    def __str__(self) -> str:
        return f"{self.clinic_id}-{self.starts_at:%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True)
class Earliest:
    """The first day on which an examination gives everybody the notice they need, and because of what."""

    date: date
    sentence: str


def free_slots(
    case: Case, first: date, last: date, length: timedelta = USUAL_LENGTH, but_for: Any = None
) -> list[Slot]:
    """The free slots of the case's expert from day to day (clinic-local, both included), soonest first.

    The time of the appointment `but_for` counts as free, since moving gives it back; its own slot is no move."""
    expert: Any = case.expert
    taken = taken_quarters(expert, first, last, but_for)
    off = [(row.first_day, row.last_day) for row in expert.time_off]
    slots = [
        slot
        for row in weekly_hours(expert)
        for day in days_between(first, last)
        if day.weekday() == row.weekday and not is_closed(day, off)
        for slot in slots_within(day, row, length, taken)
        if not is_time_of(but_for, slot)
    ]
    return sorted(slots, key=lambda slot: (slot.starts_at, slot.clinic_id))


def weekly_hours(expert: Any) -> Any:
    """The weekly hours of the expert, each with its clinic, in one read."""
    return WeeklyHours.select(WeeklyHours, Clinic).join(Clinic).where(Clinic.expert == expert)


def days_between(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def is_closed(day: date, off: list[tuple[date, date]]) -> bool:
    """A federal holiday from Monday to Friday, or within one of the spans of days off."""
    is_holiday = day.weekday() < 5 and not rules.is_working_day(day, "US")
    return is_holiday or any(begins <= day <= ends for begins, ends in off)


def is_time_of(appointment: Any, slot: Slot) -> bool:
    """The slot is the very time and place of the appointment."""
    return appointment is not None and slot == Slot(
        appointment.clinic_id, appointment.starts_at, appointment.ends_at
    )


def slots_within(day: date, row: Any, length: timedelta, taken: set[datetime]) -> Iterator[Slot]:
    """The slots that fit into one stretch of weekly hours on a day, each as early as what is taken allows."""
    start, closes = local_moment(day, row.opens, row.clinic), local_moment(day, row.closes, row.clinic)
    while start + length <= closes:
        if start > clock.now() and taken.isdisjoint(quarters(start, start + length)):
            yield Slot(row.clinic_id, start, start + length)
            start += length
        else:
            start += QUARTER


def local_moment(day: date, at: time, clinic: Any) -> datetime:
    """When the clinic's clock shows this time, in UTC; a time that it skips in spring is read an hour later."""
    return datetime.combine(day, at, ZoneInfo(clinic.time_zone)).astimezone(UTC)


def quarters(starts_at: datetime, ends_at: datetime) -> list[datetime]:
    """Every quarter of an hour that begins before the end, from the quarter in which the start lies."""
    first = starts_at.replace(minute=starts_at.minute // 15 * 15, second=0, microsecond=0)
    return [first + number * QUARTER for number in range(-(-(ends_at - first) // QUARTER))]


def taken_quarters(expert: Any, first: date, last: date, but_for: Any = None) -> set[datetime]:
    """The quarters of the expert that appointments take on these days, a day more on either side."""
    begin = datetime.combine(first, time(), UTC) - timedelta(days=1)
    end = datetime.combine(last, time(), UTC) + timedelta(days=2)
    rows = TakenQuarter.select(TakenQuarter.starts_at).where(
        (TakenQuarter.expert == expert) & TakenQuarter.starts_at.between(begin, end)
    )
    return {row.starts_at for row in (rows.where(TakenQuarter.appointment != but_for) if but_for else rows)}


def earliest_exam(case: Case) -> Earliest:
    """The first day that leaves the claimant the notice of the jurisdiction's rule and the expert their own."""
    by_rule, by_expert = earliest_by_rule(case.exam_kind, kept_rules(case)), earliest_by_expert(case.expert)
    return max((each for each in (by_rule, by_expert) if each), key=lambda each: each.date)


def earliest_by_rule(exam_kind: str, kept: rules.Snapshot | None = None) -> Earliest | None:
    """The first day whose notice can still be given today; None where no rule or house default is on file."""
    today, day = clock.today(), clock.today()
    explained = rules.notice_before_exam(exam_kind, day, kept)
    while explained and explained.date < today:
        day += today - explained.date
        explained = rules.notice_before_exam(exam_kind, day, kept)
    # Weekends and holidays may have carried the leap too far.
    while explained and (before := rules.notice_before_exam(exam_kind, day - timedelta(days=1), kept)):
        if before.date < today or day <= today:
            return Earliest(day, explained.sentence)
        day, explained = day - timedelta(days=1), before
    return None


def earliest_by_expert(expert: Any) -> Earliest:
    days = expert.notice_days
    sentence = f"{expert.name} asks for {days} {'day' if days == 1 else 'days'} of notice."
    return Earliest(clock.today() + timedelta(days=days), sentence)
