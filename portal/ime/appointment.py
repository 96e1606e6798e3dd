"""The appointment: a booking that holds, moved or cancelled with a reason."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from peewee import IntegrityError

from portal import clock
from portal.db import database, one_at_a_time
from portal.ime import booking
from portal.ime.calendar import written_time
from portal.ime.cancellation import fee_for_ending, keep_fee, terms_of
from portal.ime.disclosure import note_letter
from portal.ime.hours import time_of
from portal.ime.process import Refusal, remember, step
from portal.ime.records import StoredFile, file_away
from portal.ime.slots import (
    CLOSED,
    FURTHEST,
    USUAL_LENGTH,
    Earliest,
    Slot,
    earliest_exam,
    forget_run_out,
    free_slots,
    is_open,
    is_time_of,
    let_go,
    quarters,
)
from portal.models import Appointment, Arrangement, Case, Clinic, Document, SlotHold, TakenQuarter
from portal.policy import Person
from portal.words import AppointmentState, ArrangementKind, ArrangementState, Audience, DocumentKind, Party

__all__ = ["FURTHEST", "USUAL_LENGTH", "Earliest", "Slot", "earliest_exam", "free_slots"]

LENGTHS = tuple(timedelta(minutes=minutes) for minutes in (30, 45, 60, 90, 120, 180, 240))
# Who may want an appointment moved or cancelled; the coordinator stands for the office.
WANTING = (Party.CLAIMANT, Party.REFERRER, Party.EXPERT, Party.COORDINATOR)
COMING_ALONG = (ArrangementKind.INTERPRETER, ArrangementKind.TRANSPORT)  # somebody comes for that very hour
TAKEN = "Someone booked this time a moment ago. Please choose another."


@step
def book_appointment(
    case: Case,
    *,
    by: Person,
    clinic: Clinic,
    starts_at: datetime,
    ends_at: datetime,
    is_telehealth: bool = False,
    override: str = "",
    letter: StoredFile | None = None,
) -> Appointment:
    """Book a slot, and file the claimant's notice letter; of two bookings that overlap, one gets through. `override` says
    why it is booked although a rule stands against it."""
    booking.refuse_unwelcome(case, is_telehealth)
    one_at_a_time(time_of(case.expert_id))
    found = booking.findings(case, clinic, starts_at, is_telehealth)
    appointment = place_appointment(case, clinic, starts_at, ends_at, is_telehealth)
    booking.insist(case, "book_appointment", found, override, by)
    settle_booking(appointment, letter, by)
    return appointment


@step
def move_appointment(
    case: Case,
    *,
    by: Person,
    clinic: Clinic,
    starts_at: datetime,
    ends_at: datetime,
    why: str,
    wanted_by: Party = Party.COORDINATOR,
    is_telehealth: bool = False,
    override: str = "",
    letter: StoredFile | None = None,
) -> Appointment:
    """Move the appointment to another slot; the old one is kept as moved, with who wanted it and what that costs, and a
    new notice letter is filed."""
    if not why.strip():
        raise Refusal("Say why the appointment is moved.", field="why")
    booking.refuse_unwelcome(case, is_telehealth)
    one_at_a_time(time_of(case.expert_id))
    refuse_standing(case, Slot(clinic.id, starts_at, ends_at, is_telehealth))
    old = end_for(case, AppointmentState.MOVED, why, wanted_by)
    found = booking.findings(case, clinic, starts_at, is_telehealth)
    found += booking.cancelling_findings(case, old, wanted_by) if old else []
    booking.insist(case, "move_appointment", found, override, by)
    appointment = place_appointment(case, clinic, starts_at, ends_at, is_telehealth)
    forget_appointment(case)
    settle_booking(appointment, letter, by)
    ask_suppliers_again(case)
    remember(why=why, before=old.starts_at if old else None)
    return appointment


@step
def cancel_appointment(
    case: Case, *, by: Person, why: str, wanted_by: Party = Party.COORDINATOR, override: str = ""
) -> None:
    """Cancel the appointment and give its time back; who wanted it and what that costs is kept."""
    if not why.strip():
        raise Refusal("Say why the appointment is cancelled.", field="why")
    old = end_for(case, AppointmentState.CANCELLED, why, wanted_by)
    if old is None:
        raise Refusal("There is no booked appointment.")
    found = booking.cancelling_findings(case, old, wanted_by)
    booking.insist(case, "cancel_appointment", found, override, by)
    forget_appointment(case)
    ask_suppliers_again(case)
    remember_time(old)
    remember(why=why)


def settle_booking(appointment: Appointment, letter: StoredFile | None, by: Any) -> None:
    """What follows a booking: the letter is filed, the time is kept for whoever is told."""
    file_letter(appointment, letter, by)
    remember_time(appointment)


def end_for(case: Case, state: AppointmentState, why: str, wanted_by: Party) -> Appointment | None:
    """End the booking for whoever wanted it, with what that costs."""
    if wanted_by not in WANTING:
        raise Refusal("Choose who wants it.", field="wanted_by")
    old = end_booking(case, state, why)
    if old:
        old.ended_for = wanted_by
        keep_fee(old, fee_for_ending(old, wanted_by))
    return old


def ask_suppliers_again(case: Case) -> None:
    """Whoever was booked for the day knows the wrong one now; who it was stays noted."""
    Arrangement.update(state=ArrangementState.NEEDED).where(
        (Arrangement.case == case)
        & Arrangement.state.in_([ArrangementState.BOOKED, ArrangementState.CONFIRMED])
        & ((Arrangement.supplier != "") | Arrangement.kind.in_(COMING_ALONG))
    ).execute()


def to_ask_again(case: Case) -> list[Arrangement]:
    """What was settled with somebody for an earlier time and is needed anew."""
    rows = case.arrangements.where(Arrangement.state == ArrangementState.NEEDED, Arrangement.supplier != "")
    return list(rows.order_by(Arrangement.id))


def forget_appointment(case: Case) -> None:
    """What was sent and said about an appointment that no longer stands."""
    case.brief_sent_at = case.move_asked_at = case.confirmed_at = None


def refuse_standing(case: Case, slot: Slot) -> None:
    """To where it is already nothing is moved: the button was pressed twice."""
    if is_time_of(booked_appointment(case), slot):
        raise Refusal("The appointment is at this time already.", field="slot")


def place_appointment(
    case: Case, clinic: Clinic, starts_at: datetime, ends_at: datetime, is_telehealth: bool = False
) -> Appointment:
    """Write the appointment and the quarters it takes, the expert's buffer with them; what was held for the case is let
    go first. Refuses the past, a foreign or closed clinic, an expert who may not see the case any more, what is outside
    their hours, and a taken time."""
    if clinic.expert_id != case.expert_id:
        raise Refusal("Choose a clinic of the case's expert.", field="slot")
    # Read anew under the lock: it may have been closed since the page was opened.
    if Clinic.get_by_id(clinic.id).closed_at:
        raise Refusal("This clinic has been closed. Choose another.", field="slot")
    if starts_at <= clock.now() or starts_at >= ends_at:
        raise Refusal("Choose a time that is still to come.", field="slot")
    booking.refuse_absent(case)
    if not is_open(case.expert, Slot(clinic.id, starts_at, ends_at, is_telehealth)):
        raise Refusal(CLOSED, field="slot")
    forget_run_out(case.expert_id)
    let_go(SlotHold.case == case)
    buffer = timedelta(minutes=clinic.expert.buffer_minutes)
    try:
        with database.atomic():
            appointment = Appointment.create(
                case=case,
                expert=case.expert_id,
                clinic=clinic,
                starts_at=starts_at,
                ends_at=ends_at,
                is_telehealth=is_telehealth,
                terms=asdict(terms_of(clinic.expert)),
                follows=case.appointments.order_by(Appointment.id.desc()).first(),
                # Calendars take a later invitation for the same examination only with a higher number.
                sequence=case.appointments.count(),
            )
            TakenQuarter.insert_many(
                [
                    {"expert": case.expert_id, "starts_at": quarter, "appointment": appointment}
                    for quarter in quarters(starts_at, ends_at + buffer)
                ]
            ).execute()
    except IntegrityError:
        raise Refusal(TAKEN, field="slot") from None
    return appointment


def end_booking(case: Case, state: AppointmentState, why: str = "") -> Appointment | None:
    """End the case's booked appointment, if there is one, and give its time back to the expert."""
    booked = booked_appointment(case)
    if booked is None:
        return None
    booked.state, booked.why, booked.ended_at = state, why, clock.now()
    booked.save()
    TakenQuarter.delete().where(TakenQuarter.appointment == booked).execute()
    return booked


def booked_appointment(case: Case) -> Appointment | None:
    """The case's booked appointment with its clinic; None where there is none."""
    appointment: Appointment | None = (
        Appointment.select(Appointment, Clinic)
        .join(Clinic)
        .where((Appointment.case == case) & (Appointment.state == AppointmentState.BOOKED))
        .first()
    )
    return appointment


def file_letter(appointment: Appointment, letter: StoredFile | None, by: Any) -> None:
    """Keep the claimant's notice letter with its appointment; everyone on the case may read it."""
    if letter is None:
        return
    case = appointment.case
    filed = file_away(case, letter, kind=DocumentKind.NOTICE, audience=Audience.EVERYONE, by=by)
    # Moved back to the time before, the letter may be the very same one.
    appointment.letter = filed or case.documents.where(Document.sha256 == letter.sha256).get()
    appointment.save()
    note_letter(case, by)


def remember_time(appointment: Appointment) -> None:
    """Keep when and where for the event's sentence and for the notices; the time zone is the clinic's."""
    clinic = appointment.clinic
    remember(
        appointment=appointment.id,
        starts_at=appointment.starts_at,
        time_zone=clinic.time_zone,
        place="by video" if appointment.is_telehealth else f"at {clinic.name}, {clinic.city}",
        when=written_time(appointment.starts_at, clinic.time_zone),
    )
