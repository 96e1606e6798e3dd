"""What is due, whose turn it is, and how late: one answer per case, kept on the case for the queues."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from peewee import SQL, fn

from portal import clock
from portal.ime import rules
from portal.kept import Kept, bind
from portal.models import (
    FAR_FUTURE,
    Addendum,
    Appointment,
    Arrangement,
    Case,
    CaseDeadline,
    Clarification,
    Clinic,
    Event,
    Offer,
    Question,
    RuleSnapshot,
    SlotHold,
    Verdict,
)
from portal.words import (
    AppointmentState,
    ArrangementState,
    ClarificationState,
    DeadlineKind,
    OfferState,
    Outcome,
    Party,
    Stage,
)

# House targets in working days (Monday to Friday) after the stage began; a manager's setting one day.
DAYS_TO_SCREEN = 1
DAYS_TO_ANSWER = 5
DAYS_TO_OFFER = 2
DAYS_TO_BOOK = 3
DAYS_TO_BRIEF_A_FILE_REVIEW = 1
DAYS_TO_REPORT = 15
DAYS_TO_CHECK = 2
DAYS_TO_REVIEW = 10
DAYS_BEFORE_EXAM_FOR_BRIEF = 10  # calendar days
WELL_BEFORE = timedelta(days=7)  # what the claimant needs on the day is settled by then
SATURDAY = 5


@dataclass(frozen=True)
class Next:
    """Whose turn it is, the name of the step they take, and the day it is due (FAR_FUTURE: no day)."""

    turn: Party
    step: str
    due_on: date = FAR_FUTURE


class Due(NamedTuple):
    """A day on which something is due, because of what in words, and the explanation where a rule gives it."""

    on: date
    because: str = ""
    explained: rules.Explained | None = None


def whats_next(case: Case) -> Next:
    """The one thing that moves the case on now."""
    return NEXT[case.stage](case)


def after(case: Case, days: int) -> date:
    """So many working days after the present stage began."""
    return working_days_after(clock.day_of(case.stage_since), days)


def working_days_after(day: date, days: int) -> date:
    """The day, so many Mondays to Fridays later; holidays are not left out of a house target."""
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < SATURDAY
    return day


def answering_offer(case: Case) -> Next:
    offer = Offer.select().where((Offer.case == case) & (Offer.state == OfferState.OPEN)).first()
    return Next(Party.CANDIDATE, "take_offer", clock.day_of(offer.until) if offer else FAR_FUTURE)


def booked(case: Case) -> Next:
    exam_on = booked_day(case)
    if case.move_asked_at:
        return Next(
            Party.COORDINATOR, "move_appointment", working_days_after(clock.day_of(case.move_asked_at), 1)
        )
    if not case.brief_sent_at:
        ideal = exam_on - timedelta(days=DAYS_BEFORE_EXAM_FOR_BRIEF)
        return Next(Party.COORDINATOR, "send_brief", max(ideal, after(case, 0)))
    if is_near(exam_on) and case.arrangements.where(Arrangement.state == ArrangementState.NEEDED).exists():
        return Next(Party.COORDINATOR, "settle_arrangement", exam_on - WELL_BEFORE)
    return Next(Party.EXPERT, "record_examination", exam_on)


def is_near(exam_on: date) -> bool:
    """The day is so near that what is unsettled cannot wait, and not yet come."""
    return exam_on - WELL_BEFORE <= clock.today() < exam_on


def scheduling(case: Case) -> Next:
    """The coordinator books, or while times are offered the claimant chooses."""
    until = SlotHold.select(fn.MIN(SlotHold.expires_at)).where(
        (SlotHold.case == case) & SlotHold.offered_at.is_null(False) & (SlotHold.expires_at > clock.now())
    )
    if ends := until.scalar():
        return Next(Party.CLAIMANT, "pick_time", clock.day_of(ends))
    if are_records_wrong(case):
        return Next(Party.COORDINATOR, "request_record", after(case, DAYS_TO_SCREEN))
    return Next(Party.COORDINATOR, "book_appointment", after(case, DAYS_TO_BOOK))


def are_records_wrong(case: Case) -> bool:
    """The examination was missed because of the records, and nobody has asked for others or filed them since."""
    told = case.events.where(Event.step.in_(("record_missed", "request_record", "file_document")))
    last = told.order_by(Event.id.desc()).first()
    return bool(last and last.facts.get("outcome") == Outcome.RECORDS_WRONG)


def reporting(case: Case) -> Next:
    """The expert writes; of a file review they have to be briefed first, since no appointment brought the brief."""
    if case.is_file_review and not case.brief_sent_at:
        return Next(Party.COORDINATOR, "send_brief", after(case, DAYS_TO_BRIEF_A_FILE_REVIEW))
    return Next(Party.EXPERT, "write_report", report_due(case, latest_appointment(case)).on)


def booked_day(case: Case) -> date:
    appointment = latest_appointment(case)
    return local_day(appointment) if appointment else FAR_FUTURE


LATEST = Kept(
    lambda: (
        Appointment.select(Appointment, Clinic)
        .join(Clinic)
        .where(
            (Appointment.case == bind("case"))
            & (Appointment.expert == bind("expert"))
            & Appointment.state.in_((AppointmentState.BOOKED, AppointmentState.HELD))
        )
        .order_by(Appointment.id.desc())
        .limit(1)
    )
)


def latest_appointment(case: Case) -> Any:
    """The appointment that counts, with its clinic: the one booked with the case's expert, or the last they held."""
    return LATEST.model(case=case.id, expert=case.expert_id)


def local_day(appointment: Any) -> date:
    """The calendar day of an appointment at its clinic."""
    return clock.day_of(appointment.starts_at, appointment.clinic.time_zone)


def report_due(case: Case, appointment: Any) -> Due:
    """When the rules kept on the case, or the house, want the report, and because of what; earlier if the referrer
    needs it sooner. `appointment` is None for a file review."""
    anchor = local_day(appointment) if appointment else day_of_last(case, "open_file_review")
    pack = rules.pack_of(kept_rules(case))
    explained = rules.report_due(case.exam_kind, anchor, pack, hearing_for(case, pack))
    due = (
        Due(explained.date, explained.sentence, explained) if explained else Due(after(case, DAYS_TO_REPORT))
    )
    if case.report_needed_by and case.report_needed_by < due.on:
        return Due(case.report_needed_by, "Needed by the referrer.")
    return due


def by_rules(case: Case, kept: rules.Snapshot | rules.RulePack | None) -> dict[str, rules.Explained | None]:
    """The dates of the case that come from a rule, by what they are: as far as the case has come."""
    appointment, code, pack = latest_appointment(case), case.exam_kind, rules.pack_of(kept)
    found: dict[str, rules.Explained | None] = {}
    if appointment:
        exam_on = local_day(appointment)
        found["Notice to the claimant"] = rules.notice_before_exam(code, exam_on, pack)
        found["Report"] = rules.report_due(code, exam_on, pack, hearing_for(case, pack))
    elif case.is_file_review:
        opened_on = day_of_last(case, "open_file_review")
        found["Report"] = rules.report_due(code, opened_on, pack, hearing_for(case, pack))
    if case.stage in (Stage.CLARIFYING, Stage.CHECKING_ADDENDUM):
        asked_on = day_of_last(case, "request_clarification", "send_clarification")
        found["Addendum"] = rules.addendum_due(code, asked_on, pack)
    return found


def day_of_last(case: Case, *steps: str) -> date:
    """The day, by the clock of the jurisdiction, on which one of these steps was last taken."""
    last = case.events.where(Event.step.in_(steps)).order_by(Event.id.desc()).first()
    return clock.day_of(last.at if last else case.stage_since, rules.time_zone_of(case.exam_kind))


def hearing_for(case: Case, pack: rules.RulePack) -> date | None:
    """The day of the case's hearing, asked only where a rule about the report counts from it."""
    speaking = pack.at(case.exam_kind, "report")
    return hearing_of(case.deadlines) if any(each.anchor == rules.HEARING for each in speaking) else None


def hearing_of(deadlines: Iterable[CaseDeadline]) -> date | None:
    """The first hearing among the days that matter to the referrer."""
    return min((each.falls_on for each in deadlines if each.kind == DeadlineKind.HEARING), default=None)


def kept_rules(case: Case) -> rules.Snapshot | None:
    """The rules as they stood when the case was referred; None for one that was not yet."""
    return kept_for([case]).get(case.id)


def kept_for(cases: Iterable[Case]) -> dict[int, rules.Snapshot]:
    """The rules that each case keeps, by its number, in one statement; a case that keeps none is left out."""
    rows = RuleSnapshot.select(RuleSnapshot.case, RuleSnapshot.rules)
    kept = rows.where(RuleSnapshot.case.in_([case.id for case in cases]))
    return {row.case_id: row.rules for row in kept}


def clarifying(case: Case) -> Next:
    sent = (
        Clarification.select()
        .where((Clarification.case == case) & (Clarification.state == ClarificationState.SENT))
        .order_by(Clarification.due_on)
        .first()
    )
    if sent is None:
        return Next(Party.COORDINATOR, "send_clarification", after(case, DAYS_TO_SCREEN))
    return Next(Party.EXPERT, "write_addendum", sent.due_on)


def reviewing(case: Case) -> Next:
    """The referrer goes through the answers; once each is found good as it stands now, they accept the report."""
    is_newer = (Clarification.question == Verdict.question) & (Addendum.released_at > Verdict.given_at)
    outdated = Clarification.select(SQL("1")).join(Addendum).where(is_newer)
    good = (
        Verdict.select(Verdict.question)
        .join(Question)
        .where((Question.case == case) & Verdict.is_answered & ~fn.EXISTS(outdated))
    )
    is_open = case.questions.where(Question.id.not_in(good)).exists()
    return Next(Party.REFERRER, "give_verdict" if is_open else "accept_report", after(case, DAYS_TO_REVIEW))


def nobody(case: Case) -> Next:
    return Next(Party.PORTAL, "")


NEXT = {
    Stage.DRAFT: lambda case: Next(Party.REFERRER, "edit_referral"),
    Stage.RETURNED: lambda case: Next(Party.REFERRER, "edit_referral", after(case, DAYS_TO_ANSWER)),
    Stage.REFERRED: lambda case: Next(Party.COORDINATOR, "accept_referral", after(case, DAYS_TO_SCREEN)),
    Stage.DECLINED: nobody,
    Stage.MATCHING: lambda case: Next(Party.COORDINATOR, "offer_case", after(case, DAYS_TO_OFFER)),
    Stage.OFFERED: answering_offer,
    Stage.SCHEDULING: scheduling,
    Stage.BOOKED: booked,
    Stage.REPORTING: reporting,
    Stage.CHECKING: lambda case: Next(Party.COORDINATOR, "release_report", after(case, DAYS_TO_CHECK)),
    Stage.IN_REVIEW: reviewing,
    Stage.CLARIFYING: clarifying,
    Stage.CHECKING_ADDENDUM: lambda case: Next(
        Party.COORDINATOR, "release_addendum", after(case, DAYS_TO_CHECK)
    ),
    Stage.CLOSED: nobody,
    Stage.WITHDRAWN: nobody,
}
