"""The day of the examination: its outcome, and what follows from it. No outcome is a dead end."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from portal import clock
from portal.ime.appointment import ask_suppliers_again, end_booking, forget_appointment
from portal.ime.cancellation import fee_for_missing, keep_fee
from portal.ime.holds import let_go_all
from portal.ime.process import Refusal, remember, step
from portal.ime.report import open_report
from portal.models import Appointment, Attendance, Case, Clinic, User
from portal.words import AppointmentState, Outcome

EXAMINED = (Outcome.COMPLETED, Outcome.LEFT_EARLY, Outcome.DECLINED_PART)
NOT_BEGUN = "The examination has not begun yet. To call it off, the office cancels the appointment and tells everybody."

# Outcome of a missed examination -> what happens next, as people read it before they record it.
FOLLOWS = {
    Outcome.DID_NOT_ATTEND: "The coordinator finds out why from the claimant, then books a new time.",
    Outcome.LATE: "A new time is booked, with the journey there looked at again.",
    Outcome.INTERPRETER_ABSENT: "The interpreter is arranged anew, then a new time is booked.",
    Outcome.CONSENT_REFUSED: "Nobody is examined without consent. The referrer hears of it before a new time is booked "
    "or the records are reviewed instead.",
    Outcome.LEFT_EARLY: "Too little was examined for a report. A new time is booked for the rest.",
    Outcome.DECLINED_PART: "What is missing is talked over with the claimant, then a new time is booked for it.",
    Outcome.RECORDS_WRONG: "The right records are gathered first, then a new time is booked.",
    Outcome.EXPERT_ABSENT: "The claimant gets the next free time, or the coordinator finds another expert.",
    Outcome.CANCELLED_IN_TIME: "The time is free for others again, and a new one is booked.",
    Outcome.CANCELLED_LATE: "A new time is booked. The late cancellation stays in the history.",
}
NOT_EXAMINED = tuple(FOLLOWS)
# Outcomes that can go either way: with what was examined the report is written, or it takes a new time.
IN_PART = (Outcome.LEFT_EARLY, Outcome.DECLINED_PART)

# Outcome -> the steps that come before a new time, or instead of one.
LEADS_TO = {
    Outcome.LATE: ("add_arrangement", "settle_arrangement"),
    Outcome.INTERPRETER_ABSENT: ("settle_arrangement",),
    Outcome.CONSENT_REFUSED: ("answer_message", "open_file_review"),
    Outcome.RECORDS_WRONG: ("request_record", "file_document"),
    Outcome.EXPERT_ABSENT: ("release_expert",),
}


@step
def record_examination(
    case: Case,
    *,
    by: User,
    outcome: Outcome = Outcome.COMPLETED,
    identity_checked: bool,
    consent_given: bool,
    present: str = "",
    began_at: time | None = None,
    finished_at: time | None = None,
    note: str = "",
) -> None:
    """The claimant was examined, wholly or in part: the report can be written. Times are the clinic's local time."""
    if outcome not in EXAMINED:
        raise Refusal("With this outcome the examination was missed.", field="outcome")
    if not identity_checked:
        raise Refusal("Nobody is examined before their identity is checked.", field="identity_checked")
    if not consent_given:
        raise Refusal("Without consent there is no examination. Record it as missed.", field="consent_given")
    if began_at and finished_at and finished_at <= began_at:
        raise Refusal("The end must come after the beginning.", field="finished_at")
    appointment = attend(
        case,
        by,
        outcome,
        AppointmentState.HELD,
        identity_checked=identity_checked,
        consent_given=consent_given,
        present=present,
        began_at=began_at,
        finished_at=finished_at,
        note=note,
    )
    for field, at in (("began_at", began_at), ("finished_at", finished_at)):
        if at and on_the_day(appointment, at) > clock.now():
            raise Refusal("This time is still to come. Enter the time at the clinic.", field=field)
    open_report(case)


@step
def record_missed(case: Case, *, by: User, outcome: Outcome, note: str = "") -> None:
    """The claimant could not be examined: a new appointment is chosen, with its history."""
    if outcome not in NOT_EXAMINED:
        raise Refusal("With this outcome the claimant was examined.", field="outcome")
    appointment = attend(case, by, outcome, AppointmentState.MISSED, note=note)
    keep_fee(appointment, fee_for_missing(appointment, outcome))
    ask_suppliers_again(case)
    forget_appointment(case)


def attend(case: Case, by: User, outcome: Outcome, state: AppointmentState, **details: Any) -> Appointment:
    """End the booking with its outcome. Refuses an examination that has not begun: until then it is cancelled, which the
    rules are asked about and everybody hears of."""
    appointment = end_booking(case, state)
    if appointment is None:
        raise Refusal("There is no booked appointment.")
    if not has_begun(appointment):
        raise Refusal(NOT_BEGUN, field="outcome")
    Attendance.create(appointment=appointment, outcome=outcome, recorded_by=by, **details)
    remember(outcome=outcome)
    return appointment


def attendances(case: Case) -> list[Attendance]:
    """What happened at each appointment of the case, the latest first, each with its appointment and clinic."""
    return list(
        Attendance.select(Attendance, Appointment, Clinic)
        .join(Appointment)
        .join(Clinic)
        .where(Appointment.case == case)
        .order_by(Attendance.id.desc())
    )


def has_begun(appointment: Appointment) -> bool:
    begun: bool = appointment.starts_at <= clock.now()
    return begun


def on_the_day(appointment: Appointment, at: time) -> datetime:
    """The moment of a clinic-local time on the day of the appointment."""
    zone = ZoneInfo(appointment.clinic.time_zone)
    return datetime.combine(appointment.starts_at.astimezone(zone).date(), at, zone)


@step
def open_file_review(case: Case, *, by: User, why: str) -> None:
    """An opinion on the records alone: no examination, straight to the report."""
    if not why.strip():
        raise Refusal("Say why no examination is needed.", field="why")
    let_go_all(case)
    case.is_file_review = True
    open_report(case)
    remember(why=why)
