"""What went before an examination: whose it was, for which claim, and which times came to nothing."""

from datetime import date, timedelta

import pytest

from portal import clock, demo
from portal.ime.appointment import booked_appointment, cancel_appointment, move_appointment
from portal.ime.booking import booking_facts
from portal.ime.deadlines import local_day
from portal.ime.examined_before import Before, before
from portal.models import Appointment, Arrangement, Case, Claimant, ClaimNumber
from portal.words import AppointmentState, ArrangementKind, ArrangementState, Party, Stage
from tests.paper import statements_of


@pytest.fixture
def case(case_at):
    return of_nobody_else(case_at(Stage.SCHEDULING))


def of_nobody_else(case):
    case.claimant.name, case.claimant.born_on = "Ida Fernandez-Holm", date(1961, 2, 3)
    case.claimant.save()
    return Case.get_by_id(case.id)


def of_same_person(case, other, number=None):
    """Another case of the claimant, booked, under the same claim number or another."""
    other.claimant.name, other.claimant.born_on = case.claimant.name, case.claimant.born_on
    other.claimant.save()
    number = number or case.claim_numbers.get().number
    ClaimNumber.delete().where(ClaimNumber.case == other).execute()
    ClaimNumber.create(case=other, number=number)
    return Case.get_by_id(other.id)


def past(case):
    return before([Case.get_by_id(case.id)])[case.id]


def test_what_is_booked_or_was_held_in_another_case_of_the_same_person_counts(world, case):
    assert past(case) == Before()
    other = of_same_person(case, demo.case_at(world, Stage.BOOKED))
    booked = booked_appointment(other)
    [exam] = past(case).exams
    assert (exam.on, exam.at, exam.is_of_claim) == (local_day(booked), booked.starts_at, True)
    Appointment.update(state=AppointmentState.HELD).where(Appointment.case == other).execute()
    assert past(case).exams == (exam,)
    Appointment.update(state=AppointmentState.CANCELLED).where(Appointment.case == other).execute()
    assert past(case) == Before()


def test_another_person_or_another_kind_does_not_count(world, case):
    other = of_same_person(case, demo.case_at(world, Stage.BOOKED))
    Case.update(exam_kind="WA-LI").where(Case.id == other.id).execute()
    assert not past(case).exams
    Case.update(exam_kind=case.exam_kind).where(Case.id == other.id).execute()
    assert past(case).exams
    Claimant.update(name="Somebody Else").where(Claimant.id == other.claimant_id).execute()
    assert not past(case).exams


def test_another_claim_is_told_by_its_number_however_it_is_written(world, case):
    number = case.claim_numbers.get().number
    other = of_same_person(case, demo.case_at(world, Stage.BOOKED), f" {number.lower().replace('-', ' ')}")
    assert [exam.is_of_claim for exam in past(case).exams] == [True]
    of_same_person(case, other, "ANOTHER-1")
    assert [exam.is_of_claim for exam in past(case).exams] == [False]
    ClaimNumber.delete().where(ClaimNumber.case == other).execute()
    assert [exam.is_of_claim for exam in past(case).exams] == [True], "not known, so it counts"


def test_the_first_of_the_times_that_came_to_nothing_is_the_day_first_set(world, case_at):
    case = case_at(Stage.BOOKED)
    first = booked_appointment(case)
    assert past(case).first_set_on == local_day(first), "the one that is about to be moved"
    starts = first.starts_at + timedelta(days=14)
    when = {"clinic": first.clinic, "starts_at": starts, "ends_at": starts + timedelta(hours=1)}
    move_appointment(case, by=world.coordinator, why="Later.", wanted_by=Party.CLAIMANT, **when)
    assert (past(case).first_set_on, past(case).given_up_on) == (local_day(first), None)
    why = {"why": "She is ill.", "override": "Nobody can be examined then."}
    cancel_appointment(case, by=world.coordinator, wanted_by=Party.EXPERT, **why)
    assert (past(case).first_set_on, past(case).given_up_on) == (local_day(first), clock.today())


def test_an_examination_that_was_held_ends_what_was_set_before_it(case_at):
    case = of_nobody_else(case_at(Stage.REPORTING))
    assert (past(case).first_set_on, len(past(case).exams)) == (None, 1)


def test_many_cases_are_asked_in_as_many_statements_as_one(world, case):
    cases = [case, *(demo.case_at(world, Stage.BOOKED) for _ in range(3))]
    few = statements_of(lambda: before([of_same_person(case, cases[1])]))
    for other in cases[1:]:
        of_same_person(case, other)
    assert statements_of(lambda: before(cases)) <= few


def test_what_was_refused_is_no_wish_and_settles_no_money(case):
    Arrangement.delete().where(Arrangement.case == case).execute()
    for kind in (ArrangementKind.COMPANION, ArrangementKind.TRAVEL_MONEY):
        Arrangement.create(case=case, kind=kind, state=ArrangementState.REFUSED)
    facts = booking_facts(case)
    assert not facts.wishes & {ArrangementKind.COMPANION, ArrangementKind.TRAVEL_MONEY}
    assert not facts.is_travel_settled
    Arrangement.update(state=ArrangementState.CONFIRMED).where(Arrangement.case == case).execute()
    facts = booking_facts(case)
    assert facts.is_travel_settled and ArrangementKind.COMPANION in facts.wishes
