"""The expert's own hours: when they examine at each clinic, and the days on which they do not."""

from collections.abc import Collection
from datetime import date, time, timedelta
from typing import Any

from portal import audit, clock
from portal.db import database, one_at_a_time
from portal.ime.deadlines import local_day
from portal.ime.process import Refusal
from portal.ime.slots import days_between, stretch, weekly_hours
from portal.ime.timetable import Stretch, is_outside, quarter_at
from portal.models import Appointment, Clinic, Expert, SlotHold, TimeOff, WeeklyHours
from portal.words import Act, AppointmentState
from portal.written import clock_face

# Both changes of the clock lie in a year, and a day more for what begins elsewhere the day before.
A_DAY, A_YEAR = timedelta(days=1), timedelta(days=372)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def set_hours(
    clinic: Clinic,
    *,
    weekdays: Collection[int],
    opens: time,
    closes: time,
    first_day: date | None = None,
    last_day: date | None = None,
    is_telehealth: bool = False,
) -> None:
    """Add the same hours on one or more weekdays (0 is Monday), all or none; they hold between two days, both included,
    where these are given. Refuses an overlap, odd minutes, and days that are over."""
    if not weekdays:
        raise Refusal("Choose one or more days.", field="weekdays")
    if any(at.minute % 15 for at in (opens, closes)):
        raise Refusal("Use full quarters of an hour, like 9:15 am.", field="opens")
    if opens >= closes:
        raise Refusal("The end must come after the beginning.", field="closes")
    if first_day and last_day and first_day > last_day:
        raise Refusal("The last day must not come before the first.", field="last_day")
    if last_day and last_day < clock.today(clinic.time_zone):
        raise Refusal("Choose a last day that is still to come.", field="last_day")
    if is_telehealth and not clinic.expert.accepts_telehealth:
        raise Refusal("Say in your profile first that you examine by video.", field="is_telehealth")
    with database.atomic():
        one_at_a_time(time_of(clinic.expert_id))
        for weekday in sorted(weekdays):
            wanted = WeeklyHours(
                clinic=clinic,
                weekday=weekday,
                opens=opens,
                closes=closes,
                first_day=first_day,
                last_day=last_day,
                is_telehealth=is_telehealth,
            )
            refuse_overlap(wanted)
            wanted.save()
            audit.record(Act.CREATED, wanted)


def time_of(expert_id: int) -> Any:
    """The query of the row that whoever changes what this expert's time holds has in common."""
    return Expert.select(Expert.id).where(Expert.id == expert_id)


def refuse_overlap(wanted: WeeklyHours) -> None:
    """Nobody is at two places at once: the hours of every other clinic that is open count, in whatever time zone it is."""
    counts = Clinic.closed_at.is_null() | (WeeklyHours.clinic == wanted.clinic)
    for other in weekly_hours(wanted.clinic.expert_id).where(counts):
        if other != wanted and meet(stretch(wanted), stretch(other)):
            raise Refusal(f"This overlaps {in_words(other)} at {other.clinic.name}.", field="opens")


def meet(one: Stretch, other: Stretch) -> bool:
    """Two stretches of a week share a moment on some day of the first year in which both hold."""
    first = max(each.first_day or clock.today() for each in (one, other)) - A_DAY
    last = min(each.last_day or date.max for each in (one, other))
    days = days_between(first, min(last, first + A_YEAR))
    # Elsewhere it may be the day before or after already; in one time zone only the same day can meet.
    aside = (0,) if one.zone == other.zone else (-1, 0, 1)
    return any(
        cross(spell(one, day), spell(other, day + timedelta(days=number)))
        for day in days
        if day.weekday() == one.weekday
        for number in aside
        if (day.weekday() + number) % 7 == other.weekday
    )


def spell(stretch: Stretch, day: date) -> tuple[int, int]:
    """The quarters from which and up to which a stretch holds on a day; none where it does not hold."""
    if is_outside(day, stretch):
        return 0, 0
    return quarter_at(stretch.zone, day, stretch.opens), quarter_at(stretch.zone, day, stretch.closes)


def cross(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


def in_words(row: Any) -> str:
    """Monday, 9:00 am to 12:00 pm"""
    return f"{WEEKDAYS[row.weekday]}, {clock_face(row.opens)} to {clock_face(row.closes)}"


def remove_hours(row: WeeklyHours) -> None:
    """Take hours away; what is booked in them stays booked."""
    with database.atomic():
        audit.record(Act.REMOVED, row)
        row.delete_instance()


def add_time_off(expert: Expert, *, first_day: date, last_day: date) -> int:
    """Add days off, both included. Returns how many examinations fall into them that are booked, which stay so, or whose
    time is kept for somebody, who can take it no more."""
    if first_day > last_day:
        raise Refusal("The last day must not come before the first.", field="last_day")
    if last_day < clock.today():
        raise Refusal("Choose days that are still to come.", field="last_day")
    with database.atomic():
        one_at_a_time(time_of(expert.id))
        if expert.time_off.where((TimeOff.first_day <= last_day) & (TimeOff.last_day >= first_day)).exists():
            raise Refusal("You already have time off on some of these days.", field="first_day")
        audit.record(Act.CREATED, TimeOff.create(expert=expert, first_day=first_day, last_day=last_day))
    return sum(first_day <= day <= last_day for day in booked_days(expert))


def booked_days(expert: Expert) -> list[date]:
    """The days, by the clinic's calendar, of what is booked with the expert, and of the times that are kept for a case."""
    booked = Appointment.select(Appointment, Clinic).join(Clinic).where(Appointment.expert == expert)
    kept = SlotHold.select(SlotHold, Clinic).join(Clinic).where(SlotHold.expert == expert)
    rows = [
        *booked.where(Appointment.state == AppointmentState.BOOKED),
        *kept.where(SlotHold.expires_at > clock.now()),
    ]
    return [local_day(row) for row in rows]


def remove_time_off(row: TimeOff) -> None:
    """Take days off back."""
    with database.atomic():
        audit.record(Act.REMOVED, row)
        row.delete_instance()
