"""The day of the examination: its outcome, and what follows from it. No outcome is a dead end."""

from datetime import time
from typing import Any

from portal import clock
from portal.ime.appointment import end_booking
from portal.ime.process import Refusal, remember, step
from portal.ime.report import open_report
from portal.models import Attendance, Case, User
from portal.words import AppointmentState, Outcome

EXAMINED = frozenset({Outcome.COMPLETED, Outcome.LEFT_EARLY, Outcome.DECLINED_PART})
NOT_EXAMINED = frozenset(Outcome) - EXAMINED
BEFORE_THE_DAY = frozenset({Outcome.CANCELLED_IN_TIME, Outcome.CANCELLED_LATE})


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
    """The claimant was examined, wholly or in part: the report can be written."""
    if outcome not in EXAMINED:
        raise Refusal("With this outcome the examination was missed.", field="outcome")
    if not (identity_checked and consent_given):
        raise Refusal(
            "An examination needs the identity checked and consent given.", field="identity_checked"
        )
    if began_at and finished_at and finished_at <= began_at:
        raise Refusal("The end must come after the beginning.", field="finished_at")
    attend(
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
    open_report(case)


@step
def record_missed(case: Case, *, by: User, outcome: Outcome, note: str = "") -> None:
    """The claimant could not be examined: a new appointment is chosen, with its history."""
    if outcome not in NOT_EXAMINED:
        raise Refusal("With this outcome the claimant was examined.", field="outcome")
    attend(case, by, outcome, AppointmentState.MISSED, note=note)
    case.brief_sent_at = case.move_asked_at = case.confirmed_at = None


def attend(case: Case, by: User, outcome: Outcome, state: AppointmentState, **details: Any) -> None:
    """End the booking with its outcome. Refuses an examination that has not begun, unless it was cancelled."""
    appointment = end_booking(case, state)
    if appointment is None:
        raise Refusal("There is no booked appointment.")
    if appointment.starts_at > clock.now() and outcome not in BEFORE_THE_DAY:
        raise Refusal("The examination has not begun yet.", field="outcome")
    Attendance.create(appointment=appointment, outcome=outcome, recorded_by=by, **details)
    remember(outcome=outcome)


@step
def open_file_review(case: Case, *, by: User, why: str) -> None:
    """An opinion on the records alone: no examination, straight to the report."""
    if not why.strip():
        raise Refusal("Say why no examination is needed.", field="why")
    case.is_file_review = True
    open_report(case)
    remember(why=why)
