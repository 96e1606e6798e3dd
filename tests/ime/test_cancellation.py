"""What it costs when an examination does not take place."""

from datetime import date, timedelta

import pytest

from portal import clock
from portal.ime.appointment import booked_appointment, cancel_appointment, move_appointment
from portal.ime.cancellation import (
    Terms,
    agreed,
    business_days_before,
    fee_for_ending,
    fee_for_missing,
    fees_for_missing,
)
from portal.ime.closure import withdraw_referral
from portal.ime.counting import count
from portal.ime.examination import FOLLOWS, record_missed
from portal.ime.process import Refusal
from portal.models import Appointment, CancellationTier, Case, Clinic, Expert
from portal.words import AppointmentState, Outcome, Party, Stage

FEE = 185_000


@pytest.fixture
def case(case_at):
    case = case_at(Stage.BOOKED)
    asks(case, ((2, 100), (5, 50)))
    return case


def asks(case, tiers, missed_percent=100):
    """The terms under which the case's appointment was booked."""
    terms = {"fee_cents": FEE, "missed_percent": missed_percent, "tiers": tiers}
    Appointment.update(terms=terms).where(Appointment.case == case).execute()


@pytest.mark.parametrize(
    ("exam_on", "today", "left"),
    [
        (date(2026, 3, 12), date(2026, 3, 11), 1),
        (date(2026, 3, 9), date(2026, 3, 6), 1),
        (date(2026, 3, 12), date(2026, 3, 12), 0),
        (date(2026, 11, 30), date(2026, 11, 25), 1),
        (date(2026, 3, 12), date(2026, 3, 20), 0),
        (date(2026, 3, 14), date(2026, 3, 13), 1),  # a Saturday, told on Friday
        (date(2026, 3, 14), date(2026, 3, 12), 2),
        (date(2026, 3, 9), date(2026, 3, 7), 0),  # a Monday, told on Saturday
    ],
)
def test_business_days_leave_out_weekends_and_the_holidays_of_the_state(exam_on, today, left):
    assert business_days_before(exam_on, today, "CA") == left


@pytest.mark.parametrize("told", range(30))
@pytest.mark.parametrize("exam_on", [date(2026, 11, 30), date(2026, 12, 5)])
def test_the_days_left_agree_with_how_a_rule_counts_business_days(exam_on, told):
    today = exam_on - timedelta(days=told)
    left = business_days_before(exam_on, today, "CA")
    assert count(exam_on, left + 1, "business days", "before", "CA") < today
    assert left == 0 or count(exam_on, left, "business days", "before", "CA") >= today


@pytest.mark.parametrize(
    ("left", "cents"), [(0, FEE), (1, FEE), (2, FEE // 2), (4, FEE // 2), (5, 0), (9, 0)]
)
def test_the_strictest_tier_that_the_day_falls_into_counts(case, left, cents):
    booked = booked_appointment(case)
    today = clock.day_of(booked.starts_at, booked.clinic.time_zone)
    while business_days_before(clock.day_of(booked.starts_at, booked.clinic.time_zone), today, "CA") < left:
        today -= timedelta(days=1)
    fee = fee_for_ending(booked, Party.REFERRER, today)
    assert fee.cents == cents
    assert f"{left} business day" in fee.because


def test_the_terms_are_those_under_which_it_was_booked(world, case):
    booked = booked_appointment(case)
    assert Terms(FEE, 100, ((2, 100), (5, 50))) == agreed(booked)
    Expert.update(fee_cents=900_000).where(Expert.id == case.expert_id).execute()
    CancellationTier.create(expert=case.expert_id, business_days=30, percent=100)
    assert agreed(booked_appointment(Case.get_by_id(case.id))).fee_cents == FEE
    starts = booked.starts_at + timedelta(days=7)
    when = {"clinic": booked.clinic, "starts_at": starts, "ends_at": starts + timedelta(hours=1)}
    move_appointment(case, by=world.coordinator, why="Later.", wanted_by=Party.CLAIMANT, **when)
    moved = agreed(booked_appointment(case))
    assert (moved.fee_cents, (30, 100) in moved.tiers) == (900_000, True)


def test_what_the_expert_wants_costs_nothing(case):
    booked = booked_appointment(case)
    assert fee_for_ending(booked, Party.EXPERT, clock.today()).cents == 0


def test_who_wanted_it_and_what_it_costs_stays_with_the_appointment(world, case):
    booked = booked_appointment(case)
    with clock.set_to(booked.starts_at - timedelta(hours=3)):
        cancel_appointment(case, by=world.coordinator, why="The hearing was moved.", wanted_by=Party.REFERRER)
    kept = Appointment.get_by_id(booked.id)
    assert (kept.ended_for, kept.fee_cents) == (Party.REFERRER, FEE)
    assert kept.fee_because.endswith("asks for 100 % when fewer than 2 are left.")


def test_only_a_party_to_the_appointment_can_want_it_ended(world, case):
    with pytest.raises(Refusal) as refused:
        cancel_appointment(case, by=world.coordinator, why="So.", wanted_by=Party.RECIPIENT)
    assert refused.value.field == "wanted_by"


@pytest.mark.parametrize("outcome", list(FOLLOWS))
def test_every_outcome_that_is_no_examination_leads_on_with_its_fee_and_its_history(world, case, outcome):
    booked = booked_appointment(case)
    with clock.set_to(booked.starts_at + timedelta(minutes=30)):
        record_missed(case, by=world.coordinator, outcome=outcome)
        kept = Appointment.get_by_id(booked.id)
        assert (case.stage, kept.state) == (Stage.SCHEDULING, AppointmentState.MISSED)
        free = {Outcome.EXPERT_ABSENT, Outcome.CANCELLED_IN_TIME}
        assert kept.fee_cents == (0 if outcome in free else FEE)
        clinic = Clinic.get_by_id(kept.clinic_id)
        from portal.ime.appointment import book_appointment

        starts = kept.starts_at + timedelta(days=21)
        again = book_appointment(
            case, by=world.coordinator, clinic=clinic, starts_at=starts, ends_at=starts + timedelta(hours=1)
        )
    assert again.follows_id == kept.id


def test_moving_twice_keeps_the_chain(world, case):
    first = booked_appointment(case)
    for days in (7, 14):
        starts = first.starts_at + timedelta(days=days)
        when = {"clinic": first.clinic, "starts_at": starts, "ends_at": starts + timedelta(hours=1)}
        move_appointment(case, by=world.coordinator, why="Later.", wanted_by=Party.CLAIMANT, **when)
    third = booked_appointment(case)
    assert third.follows.follows_id == first.id
    assert [row.sequence for row in case.appointments.order_by(Appointment.id)] == [0, 1, 2]


def test_a_cancellation_recorded_on_the_day_costs_what_its_outcome_says(case):
    booked = booked_appointment(case)
    with clock.set_to(booked.starts_at + timedelta(minutes=30)):
        late = fee_for_missing(booked, Outcome.CANCELLED_LATE)
        in_time = fee_for_missing(booked, Outcome.CANCELLED_IN_TIME)
    assert (late.cents, in_time.cents) == (FEE, 0)
    assert late.because.startswith("Cancelled late: ") and late.because.endswith("asks for 100 %.")


def test_outcomes_with_the_same_fee_are_said_together(case):
    asks(case, ((2, 100),), missed_percent=80)
    booked = booked_appointment(Case.get_by_id(case.id))
    with clock.set_to(booked.starts_at + timedelta(minutes=30)):
        told = dict(fees_for_missing(booked, FOLLOWS))
    assert told["Expert absent; Cancelled in time"].cents == 0
    assert told["Cancelled late"].cents == FEE
    [missed] = [fee for outcomes, fee in told.items() if outcomes.startswith("Claimant did not attend;")]
    assert missed.cents == FEE * 80 // 100


def test_a_withdrawn_referral_costs_what_cancelling_does_and_the_referrer_wanted_it(world, case):
    booked = booked_appointment(case)
    with clock.set_to(booked.starts_at - timedelta(hours=3)):
        withdraw_referral(case, by=world.referrer, why="Settled.")
    kept = Appointment.get_by_id(booked.id)
    assert (kept.state, kept.ended_for, kept.fee_cents) == (AppointmentState.CANCELLED, Party.REFERRER, FEE)
