"""A booking that holds: one winner of a race, moved and cancelled with a reason."""

import threading
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal import clock, demo
from portal.db import database
from portal.ime import appointment
from portal.ime.appointment import (
    TAKEN,
    book_appointment,
    booked_appointment,
    cancel_appointment,
    free_slots,
    move_appointment,
    place_appointment,
)
from portal.ime.guidance import prepare_notice
from portal.ime.process import Refusal
from portal.ime.slots import CLOSED, Slot, is_open
from portal.models import (
    Appointment,
    Bar,
    Case,
    Clinic,
    Document,
    Event,
    Notice,
    RuleSnapshot,
    TakenQuarter,
    TimeOff,
    User,
)
from portal.words import AppointmentState, Audience, DocumentKind, Stage
from tests.databases import ON_BOTH
from tests.ime.racing import race

HOUR = timedelta(hours=1)


def time_of(case, days=30):
    """A time in the hours of the case's expert well ahead, at one of their clinics; another for another number of days."""
    clinic = case.expert.clinics.get()
    day = clock.today() + timedelta(days=days)
    start = datetime.combine(day, time(9 + days % 3), ZoneInfo(clinic.time_zone)).astimezone(UTC)
    while days > 0 and not is_open(case.expert, Slot(clinic.id, start, start + HOUR)):
        start += timedelta(days=1)
    return {"clinic": clinic, "starts_at": start, "ends_at": start + HOUR}


def last_event(case):
    return case.events.order_by(Event.id.desc()).get()


def told_parties(case):
    return {notice.party for notice in Notice.select().where(Notice.event == last_event(case))}


def of(case):
    """A copy that belongs to one thread."""
    return Case.get_by_id(case.id)


@ON_BOTH
def test_of_many_simultaneous_bookings_of_overlapping_times_exactly_one_wins(world, case_at, backend):
    cases = [case_at(Stage.SCHEDULING), *(demo.case_at(world, Stage.SCHEDULING) for _ in range(5))]
    when = time_of(cases[0])

    def attempt(case, shift):
        moved = {"starts_at": when["starts_at"] + shift, "ends_at": when["ends_at"] + shift}
        return lambda: book_appointment(of(case), by=world.coordinator, **(when | moved))

    shifts = [timedelta(minutes=15 * (number % 3)) for number in range(6)]
    outcomes = race(*map(attempt, cases, shifts))
    assert sorted(outcomes) == sorted(["booked"] + [TAKEN] * 5)
    booked = [case for case in cases if of(case).stage == Stage.BOOKED]
    assert len(booked) == 1
    assert [event.step for event in booked[0].events].count("book_appointment") == 1
    appointments = Appointment.select().where(Appointment.case.in_([case.id for case in cases]))
    assert [each.case_id for each in appointments] == [booked[0].id]


@ON_BOTH
def test_the_database_itself_lets_one_of_two_overlapping_times_through(world, case_at, backend):
    """Without the queue before it, the unique quarter still decides."""
    cases = [case_at(Stage.SCHEDULING), *(demo.case_at(world, Stage.SCHEDULING) for _ in range(3))]
    when = time_of(cases[0])

    def attempt(case):
        def run():
            with database.atomic():
                place_appointment(of(case), **when)

        return run

    assert sorted(race(*map(attempt, cases))) == sorted(["booked"] + [TAKEN] * 3)
    assert TakenQuarter.select().where(TakenQuarter.starts_at == when["starts_at"]).count() == 1


@ON_BOTH
def test_two_who_swap_their_times_never_wait_for_each_other(world, case_at, backend, monkeypatch):
    one, two = case_at(Stage.SCHEDULING), demo.case_at(world, Stage.SCHEDULING)
    early, late = time_of(one, 30), time_of(one, 31)
    book_appointment(one, by=world.coordinator, **early)
    book_appointment(two, by=world.coordinator, **late)
    met, hold_alone = threading.Barrier(2), appointment.place_appointment

    def hold_once_both_gave_up_their_time(*given):
        """Let both come this far if anything lets them: then each wants what the other has just given up."""
        with suppress(threading.BrokenBarrierError):
            met.wait(timeout=1)
        return hold_alone(*given)

    monkeypatch.setattr(appointment, "place_appointment", hold_once_both_gave_up_their_time)

    def attempt(case, when):
        return lambda: move_appointment(of(case), by=world.coordinator, why="Swapped.", **when)

    assert race(attempt(one, late), attempt(two, early)) == [TAKEN, TAKEN]
    assert booked_appointment(one).starts_at == early["starts_at"]
    assert booked_appointment(two).starts_at == late["starts_at"]


@ON_BOTH
def test_a_taken_time_leaves_the_transaction_around_it_usable(world, case_at, backend):
    one, two = case_at(Stage.SCHEDULING), demo.case_at(world, Stage.SCHEDULING)
    book_appointment(one, by=world.coordinator, **time_of(one))
    with database.atomic():
        with pytest.raises(Refusal, match="a moment ago"):
            book_appointment(two, by=world.coordinator, **time_of(two))
        book_appointment(two, by=world.coordinator, **time_of(two, 31))
    assert of(two).stage == Stage.BOOKED
    assert TakenQuarter.select().join(Appointment).where(Appointment.case == two).count() == 4


@ON_BOTH
def test_two_bookings_of_one_case_are_one_booking(world, case_at, backend):
    case = case_at(Stage.SCHEDULING)

    def attempt(days):
        return lambda: book_appointment(of(case), by=world.coordinator, **time_of(case, days))

    assert sorted(race(attempt(30), attempt(31))) == ["book_appointment", "booked"]
    assert case.appointments.where(Appointment.state == AppointmentState.BOOKED).count() == 1


def test_booking_tells_everyone_and_files_the_letter_for_everyone(world, case_at):
    case = case_at(Stage.SCHEDULING)
    when = time_of(case)
    booked = book_appointment(case, by=world.coordinator, letter=prepare_notice(case, **when), **when)
    letter = Document.get_by_id(booked.letter_id)
    assert (letter.kind, letter.audience, letter.pages) == (DocumentKind.NOTICE, Audience.EVERYONE, 2)
    assert told_parties(case) == {"claimant", "representative", "expert", "referrer"}
    facts = last_event(case).facts
    assert set(facts) == {"appointment", "starts_at", "time_zone", "place", "when"}
    assert facts["when"].endswith(" Pacific time")


def test_a_refused_booking_leaves_no_letter_on_the_case(world, case_at):
    case, other = case_at(Stage.SCHEDULING), demo.case_at(world, Stage.SCHEDULING)
    when = time_of(case)
    book_appointment(other, by=world.coordinator, **when)
    with pytest.raises(Refusal):
        book_appointment(case, by=world.coordinator, letter=prepare_notice(case, **when), **when)
    assert not case.documents.where(Document.kind == DocumentKind.NOTICE).exists()
    assert of(case).stage == Stage.SCHEDULING


def test_moving_keeps_the_old_appointment_and_asks_for_a_new_confirmation(world, case_at):
    case = case_at(Stage.BOOKED)
    old = booked_appointment(case)
    case.confirmed_at = case.move_asked_at = clock.now()
    case.save()
    new = move_appointment(case, by=world.coordinator, why="The claimant works then.", **time_of(case))
    assert Appointment.get_by_id(old.id).state == AppointmentState.MOVED
    assert new.sequence == old.sequence + 1
    assert (of(case).confirmed_at, of(case).move_asked_at) == (None, None)
    assert not TakenQuarter.select().where(TakenQuarter.appointment == old).exists()
    assert told_parties(case) == {"claimant", "representative", "expert", "referrer"}


def test_moving_there_and_back_leaves_the_letter_of_the_time_that_holds(world, case_at):
    case = case_at(Stage.SCHEDULING)
    here, there = time_of(case), time_of(case, 31)
    first = book_appointment(case, by=world.coordinator, letter=prepare_notice(case, **here), **here)
    for when in (there, here):
        letter = prepare_notice(case, **when)
        last = move_appointment(case, by=world.coordinator, why="A mistake.", letter=letter, **when)
    assert last.letter_id == first.letter_id
    assert case.documents.where(Document.kind == DocumentKind.NOTICE).count() == 2


def test_a_move_may_overlap_the_time_it_gives_back(world, case_at):
    case = case_at(Stage.BOOKED)
    old = booked_appointment(case)
    later = {"starts_at": old.starts_at + HOUR / 2, "ends_at": old.ends_at + HOUR / 2}
    move_appointment(case, by=world.coordinator, clinic=old.clinic, why="A late train.", **later)
    assert booked_appointment(case).starts_at == later["starts_at"]


def test_a_move_to_a_taken_time_keeps_the_appointment_as_it_was(world, case_at):
    case, other = case_at(Stage.BOOKED), demo.case_at(world, Stage.SCHEDULING)
    before, when = booked_appointment(case), time_of(case)
    book_appointment(other, by=world.coordinator, **when)
    with pytest.raises(Refusal, match="a moment ago"):
        move_appointment(case, by=world.coordinator, why="Better there.", **when)
    assert booked_appointment(case) == before
    assert before.quarters.count() == 4


def test_cancelling_gives_the_time_back_and_another_can_be_booked(world, case_at):
    case = case_at(Stage.BOOKED)
    old = booked_appointment(case)
    cancel_appointment(case, by=world.coordinator, why="The expert is ill.")
    assert of(case).stage == Stage.SCHEDULING
    assert not old.quarters.exists()
    again = {"clinic": old.clinic, "starts_at": old.starts_at, "ends_at": old.ends_at}
    new = book_appointment(case, by=world.coordinator, **again)
    assert new.sequence == 1


@pytest.mark.parametrize("verb", [move_appointment, cancel_appointment])
def test_without_a_reason_nothing_is_moved_or_cancelled(world, case_at, verb):
    case = case_at(Stage.BOOKED)
    before = booked_appointment(case)
    given = time_of(case) if verb is move_appointment else {}
    with pytest.raises(Refusal) as refusal:
        verb(case, by=world.coordinator, why=" \n", **given)
    assert refusal.value.field == "why"
    assert booked_appointment(case) == before


def test_a_foreign_clinic_and_the_past_are_refused(world, case_at):
    case = case_at(Stage.SCHEDULING)
    foreign = Clinic.get(Clinic.expert == world.second_expert.expert)
    with pytest.raises(Refusal, match="clinic of the case's expert"):
        book_appointment(case, by=world.coordinator, **(time_of(case) | {"clinic": foreign}))
    with pytest.raises(Refusal, match="still to come"):
        book_appointment(case, by=world.coordinator, **time_of(case, -1))
    assert not case.appointments.exists()


def test_slots_of_the_case_are_those_of_its_own_expert(world, case_at):
    case = case_at(Stage.SCHEDULING)
    slots = free_slots(case, clock.today(), clock.today() + timedelta(days=30))
    assert {slot.clinic_id for slot in slots} == {clinic.id for clinic in world.expert.expert.clinics}


def test_what_lies_outside_the_hours_or_on_a_day_off_is_not_booked(world, case_at):
    case, clinic = case_at(Stage.SCHEDULING), world.expert.expert.clinics.get()
    night = time_of(case)["starts_at"].replace(hour=8, minute=7)
    when = {"clinic": clinic, "starts_at": night, "ends_at": night + HOUR}
    with pytest.raises(Refusal, match=CLOSED):
        book_appointment(case, by=world.coordinator, **when)
    when = time_of(case)
    on = clock.day_of(when["starts_at"], clinic.time_zone)
    TimeOff.create(expert=case.expert, first_day=on, last_day=on)
    with pytest.raises(Refusal, match=CLOSED):
        book_appointment(of(case), by=world.coordinator, **when)


@pytest.mark.parametrize("kept_out", ["barred", "disabled"])
def test_nobody_is_sent_to_an_expert_who_is_kept_from_the_case(world, case_at, kept_out):
    case = case_at(Stage.SCHEDULING)
    when, user = time_of(case), world.expert
    if kept_out == "barred":
        Bar.create(case=case, user=user, why="A conflict.", placed_by=world.coordinator)
    else:
        User.update(disabled_at=clock.now()).where(User.id == user.id).execute()
    with pytest.raises(Refusal, match="Release the expert, and choose another"):
        book_appointment(of(case), by=world.coordinator, **when)


def test_a_notice_that_is_too_short_stops_the_booking_itself_too(world, case_at):
    case = case_at(Stage.SCHEDULING)
    Case.update(exam_kind="TX-RME").where(Case.id == case.id).execute()
    RuleSnapshot.delete().where(RuleSnapshot.case == case).execute()
    with pytest.raises(Refusal, match="A rule stands against it"):
        book_appointment(of(case), by=world.coordinator, **time_of(case, 3))
