"""The day of the examination: every outcome leads on."""

from datetime import time, timedelta

import pytest

from portal import clock
from portal.ime.appointment import book_appointment, free_slots
from portal.ime.examination import (
    EXAMINED,
    FOLLOWS,
    IN_PART,
    LEADS_TO,
    NOT_EXAMINED,
    attendances,
    open_file_review,
    record_examination,
    record_missed,
)
from portal.ime.process import PROCESS, MovedOn, NotAllowed, Refusal
from portal.ime.records import request_record
from portal.models import Answer, Arrangement, Case, Clinic, Event, Notice, TakenQuarter
from portal.words import (
    AppointmentState,
    ArrangementKind,
    ArrangementState,
    DocumentKind,
    Outcome,
    Party,
    RecordSource,
    ReportState,
    Stage,
)


@pytest.fixture
def day(case_at):
    """The case that stands booked, and a way to be there two hours after the examination began."""
    case = case_at(Stage.BOOKED)
    return case, clock.set_to(case.appointments.get().starts_at + timedelta(hours=2))


def examine(case, by, **given):
    details = {"identity_checked": True, "consent_given": True, **given}
    record_examination(case, by=by, **details)


def told(case):
    last = case.events.order_by(Event.id.desc()).get()
    return {notice.party for notice in Notice.select().where(Notice.event == last)}


def test_every_outcome_is_either_an_examination_or_says_what_follows():
    assert {*EXAMINED, *NOT_EXAMINED} == set(Outcome)
    assert {*EXAMINED} & {*NOT_EXAMINED} == {*IN_PART}, "with what was seen a report, or a new time"
    assert all(FOLLOWS[outcome].endswith(".") for outcome in NOT_EXAMINED)


@pytest.mark.parametrize("outcome", EXAMINED)
def test_an_examination_opens_the_report_with_an_answer_for_every_question(world, day, outcome):
    case, then = day
    with then:
        examine(case, world.expert, outcome=outcome, began_at=time(9, 5), finished_at=time(9, 40))
    assert Case.get_by_id(case.id).stage == Stage.REPORTING
    assert case.reports.get().state == ReportState.WRITING
    assert {answer.question_id for answer in Answer.select()} >= {question.id for question in case.questions}
    assert case.appointments.get().state == AppointmentState.HELD
    assert told(case) == {"coordinator", "referrer"}


@pytest.mark.parametrize("outcome", NOT_EXAMINED)
def test_a_missed_examination_leads_to_a_new_appointment_and_keeps_the_old_one(world, day, outcome):
    case, then = day
    with then:
        record_missed(case, by=world.coordinator, outcome=outcome, note="Rang twice.")
        assert Case.get_by_id(case.id).stage == Stage.SCHEDULING
        assert not TakenQuarter.select().where(TakenQuarter.appointment == case.appointments.get()).exists()
        slot = free_slots(case, clock.today(), clock.today() + timedelta(days=14))[0]
        book_appointment(
            case,
            by=world.coordinator,
            clinic=Clinic.get_by_id(slot.clinic_id),
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
        )
    assert Case.get_by_id(case.id).stage == Stage.BOOKED
    states = [each.state for each in case.appointments.order_by("id")]
    assert states == [AppointmentState.MISSED, AppointmentState.BOOKED]
    assert [(each.outcome, each.note) for each in attendances(case)] == [(outcome, "Rang twice.")]


def test_what_was_agreed_for_the_missed_day_is_asked_anew(world, day):
    case, then = day
    with then:
        record_missed(case, by=world.expert, outcome=Outcome.DID_NOT_ATTEND)
    case = Case.get_by_id(case.id)
    assert (case.brief_sent_at, case.move_asked_at, case.confirmed_at) == (None, None, None)


def test_an_absent_interpreter_is_to_be_arranged_anew(world, day):
    case, then = day
    row = Arrangement.create(
        case=case, kind=ArrangementKind.INTERPRETER, detail="Spanish", state=ArrangementState.CONFIRMED
    )
    with then:
        record_missed(case, by=world.coordinator, outcome=Outcome.INTERPRETER_ABSENT)
    assert Arrangement.get_by_id(row.id).state == ArrangementState.NEEDED


def test_an_examination_that_has_not_begun_cannot_be_recorded(world, case_at):
    case = case_at(Stage.BOOKED)
    for attempt in (
        lambda: examine(case, world.expert),
        lambda: record_missed(case, by=world.expert, outcome=Outcome.DID_NOT_ATTEND),
        lambda: record_missed(case, by=world.expert, outcome=Outcome.CANCELLED_LATE),
        lambda: record_missed(case, by=world.coordinator, outcome=Outcome.CANCELLED_IN_TIME),
    ):
        with pytest.raises(Refusal, match="not begun"):
            attempt()
    assert Case.get_by_id(case.id).stage == Stage.BOOKED
    assert case.appointments.get().state == AppointmentState.BOOKED
    assert not attendances(case)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"identity_checked": False}, "identity_checked"),
        ({"consent_given": False}, "consent_given"),
        ({"began_at": time(10), "finished_at": time(9)}, "finished_at"),
        ({"began_at": time(9), "finished_at": time(23)}, "finished_at"),
        ({"began_at": time(23)}, "began_at"),
        ({"outcome": Outcome.LATE}, "outcome"),
    ],
)
def test_an_examination_that_cannot_be_so_is_refused_at_the_field(world, day, given, field):
    case, then = day
    with then, pytest.raises(Refusal) as refusal:
        examine(case, world.expert, **given)
    assert refusal.value.field == field
    assert Case.get_by_id(case.id).stage == Stage.BOOKED


def test_an_examination_is_not_a_missed_one(world, day):
    case, then = day
    with then, pytest.raises(Refusal):
        record_missed(case, by=world.expert, outcome=Outcome.COMPLETED)


def test_a_referrer_records_nothing(world, day):
    case, then = day
    with then, pytest.raises(NotAllowed):
        examine(case, world.referrer)


def test_a_file_review_goes_straight_to_the_report(world, case_at):
    case = case_at(Stage.SCHEDULING)
    open_file_review(case, by=world.coordinator, why="The claimant lives abroad.")
    again = Case.get_by_id(case.id)
    assert (again.stage, again.is_file_review) == (Stage.REPORTING, True)
    assert told(case) == {"expert", "referrer"}


def test_a_file_review_needs_its_reason_and_its_time(world, case_at):
    case = case_at(Stage.SCHEDULING)
    with pytest.raises(Refusal):
        open_file_review(case, by=world.coordinator, why=" ")
    assert not Case.get_by_id(case.id).is_file_review
    with pytest.raises(MovedOn):
        open_file_review(case_at(Stage.BOOKED), by=world.coordinator, why="The claimant lives abroad.")


def test_every_way_an_outcome_leads_to_is_open_to_the_coordinator_then():
    for outcome, names in LEADS_TO.items():
        assert outcome in NOT_EXAMINED
        for name in names:
            assert Party.COORDINATOR in PROCESS[name].who and Stage.SCHEDULING in PROCESS[name].at, name


def test_wrong_records_are_gathered_before_a_new_time_is_booked(world, day):
    case, then = day
    with then:
        record_missed(case, by=world.coordinator, outcome=Outcome.RECORDS_WRONG)
        assert Case.get_by_id(case.id).next_step == "request_record"
        asked = {"kind": DocumentKind.MEDICAL_RECORDS, "what": "The films", "asked_of": RecordSource.REFERRER}
        request_record(case, by=world.coordinator, due_on=clock.today() + timedelta(days=9), **asked)
        assert Case.get_by_id(case.id).next_step == "book_appointment"


def test_other_outcomes_lead_straight_to_a_new_time(world, day):
    case, then = day
    with then:
        record_missed(case, by=world.coordinator, outcome=Outcome.LATE)
        assert Case.get_by_id(case.id).next_step == "book_appointment"
