"""The appointment: the expert's hours, free slots, and a booking that holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from peewee import IntegrityError

from portal import clock
from portal.db import database
from portal.ime.process import Refusal, remember, step
from portal.models import QUARTER, Appointment, Case, Clinic, TakenQuarter, TimeOff, WeeklyHours
from portal.policy import Person
from portal.words import AppointmentState

USUAL_LENGTH = timedelta(minutes=60)
FURTHEST = timedelta(days=120)


@dataclass(frozen=True)
class Slot:
    """A free time of an expert at one clinic; UTC moments."""

    clinic_id: int
    starts_at: datetime
    ends_at: datetime


def free_slots(case: Case, first: date, last: date, length: timedelta = USUAL_LENGTH) -> list[Slot]:
    """The free slots of the case's expert from day to day (clinic-local, both included), soonest first."""
    clinics = {clinic.id: clinic for clinic in case.expert.clinics}
    hours = list(WeeklyHours.select().where(WeeklyHours.clinic.in_(list(clinics))))
    off = [(row.first_day, row.last_day) for row in case.expert.time_off]
    taken = taken_quarters(case.expert, first, last)
    slots = [
        Slot(clinic.id, start, start + length)
        for row in hours
        for clinic in [clinics[row.clinic_id]]
        for day in days_between(first, last)
        if day.weekday() == row.weekday and not any(begin <= day <= end for begin, end in off)
        for start in starts_within(day, row, clinic, length)
        if start > clock.now() and not any(quarter in taken for quarter in quarters(start, start + length))
    ]
    return sorted(slots, key=lambda slot: (slot.starts_at, slot.clinic_id))


def days_between(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def starts_within(day: date, row: Any, clinic: Any, length: timedelta) -> Iterator[datetime]:
    """The starts, in UTC, of slots that fit one stretch of weekly hours on a day."""
    zone = ZoneInfo(clinic.time_zone)
    closes = datetime.combine(day, row.closes, zone).astimezone(UTC)
    start = datetime.combine(day, row.opens, zone).astimezone(UTC)
    while start + length <= closes:
        yield start
        start += length


def quarters(starts_at: datetime, ends_at: datetime) -> list[datetime]:
    """Every quarter of an hour that begins before the end, from the quarter in which the start lies."""
    first = starts_at.replace(minute=starts_at.minute // 15 * 15, second=0)
    return [first + number * QUARTER for number in range(-(-(ends_at - first) // QUARTER))]


def taken_quarters(expert: Any, first: date, last: date) -> set[datetime]:
    begin = datetime.combine(first, datetime.min.time(), UTC) - timedelta(days=1)
    end = datetime.combine(last, datetime.min.time(), UTC) + timedelta(days=2)
    rows = TakenQuarter.select(TakenQuarter.starts_at).where(
        (TakenQuarter.expert == expert) & TakenQuarter.starts_at.between(begin, end)
    )
    return {row.starts_at for row in rows}


@step
def book_appointment(
    case: Case, *, by: Person, clinic: Clinic, starts_at: datetime, ends_at: datetime
) -> Appointment:
    """Book a slot; of two bookings that overlap, the database lets one through."""
    appointment = hold(case, clinic, starts_at, ends_at)
    remember_time(appointment)
    return appointment


@step
def move_appointment(
    case: Case, *, by: Person, clinic: Clinic, starts_at: datetime, ends_at: datetime, why: str
) -> Appointment:
    """Move the appointment to another slot; the old one is kept as moved."""
    if not why.strip():
        raise Refusal("Say why the appointment is moved.", field="why")
    old = end_booking(case, AppointmentState.MOVED, why)
    appointment = hold(case, clinic, starts_at, ends_at, sequence=old.sequence + 1 if old else 0)
    case.move_asked_at = case.confirmed_at = None
    remember_time(appointment)
    remember(why=why, before=old.starts_at if old else None)
    return appointment


@step
def cancel_appointment(case: Case, *, by: Person, why: str) -> None:
    """Cancel the appointment and give its time back."""
    if not why.strip():
        raise Refusal("Say why the appointment is cancelled.", field="why")
    old = end_booking(case, AppointmentState.CANCELLED, why)
    if old is None:
        raise Refusal("There is no booked appointment.")
    case.brief_sent_at = case.move_asked_at = case.confirmed_at = None
    remember_time(old)
    remember(why=why)


def hold(
    case: Case, clinic: Clinic, starts_at: datetime, ends_at: datetime, sequence: int = 0
) -> Appointment:
    """Write the appointment and the quarters it takes. Refuses the past, a foreign clinic and a taken time."""
    if clinic.expert_id != case.expert_id:
        raise Refusal("Choose a clinic of the case's expert.", field="slot")
    if starts_at <= clock.now() or starts_at >= ends_at:
        raise Refusal("Choose a time that is still to come.", field="slot")
    try:
        with database.atomic():
            appointment = Appointment.create(
                case=case,
                expert=case.expert_id,
                clinic=clinic,
                starts_at=starts_at,
                ends_at=ends_at,
                sequence=sequence,
            )
            TakenQuarter.insert_many(
                [
                    {"expert": case.expert_id, "starts_at": quarter, "appointment": appointment}
                    for quarter in quarters(starts_at, ends_at)
                ]
            ).execute()
    except IntegrityError:
        raise Refusal("Someone booked this time a moment ago. Choose another.", field="slot") from None
    return appointment


def end_booking(case: Case, state: AppointmentState, why: str = "") -> Appointment | None:
    """End the case's booked appointment, if there is one, and give its time back to the expert."""
    booked: Appointment | None = case.appointments.where(Appointment.state == AppointmentState.BOOKED).first()
    if booked is None:
        return None
    booked.state, booked.why, booked.ended_at = state, why, clock.now()
    booked.save()
    TakenQuarter.delete().where(TakenQuarter.appointment == booked).execute()
    return booked


def remember_time(appointment: Appointment) -> None:
    """Keep when and where for the event's sentence; the time zone is the clinic's."""
    clinic = appointment.clinic
    remember(
        starts_at=appointment.starts_at, time_zone=clinic.time_zone, place=f"{clinic.name}, {clinic.city}"
    )


def is_off(expert: Any, day: date) -> bool:
    """The expert does not examine on this day."""
    return bool(expert.time_off.where((TimeOff.first_day <= day) & (TimeOff.last_day >= day)).exists())
