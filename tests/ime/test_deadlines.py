"""What is due, whose turn it is, and how late."""

from datetime import UTC, date, datetime, timedelta

import pytest

from portal import clock
from portal.ime.addendum import return_addendum
from portal.ime.deadlines import NEXT, by_rules, whats_next, working_days_after
from portal.ime.examination import open_file_review
from portal.ime.instructions import ask_to_move, send_brief
from portal.ime.process import PROCESS, VERBS
from portal.ime.review import give_verdict
from portal.models import FAR_FUTURE, Case, CaseDeadline, SecureLink
from portal.words import DeadlineKind, Party, Stage
from tests.ime.given import GIVEN
from tests.ime.rounds import ask, send, sign


@pytest.mark.parametrize("stage", Stage)
def test_the_next_step_is_one_that_whoever_has_the_turn_may_take(case_at, stage):
    upcoming = whats_next(case_at(stage))
    if upcoming.step:
        row = PROCESS[upcoming.step]
        assert upcoming.turn in row.who and stage in row.at
    else:
        assert stage in {Stage.DECLINED, Stage.CLOSED, Stage.WITHDRAWN}


def test_every_stage_knows_what_is_next():
    assert set(NEXT) == set(Stage)


def test_the_columns_of_the_queue_say_what_is_next(case_at):
    for stage in Stage:
        case = case_at(stage)
        upcoming = whats_next(case)
        assert (case.turn, case.next_step, case.due_on) == (upcoming.turn, upcoming.step, upcoming.due_on)
        assert case.is_open == (stage not in {Stage.DECLINED, Stage.CLOSED, Stage.WITHDRAWN})


@pytest.mark.parametrize(
    ("day", "days", "due"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 21), 1, date(2026, 11, 23)),
        (date(2026, 11, 23), 5, date(2026, 11, 30)),
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
    ],
)
def test_house_targets_count_working_days(day, days, due):
    assert working_days_after(day, days) == due


def test_a_day_is_told_in_the_offices_zone():
    assert clock.day_of(datetime(2026, 11, 24, 3, 0, tzinfo=UTC)) == date(2026, 11, 23)


def test_an_offer_is_due_on_the_day_it_runs_out(world, case_at):
    case = case_at(Stage.OFFERED)
    assert case.due_on == clock.day_of(case.offers.get().until)


def test_a_sent_brief_gives_the_turn_to_the_expert_on_the_day(world, case_at):
    case = case_at(Stage.BOOKED)
    assert (case.turn, case.next_step) == (Party.COORDINATOR, "send_brief")
    send_brief(case, by=world.coordinator, override="They have them.")
    appointment = case.appointments.get()
    assert (case.turn, case.next_step) == (Party.EXPERT, "record_examination")
    assert case.due_on == clock.day_of(appointment.starts_at, appointment.clinic.time_zone)


def test_a_claimant_who_cannot_come_gives_the_turn_to_the_coordinator(world, case_at):
    case = case_at(Stage.BOOKED)
    link = SecureLink.create(case=case, token_hash="x", expires_at=clock.now().replace(year=2099))
    ask_to_move(case, by=link, why="My daughter cannot drive me that day.")
    assert (case.turn, case.next_step) == (Party.COORDINATOR, "move_appointment")


def test_a_report_is_due_no_later_than_the_referrer_needs_it(world, case_at):
    case = case_at(Stage.REPORTING)
    case.report_needed_by = date(2020, 1, 1)
    assert whats_next(case).due_on == date(2020, 1, 1)


def test_what_does_not_move_the_case_does_not_move_its_due_day(world, case_at):

    case = case_at(Stage.MATCHING)
    before = case.due_on
    with clock.set_to(clock.now().replace(year=2031)):
        VERBS["answer_message"](case, by=world.coordinator, text="We are still looking.")
    assert case.due_on == before != FAR_FUTURE


def test_once_every_answer_is_found_good_the_next_step_is_to_accept(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    assert case.next_step == "give_verdict"
    first, *rest = case.questions
    give_verdict(case, by=world.referrer, verdicts={each.id: (True, "") for each in rest})
    assert case.next_step == "give_verdict"
    give_verdict(case, by=world.referrer, verdicts={first.id: (True, "")})
    assert (case.turn, case.next_step) == (Party.REFERRER, "accept_report")


def test_a_moved_appointment_needs_its_brief_sent_again(world, case_at):
    case = case_at(Stage.BOOKED)
    send_brief(case, by=world.coordinator, override="They have them.")
    VERBS["move_appointment"](case, by=world.coordinator, **GIVEN["move_appointment"](world, case))
    assert (case.turn, case.next_step) == (Party.COORDINATOR, "send_brief")


def test_the_day_of_an_addendum_is_counted_from_the_request_however_often_it_comes_back(world, case_at):
    case = case_at(Stage.CLARIFYING)
    send(case, world)
    asked = by_rules(case, None)["Addendum"]
    later = clock.now()
    for days, act in ((3, sign), (4, sends_back)):
        with clock.set_to(later + timedelta(days=days)):
            act(case, world)
            assert by_rules(case, None)["Addendum"] == asked


def sends_back(case, world):
    return_addendum(case, by=world.coordinator, why="Name the film.")


def test_the_report_of_a_file_review_is_counted_from_the_day_it_was_opened(world, case_at):
    case = case_at(Stage.SCHEDULING)
    open_file_review(case, by=world.coordinator, why="The records are enough.")
    opened, now = by_rules(case, None)["Report"], clock.now()
    with clock.set_to(now + timedelta(days=6)):
        Case.update(stage_since=clock.now()).where(Case.id == case.id).execute()
        assert by_rules(Case.get_by_id(case.id), None)["Report"] == opened


def test_a_report_that_a_hearing_waits_for_is_counted_back_from_it(case_at):
    case = case_at(Stage.REPORTING)
    Case.update(exam_kind="MA-11A").where(Case.id == case.id).execute()
    case = Case.get_by_id(case.id)
    CaseDeadline.delete().where(CaseDeadline.case == case).execute()
    assert by_rules(case, None)["Report"].confidence == "house"
    CaseDeadline.create(case=case, kind=DeadlineKind.HEARING, falls_on=date(2026, 11, 10))
    due = by_rules(case, None)["Report"]
    assert (due.rule_id, due.date) == ("MA-11A-02", date(2026, 11, 3))
    assert "7 calendar days before the hearing on November 10, 2026" in due.sentence


def test_a_request_late_in_the_evening_belongs_to_the_day_of_the_jurisdiction(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    with clock.set_to(datetime(2026, 12, 9, 6, 30, tzinfo=UTC)):  # half past ten on the 8th in California
        ask(case, world, 1)
        assert "the request on December 8, 2026" in by_rules(case, None)["Addendum"].sentence
