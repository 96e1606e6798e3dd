"""The expert's hours and time off."""

from datetime import date, time, timedelta

import pytest

from portal import clock
from portal.ime.appointment import booked_appointment
from portal.ime.clinics import change_clinic, close_clinic, reopen_clinic
from portal.ime.deadlines import local_day
from portal.ime.hours import add_time_off, remove_hours, remove_time_off, set_hours
from portal.ime.process import Refusal
from portal.models import Appointment, Clinic, TimeOff, WeeklyHours
from portal.words import AppointmentState, Stage


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


def clinic_in(clinic, zone):
    return Clinic.create(
        expert=clinic.expert,
        name="Uptown",
        street="1 Hill",
        city="Oakland",
        state="CA",
        zip="94607",
        time_zone=zone,
    )


def test_an_expert_is_not_at_two_clinics_at_once(clinic):
    with pytest.raises(Refusal, match="overlaps Monday"):
        set_hours(clinic_in(clinic, clinic.time_zone), weekdays=[0], opens=time(10), closes=time(11))


def test_clinics_in_two_time_zones_are_compared_by_the_moment_and_not_by_the_clock(clinic):
    eastern = clinic_in(clinic, "America/New_York")
    set_hours(eastern, weekdays=[0], opens=time(9), closes=time(12))  # over as the clinic in California opens
    with pytest.raises(Refusal, match="overlaps Monday, 9:00 am to 12:00 pm at Bayview"):
        set_hours(eastern, weekdays=[0], opens=time(12), closes=time(12, 15))


def test_a_clinic_takes_no_clock_by_which_its_hours_meet_those_of_another(clinic):
    eastern = clinic_in(clinic, "America/New_York")
    set_hours(eastern, weekdays=[0], opens=time(9), closes=time(12))
    fields = {name: getattr(eastern, name) for name in ("name", "street", "city", "state", "zip")}
    with pytest.raises(Refusal, match="This overlaps Monday") as no:
        change_clinic(eastern, **fields, time_zone=clinic.time_zone)
    assert no.value.field == "time_zone" and no.value.sentence.startswith("By this clock")
    assert Clinic.get_by_id(eastern.id).time_zone == "America/New_York"


def test_hours_of_a_clinic_that_is_closed_do_not_count_until_it_is_opened_again(clinic):
    moved, mondays = (
        clinic_in(clinic, clinic.time_zone),
        {"weekdays": [0], "opens": time(9), "closes": time(12)},
    )
    with pytest.raises(Refusal, match="overlaps Monday"):
        set_hours(moved, **mondays)
    Appointment.update(state=AppointmentState.CANCELLED).execute()
    close_clinic(clinic)
    set_hours(moved, **mondays)
    assert moved.hours.count() == 1
    with pytest.raises(
        Refusal, match=r"remove them first\. This overlaps Monday, 9:00 am to 12:00 pm at Uptown"
    ):
        reopen_clinic(clinic)
    assert Clinic.get_by_id(clinic.id).closed_at is not None
    with pytest.raises(Refusal, match="at Bayview"):
        set_hours(clinic, weekdays=[2], opens=time(9), closes=time(12))
    for row in moved.hours:
        remove_hours(row)
    reopen_clinic(Clinic.get_by_id(clinic.id))
    assert Clinic.get_by_id(clinic.id).closed_at is None


def test_a_clock_that_is_not_turned_meets_the_hours_of_another_in_one_half_of_the_year(clinic):
    arizona = clinic_in(clinic, "America/Phoenix")
    # Noon there is noon in California in summer, when its break begins, and 11 am in winter.
    in_summer = {"first_day": date(2031, 5, 1), "last_day": date(2031, 9, 30)}
    set_hours(arizona, weekdays=[0], opens=time(12), closes=time(12, 45), **in_summer)
    with pytest.raises(Refusal, match="overlaps Monday"):
        set_hours(arizona, weekdays=[0], opens=time(12), closes=time(12, 45), first_day=date(2031, 11, 10))


def test_a_late_hour_in_hawaii_is_the_next_day_in_guam(clinic):
    set_hours(clinic_in(clinic, "Pacific/Honolulu"), weekdays=[5], opens=time(9), closes=time(12))
    with pytest.raises(Refusal, match="overlaps Saturday, 9:00 am to 12:00 pm at Uptown"):
        set_hours(clinic_in(clinic, "Pacific/Guam"), weekdays=[6], opens=time(6), closes=time(7))


def test_hours_may_follow_upon_others_that_end_and_not_share_a_day_with_them(clinic):
    same = {"weekdays": [5], "opens": time(9), "closes": time(12)}
    set_hours(clinic, **same, first_day=date(2031, 1, 4), last_day=date(2031, 3, 29))
    set_hours(clinic, **same, first_day=date(2031, 3, 30), last_day=date(2031, 6, 30))
    for first, last in ((date(2031, 3, 29), None), (None, date(2031, 1, 4)), (None, None)):
        with pytest.raises(Refusal, match="overlaps Saturday"):
            set_hours(clinic, **same, first_day=first, last_day=last)


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
