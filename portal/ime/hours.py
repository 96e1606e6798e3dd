"""The expert's own hours: when they examine at each clinic, and the days on which they do not."""

from collections.abc import Collection
from datetime import date, time
from typing import Any

from portal import audit, clock
from portal.db import database, one_at_a_time
from portal.ime.deadlines import local_day
from portal.ime.process import Refusal
from portal.models import Appointment, Clinic, Expert, TimeOff, WeeklyHours
from portal.words import Act, AppointmentState
from portal.written import clock_face

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
    """Nobody is at two places at once: the hours of every clinic in the same time zone count, on days they share."""
    clinic = wanted.clinic
    shares_days = WeeklyHours.weekday == wanted.weekday
    if wanted.last_day:
        shares_days &= WeeklyHours.first_day.is_null() | (WeeklyHours.first_day <= wanted.last_day)
    if wanted.first_day:
        shares_days &= WeeklyHours.last_day.is_null() | (WeeklyHours.last_day >= wanted.first_day)
    other = (
        WeeklyHours.select(WeeklyHours, Clinic)
        .join(Clinic)
        .where(
            (Clinic.expert == clinic.expert_id)
            & (Clinic.time_zone == clinic.time_zone)
            & shares_days
            & (WeeklyHours.opens < wanted.closes)
            & (WeeklyHours.closes > wanted.opens)
        )
        .first()
    )
    if other:
        raise Refusal(f"This overlaps {in_words(other)} at {other.clinic.name}.", field="opens")


def in_words(row: Any) -> str:
    """Monday, 9:00 am to 12:00 pm"""
    return f"{WEEKDAYS[row.weekday]}, {clock_face(row.opens)} to {clock_face(row.closes)}"


def remove_hours(row: WeeklyHours) -> None:
    """Take hours away; what is booked in them stays booked."""
    with database.atomic():
        audit.record(Act.REMOVED, row)
        row.delete_instance()


def add_time_off(expert: Expert, *, first_day: date, last_day: date) -> int:
    """Add days off, both included. Returns how many booked examinations fall into them: those stay booked."""
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
    """The days, by the clinic's calendar, of the examinations that are booked with the expert."""
    booked = (
        Appointment.select(Appointment, Clinic)
        .join(Clinic)
        .where((Appointment.expert == expert) & (Appointment.state == AppointmentState.BOOKED))
    )
    return [local_day(appointment) for appointment in booked]


def remove_time_off(row: TimeOff) -> None:
    """Take days off back."""
    with database.atomic():
        audit.record(Act.REMOVED, row)
        row.delete_instance()
