"""An expert is released before they sign: what goes with them, what stays, and how the next one begins."""

from datetime import timedelta

import pytest

from portal import clock
from portal.db import database
from portal.ime.appointment import book_appointment, booked_appointment, free_slots
from portal.ime.booking import may_get_copies, release_findings
from portal.ime.brief import cover_letter
from portal.ime.deadlines import latest_appointment
from portal.ime.examination import open_file_review
from portal.ime.examined_before import before
from portal.ime.freed import freed_times
from portal.ime.matching import offer_case, release_expert, take_offer
from portal.ime.process import Refusal
from portal.ime.report import answers_of, return_report, write_report
from portal.models import (
    Answer,
    Appointment,
    Case,
    Clinic,
    Event,
    Notice,
    Report,
    RuleOverride,
    RuleSnapshot,
    Section,
)
from portal.words import AppointmentState, Party, Stage

NO_CONFLICT = dict.fromkeys(("has_treated", "shares_practice", "has_financial_link"), False)


def tomorrow():
    return clock.now() + timedelta(days=1)


def told_of(case, step):
    event = case.events.where(Event.step == step).order_by(Event.id.desc()).get()
    return {notice.party for notice in Notice.select().where(Notice.event == event)}


def test_an_expert_who_does_not_write_is_released_and_their_drafts_go_with_them(world, case_at):
    case = case_at(Stage.REPORTING)
    question = case.questions.first()
    write_report(case, by=world.expert, answers={question.id: {"opinion": "Half a thought."}})
    release_expert(case, by=world.coordinator, why="Does not answer any more.")
    stands = Case.get_by_id(case.id)
    assert (stands.stage, stands.expert_id) == (Stage.MATCHING, None)
    assert (
        not stands.reports.exists() and not Section.select().join(Report).where(Report.case == case).exists()
    )
    assert not Answer.select().where(Answer.question.in_(case.questions)).exists()
    assert [each.state for each in case.appointments] == [AppointmentState.HELD]
    assert told_of(case, "release_expert") == {"expert", "referrer", "representative"}


def test_an_expert_who_gives_up_a_booked_time_is_held_to_the_rule_as_by_a_cancellation(world, case_at):
    case = case_at(Stage.BOOKED)
    booked = booked_appointment(case)
    ill = {"by": world.coordinator, "why": "She is ill.", "wanted_by": Party.EXPERT}
    with clock.set_to(booked.starts_at - timedelta(hours=20)):
        with pytest.raises(Refusal) as refused:
            release_expert(case, **ill)
        assert refused.value.field == "override" and booked_appointment(case) == booked
        release_expert(case, **ill, override="A certificate is on file.")
        ended = Appointment.get_by_id(booked.id)
        assert (ended.state, ended.ended_for) == (AppointmentState.CANCELLED, Party.EXPERT)
        assert (ended.fee_cents, ended.fee_because) == (0, "The expert asked for it.")
        kept = RuleOverride.get()
        assert (kept.step, kept.rule, kept.reason) == (
            "release_expert",
            "CA-QME-12",
            "A certificate is on file.",
        )
        case = Case.get_by_id(case.id)
        assert before([case])[case.id].given_up_on == clock.today(), "the sixty days count from today"
        assert booked.starts_at not in {each.slot.starts_at for each in freed_times(world.coordinator)}


def test_whom_the_office_releases_is_paid_for_the_time_that_is_free_again(world, case_at):
    case = case_at(Stage.BOOKED)
    booked = booked_appointment(case)
    terms = booked.terms | {"fee_cents": 100_000, "tiers": [(2, 100)]}
    Appointment.update(terms=terms).where(Appointment.id == booked.id).execute()
    with clock.set_to(booked.starts_at - timedelta(hours=20)):
        release_expert(case, by=world.coordinator, why="The file is another's.")
        ended = Appointment.get_by_id(booked.id)
        assert (ended.ended_for, ended.fee_cents) == (Party.COORDINATOR, 100_000)
        assert not RuleOverride.select().exists()
        assert booked.starts_at in {each.slot.starts_at for each in freed_times(world.coordinator)}


def test_the_claimant_releases_no_expert(world, case_at):
    with pytest.raises(Refusal) as refused:
        release_expert(case_at(Stage.BOOKED), by=world.coordinator, why="So be it.", wanted_by=Party.CLAIMANT)
    assert refused.value.field == "wanted_by"


def test_the_next_expert_examines_anew_or_reviews_the_file(world, case_at):
    case = case_at(Stage.REPORTING)
    release_expert(case, by=world.coordinator, why="Does not answer any more.")
    expert = world.second_expert.expert
    offer_case(case, by=world.coordinator, expert=expert, until=tomorrow(), why_not_first="A nerve.")
    take_offer(case, by=world.second_expert, **NO_CONFLICT)
    assert latest_appointment(case) is None
    with database.atomic() as booked:
        book_appointment(case, by=world.coordinator, **slot_with(case))
        assert told_of(case, "book_appointment") == {"expert", "referrer", "claimant", "representative"}
        booked.rollback()
    case = Case.get_by_id(case.id)
    open_file_review(case, by=world.coordinator, why="She was examined once already.")
    assert case.next_step == "send_brief"
    assert cover_letter(case, world.coordinator)["subject"]["examined"] == ""
    assert {answer.opinion for answer in answers_of(case)} == {""}


def slot_with(case):
    """A free time of the case's expert."""
    slot = free_slots(case, clock.today(), clock.today() + timedelta(days=21))[0]
    clinic = Clinic.get_by_id(slot.clinic_id)
    return {"clinic": clinic, "starts_at": slot.starts_at, "ends_at": slot.ends_at}


def test_who_releases_a_file_reviewer_decides_anew_whether_to_examine(world, case_at):
    case = case_at(Stage.SCHEDULING)
    open_file_review(case, by=world.coordinator, why="The claimant lives abroad.")
    release_expert(case, by=world.coordinator, why="Does not answer any more.")
    assert not Case.get_by_id(case.id).is_file_review
    assert told_of(case, "release_expert") == {"expert", "referrer"}


def test_an_expert_who_signed_is_not_released_even_while_the_report_is_returned(world, case_at):
    case = case_at(Stage.CHECKING)
    return_report(case, by=world.coordinator, comments=[(None, "Please say how sure you are.")])
    with pytest.raises(Refusal, match="signed in this case"):
        release_expert(case, by=world.coordinator, why="Does not answer any more.")
    assert Case.get_by_id(case.id).stage == Stage.REPORTING
    assert case.reports.get().document


def test_a_copy_is_owed_only_to_parties_that_the_case_has(case_at):
    case = case_at(Stage.CHECKING)
    case.exam_kind, case.treating_doctor = "NY-WC", "Dr. Amara Obi"
    RuleSnapshot.delete().where(RuleSnapshot.case == case).execute()
    others = [party for party in may_get_copies(case) if party != Party.TREATING_DOCTOR]
    board = [*others, Party.RECIPIENT]
    [owed] = release_findings(case, board)
    assert owed.blocks and owed.sentence == "It must also go the same day to: treating doctor."
    case.treating_doctor = ""
    assert release_findings(case, board) == []
    [owed] = release_findings(case, others)
    assert owed.blocks and "the board or agency that the rule names" in owed.sentence
