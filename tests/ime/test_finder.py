"""The slot finder: legal first, then before the deadline, then near, then soon, each with its reasons."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal import clock
from portal.ime import finder
from portal.ime.gates import BookingFacts
from portal.ime.rules import on_file
from portal.ime.slots import Slot, free_slots
from portal.models import CaseDeadline, Clinic
from portal.words import DeadlineKind, Stage

OAKLAND, SAN_JOSE = (37.8071, -122.2851), (37.3476, -121.8870)
NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
TODAY = NOW.date()
NEAR = Clinic(id=1, latitude=37.7725, longitude=-122.4147, time_zone="America/Los_Angeles", state="CA")
FAR = Clinic(id=2, latitude=34.0559, longitude=-118.2666, time_zone="America/Los_Angeles", state="CA")
CLINICS = {1: NEAR, 2: FAR}


def slot(days, clinic=1):
    starts = NOW + timedelta(days=days)
    return Slot(clinic, starts, starts + timedelta(hours=1))


@pytest.fixture
def want():
    facts = BookingFacts(exam_on=TODAY, notice_on=TODAY, asked_on=TODAY, home=OAKLAND)
    return finder.Wanted(on_file(), "CA-CIV", facts)


def ranked(want, *slots):
    return [each.slot for each in finder.ranked_slots(want, slots, CLINICS)]


def test_what_a_rule_stops_comes_last_however_soon_it_is(want):
    early, legal, far = slot(10), slot(40), slot(40, clinic=2)
    assert ranked(want, early, far, legal)[0] == legal
    found = {each.slot: each for each in finder.ranked_slots(want, [early, legal, far], CLINICS)}
    assert [found[each].is_legal for each in (legal, early, far)] == [True, False, False]


def test_before_the_deadline_comes_before_near_and_near_before_soon(want):
    late = replace(want, needed_by=("hearing", TODAY + timedelta(days=60)))
    assert ranked(late, slot(70), slot(45))[0] == slot(45)
    oakland = Clinic(id=3, latitude=37.81, longitude=-122.26, time_zone="America/Los_Angeles", state="CA")
    san_jose = Clinic(
        id=4, latitude=SAN_JOSE[0], longitude=SAN_JOSE[1], time_zone="America/Los_Angeles", state="CA"
    )
    slots = [slot(41, 4), slot(43, 3), slot(42, 3)]
    order = [each.slot for each in finder.ranked_slots(want, slots, {3: oakland, 4: san_jose})]
    assert order == [slot(42, 3), slot(43, 3), slot(41, 4)]


def test_each_time_says_why(want):
    late = replace(want, needed_by=("hearing", TODAY + timedelta(days=100)), is_interpreter_open=True)
    [found] = finder.ranked_slots(late, [slot(40)], CLINICS)
    assert found.reasons == (
        "7 miles from home",
        "40 days of notice",
        "with the report before the hearing on June 10, 2026",
        "time to find the interpreter",
    )


def test_a_time_that_leaves_an_interpreter_to_be_found_comes_before_a_sooner_one_that_does_not(want):
    file = replace(want, code="AZ-WC", facts=replace(want.facts, is_travel_settled=True))
    soon, later = slot(20), slot(26)
    assert ranked(file, later, soon)[0] == soon
    open_ = replace(file, is_interpreter_open=True)
    assert ranked(open_, later, soon)[0] == soon, "both leave time"
    rushed = replace(open_, facts=replace(file.facts, notice_on=TODAY + timedelta(days=15)))
    assert ranked(rushed, later, soon)[0] == later
    [found] = finder.ranked_slots(rushed, [soon], CLINICS)
    assert "little time to find the interpreter" in found.reasons


def test_the_first_of_the_days_that_matter_counts(case_at):
    case = case_at(Stage.SCHEDULING)
    case.report_needed_by = clock.today() + timedelta(days=200)
    CaseDeadline.create(case=case, kind=DeadlineKind.HEARING, falls_on=clock.today() + timedelta(days=15))
    wanted = finder.wanted(case)
    assert wanted.needed_by == ("hearing", clock.today() + timedelta(days=15))


def test_the_best_time_of_a_real_case_is_one_that_can_be_booked(case_at):
    case = case_at(Stage.SCHEDULING)
    clinics = {clinic.id: clinic for clinic in case.expert.clinics}
    slots = free_slots(case, clock.today(), clock.today() + timedelta(days=120))
    best = finder.ranked_slots(finder.wanted(case), slots, clinics)
    assert best[0].is_legal and best[0].slot in slots and len(best) == len(slots)
    assert not best[-1].is_legal, "beyond 120 days the rule stops it"
