"""The expert's hours and time off."""

from datetime import date, time, timedelta

import pytest

from portal import clock
from portal.ime.appointment import booked_appointment
from portal.ime.deadlines import local_day
from portal.ime.hours import add_time_off, remove_hours, remove_time_off, set_hours
from portal.ime.process import Refusal
from portal.models import Clinic, TimeOff, WeeklyHours
from portal.words import Stage


@pytest.fixture
def clinic(world):
    return world.expert.expert.clinics.get()


def test_hours_are_added_on_several_days_at_once(clinic):
    set_hours(clinic, weekdays=[4, 5], opens=time(8), closes=time(11, 30))
    added = clinic.hours.where(WeeklyHours.weekday >= 4).order_by(WeeklyHours.weekday)
    assert [(row.weekday, row.opens, row.closes) for row in added] == [
        (4, time(8), time(11, 30)),
        (5, time(8), time(11, 30)),
    ]


def test_hours_may_begin_when_others_end(clinic):
    set_hours(clinic, weekdays=[0], opens=time(12), closes=time(13))
    assert clinic.hours.where(WeeklyHours.weekday == 0).count() == 3


def test_hours_that_overlap_are_refused_for_every_day_together(clinic):
    before = clinic.hours.count()
    with pytest.raises(Refusal) as refusal:
        set_hours(clinic, weekdays=[5, 0], opens=time(11), closes=time(12, 30))
    assert refusal.value.sentence == (
        "This overlaps Monday, 9:00 am to 12:00 pm at Bayview Orthopaedics – Downtown."
    )
    assert clinic.hours.count() == before


def test_an_expert_is_not_at_two_clinics_at_once(clinic):
    second = Clinic.create(
        expert=clinic.expert,
        name="Uptown",
        street="1 Hill",
        city="Oakland",
        state="CA",
        zip="94607",
        time_zone=clinic.time_zone,
    )
    with pytest.raises(Refusal, match="overlaps Monday"):
        set_hours(second, weekdays=[0], opens=time(10), closes=time(11))


@pytest.mark.parametrize(
    ("opens", "closes", "field"),
    [
        (time(12), time(12), "closes"),
        (time(12), time(9), "closes"),
        (time(9, 10), time(12), "opens"),
    ],
)
def test_hours_must_run_forward_in_full_quarters(clinic, opens, closes, field):
    with pytest.raises(Refusal) as refusal:
        set_hours(clinic, weekdays=[6], opens=opens, closes=closes)
    assert refusal.value.field == field


def test_hours_can_be_removed_and_what_is_booked_stays(case_at, clinic):
    booked = booked_appointment(case_at(Stage.BOOKED))
    for row in clinic.hours:
        remove_hours(row)
    assert not clinic.hours.exists()
    assert booked.quarters.count() == 4


def test_time_off_says_how_many_examinations_fall_into_it(world, case_at):
    expert = world.expert.expert
    day = local_day(booked_appointment(case_at(Stage.BOOKED)))
    assert add_time_off(expert, first_day=day, last_day=day) == 1
    assert add_time_off(expert, first_day=day + timedelta(days=200), last_day=day + timedelta(days=201)) == 0


def test_time_off_that_overlaps_is_over_or_runs_backward_is_refused(world):
    expert, today = world.expert.expert, clock.today()
    add_time_off(expert, first_day=today, last_day=today + timedelta(days=5))
    for first, last in ((5, 9), (-3, -1), (9, 8)):
        with pytest.raises(Refusal):
            add_time_off(
                expert, first_day=today + timedelta(days=first), last_day=today + timedelta(days=last)
            )
    assert expert.time_off.count() == 1


def test_time_off_can_be_taken_back(world):
    row = TimeOff.create(expert=world.expert.expert, first_day=date(2030, 1, 1), last_day=date(2030, 1, 2))
    remove_time_off(row)
    assert not TimeOff.select().where(TimeOff.id == row.id).exists()
