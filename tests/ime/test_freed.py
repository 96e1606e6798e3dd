"""Slot recovery: a time that was given back finds the ready cases it could serve."""

from datetime import timedelta

import pytest

from portal import clock, demo
from portal.ime.appointment import book_appointment, booked_appointment, cancel_appointment
from portal.ime.complexity import length_for
from portal.ime.freed import freed_times, slot_for
from portal.ime.process import settle
from portal.ime.restriction import restrict_case
from portal.models import Arrangement, Case, Document, TimeOff
from portal.words import ArrangementKind, Party, Stage
from tests.paper import statements_of


@pytest.fixture
def cancelled(world, case_at):
    """A cancelled appointment some weeks ahead."""
    case = case_at(Stage.BOOKED)
    booked = booked_appointment(case)
    cancel_appointment(case, by=world.coordinator, why="It can wait.")
    return booked


def served(world):
    return {each.slot.starts_at: [case.id for case in each.cases] for each in freed_times(world.coordinator)}


def test_a_freed_time_lists_the_cases_that_wait_for_its_expert_the_one_due_first_first(
    world, case_at, cancelled
):
    one, two = case_at(Stage.SCHEDULING), demo.case_at(world, Stage.SCHEDULING)
    Case.update(due_on=clock.today() - timedelta(days=9)).where(Case.id == two.id).execute()
    assert served(world)[cancelled.starts_at][:2] == [two.id, one.id]
    assert cancelled.case_id not in served(world)[cancelled.starts_at]


def test_a_claimant_who_asked_for_another_time_is_served_too(world, case_at, cancelled):
    other = demo.case_at(world, Stage.BOOKED)  # it takes the very time that was freed
    wants_another(other)
    third = demo.case_at(world, Stage.BOOKED)
    freed = booked_appointment(third)
    cancel_appointment(third, by=world.coordinator, why="It can wait.")
    assert other.id in served(world)[freed.starts_at]


def test_a_time_that_was_taken_again_or_has_passed_is_gone(world, case_at, cancelled):
    case = case_at(Stage.SCHEDULING)
    when = {"clinic": cancelled.clinic, "starts_at": cancelled.starts_at, "ends_at": cancelled.ends_at}
    with clock.set_to(cancelled.starts_at + timedelta(minutes=1)):
        assert cancelled.starts_at not in served(world)
    book_appointment(case, by=world.coordinator, **when)
    assert cancelled.starts_at not in served(world)


def test_a_case_that_needs_longer_or_whose_wish_is_open_does_not_fit(world, case_at, cancelled):
    case = case_at(Stage.SCHEDULING)
    Document.update(pages=5_000).where(Document.case == case).execute()
    assert case.id not in served(world)[cancelled.starts_at]
    Document.update(pages=5).where(Document.case == case).execute()
    assert case.id in served(world)[cancelled.starts_at]
    Arrangement.create(case=case, kind=ArrangementKind.RECORDING)
    assert case.id not in served(world)[cancelled.starts_at]


def test_a_restricted_case_is_shown_to_nobody_who_may_not_see_it(world, case_at, cancelled):
    case = case_at(Stage.SCHEDULING)
    restrict_case(case, by=world.coordinator, why="A colleague's relative.")
    seen = {case.id for each in freed_times(world.second_coordinator) for case in each.cases}
    assert case.id not in seen


def test_many_freed_times_and_many_waiting_cases_are_found_in_as_many_statements_as_one(
    world, case_at, cancelled
):
    case_at(Stage.SCHEDULING)
    few = statements_of(lambda: freed_times(world.coordinator))
    booked = [demo.case_at(world, Stage.BOOKED) for _ in range(2)]
    for case in booked:
        demo.case_at(world, Stage.SCHEDULING)
        cancel_appointment(case, by=world.coordinator, why="It can wait.")
    found = freed_times(world.coordinator)
    assert len(found) > 1 and len(found[0].cases) > 1
    assert statements_of(lambda: freed_times(world.coordinator)) == few


def test_who_waits_for_a_time_comes_before_who_asked_for_another(world, case_at, cancelled):
    booked = demo.case_at(world, Stage.BOOKED)
    wants_another(booked)
    third = demo.case_at(world, Stage.BOOKED)
    freed = booked_appointment(third)
    cancel_appointment(third, by=world.coordinator, why="It can wait.")
    waits = case_at(Stage.SCHEDULING)
    Case.update(due_on=clock.today() + timedelta(days=90)).where(Case.id == waits.id).execute()
    listed = served(world)[freed.starts_at]
    assert listed.index(waits.id) < listed.index(booked.id)


def wants_another(case):
    """The claimant asked for another time, and the queue knows whose turn that makes it."""
    Case.update(move_asked_at=clock.now()).where(Case.id == case.id).execute()
    settle(Case.get_by_id(case.id))


def test_a_case_whose_claimant_is_choosing_already_does_not_wait(world, case_at, cancelled):
    case = case_at(Stage.SCHEDULING)
    assert case.id in served(world)[cancelled.starts_at]
    Case.update(turn=Party.CLAIMANT).where(Case.id == case.id).execute()
    assert case.id not in served(world)[cancelled.starts_at]


def test_a_time_that_the_expert_gave_up_themselves_is_not_free(world, case_at):
    case = case_at(Stage.BOOKED)
    booked = booked_appointment(case)
    why = {"why": "She is ill.", "override": "Nobody can be examined then."}
    cancel_appointment(case, by=world.coordinator, wanted_by=Party.EXPERT, **why)
    assert booked.starts_at not in served(world)


def test_a_time_on_a_day_off_is_not_free(world, case_at, cancelled):
    assert cancelled.starts_at in served(world)
    on = clock.day_of(cancelled.starts_at, cancelled.clinic.time_zone)
    TimeOff.create(expert=cancelled.expert_id, first_day=on, last_day=on)
    assert cancelled.starts_at not in served(world)


def test_times_that_were_taken_again_do_not_crowd_out_those_that_are_free(
    world, case_at, cancelled, monkeypatch
):
    monkeypatch.setattr("portal.ime.freed.LOOKED_AT", 1)
    other = demo.case_at(world, Stage.BOOKED)  # at the time that was cancelled, or at one of its own
    again = booked_appointment(other)
    if again.starts_at != cancelled.starts_at:
        case = case_at(Stage.SCHEDULING)
        when = {"starts_at": cancelled.starts_at, "ends_at": cancelled.ends_at}
        book_appointment(case, by=world.coordinator, clinic=cancelled.clinic, **when)
    third = demo.case_at(world, Stage.BOOKED)
    free = booked_appointment(third)
    cancel_appointment(third, by=world.coordinator, why="It can wait.")
    assert list(served(world)) == [free.starts_at]


def test_a_case_takes_no_more_of_a_long_time_than_it_needs(world, case_at, cancelled):
    case = case_at(Stage.SCHEDULING)
    needed = length_for(case).length
    cancelled.ends_at = cancelled.starts_at + 2 * needed
    assert slot_for(cancelled, case).ends_at == cancelled.starts_at + needed
