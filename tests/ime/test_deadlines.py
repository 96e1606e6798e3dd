"""What is due, whose turn it is, and how late."""

from datetime import UTC, date, datetime

import pytest

from portal import clock
from portal.ime.deadlines import NEXT, whats_next, working_days_after
from portal.ime.instructions import ask_to_move, send_brief
from portal.ime.process import PROCESS, VERBS
from portal.ime.review import give_verdict
from portal.models import FAR_FUTURE, SecureLink
from portal.words import Party, Stage
from tests.ime.given import GIVEN


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
