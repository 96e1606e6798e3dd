"""Free slots across time zones, daylight saving, holidays, time off and what is taken."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from portal import clock
from portal.ime.appointment import book_appointment, booked_appointment
from portal.ime.counting import holiday
from portal.ime.slots import Slot, earliest_by_rule, earliest_exam, free_slots, minutes_of, quarters
from portal.ime.timetable import Horizon, Stretch, moment_of, openings, quarter_of
from portal.models import Case, Clinic, Expert, TakenQuarter, TimeOff, WeeklyHours
from portal.words import Stage

PACIFIC = ZoneInfo("America/Los_Angeles")
LONG_AGO = datetime(2026, 1, 5, 12, tzinfo=UTC)


def starts(slots):
    """The starts as the clocks in California show them."""
    return [f"{slot.starts_at.astimezone(PACIFIC):%H:%M}" for slot in slots]


def on(case, day, **more):
    with clock.set_to(LONG_AGO):
        return free_slots(case, day, day, **more)


@pytest.fixture
def case(case_at):
    return case_at(Stage.SCHEDULING)


def hours_on(case, weekday, opens, closes):
    clinic = case.expert.clinics.get()
    WeeklyHours.create(clinic=clinic, weekday=weekday, opens=opens, closes=closes)


def test_slots_keep_the_local_time_across_both_changes_of_the_clock(case):
    hours_on(case, 5, time(9), time(11))
    for before, after in (
        (date(2026, 3, 7), date(2026, 3, 14)),
        (date(2026, 10, 31), date(2026, 11, 7)),
    ):
        assert starts(on(case, before)) == starts(on(case, after)) == ["09:00", "10:00"]
        apart = on(case, after)[0].starts_at - on(case, before)[0].starts_at
        assert abs(apart - timedelta(days=7)) == timedelta(hours=1)


def test_the_hour_that_spring_skips_holds_no_slot(case):
    hours_on(case, 6, time(1), time(4))
    slots = on(case, date(2026, 3, 8))
    assert starts(slots) == ["01:00", "03:00"]
    assert slots[1].starts_at - slots[0].starts_at == timedelta(hours=1)


def test_the_hour_that_autumn_repeats_holds_two_slots(case):
    hours_on(case, 6, time(1), time(3))
    assert starts(on(case, date(2026, 11, 1))) == ["01:00", "01:00", "02:00"]
    assert len({slot.starts_at for slot in on(case, date(2026, 11, 1))}) == 3


def test_a_day_has_the_slots_of_its_hours_with_the_break_left_out(case):
    assert starts(on(case, date(2026, 3, 10))) == ["09:00", "10:00", "11:00", "13:00", "14:00", "15:00"]
    assert starts(on(case, date(2026, 3, 10), length=timedelta(minutes=90))) == [
        "09:00",
        "10:30",
        "13:00",
        "14:30",
    ]


def test_time_off_and_federal_holidays_hold_no_slot(case):
    assert on(case, date(2026, 9, 7)) == []  # Labor Day, a Monday
    TimeOff.create(expert=case.expert, first_day=date(2026, 3, 9), last_day=date(2026, 3, 10))
    assert on(case, date(2026, 3, 9)) == on(case, date(2026, 3, 10)) == []
    assert on(case, date(2026, 3, 11))


def test_a_holiday_of_the_clinic_s_state_holds_no_slot(case):
    assert on(case, date(2026, 3, 31)) == []  # Cesar Chavez Day, in California alone
    Clinic.update(state="OR").where(Clinic.expert == case.expert).execute()
    assert on(case, date(2026, 3, 31))


def test_hours_hold_from_their_first_to_their_last_day(case):
    clinic, day = case.expert.clinics.get(), date(2026, 3, 13)
    row = WeeklyHours.create(
        clinic=clinic, weekday=4, opens=time(9), closes=time(10), first_day=day, last_day=day
    )
    assert starts(on(case, day)) == ["09:00"]
    assert on(case, date(2026, 3, 6)) == on(case, date(2026, 3, 20)) == []
    row.first_day = row.last_day = None
    row.save()
    assert on(case, date(2026, 3, 6)) and on(case, date(2026, 3, 20))


def test_a_buffer_is_kept_free_after_each_examination(case):
    Expert.update(buffer_minutes=30).where(Expert.id == case.expert_id).execute()
    again = Case.get_by_id(case.id)
    taken = datetime(2026, 3, 10, 10, 15, tzinfo=PACIFIC)
    TakenQuarter.create(expert=again.expert, starts_at=taken, appointment=again.expert.appointments.get())
    assert starts(on(again, date(2026, 3, 10)))[0] == "10:30", (
        "9:00 to 10:00 would leave a quarter of an hour"
    )


def test_hours_by_video_and_in_person_are_kept_apart(case):
    clinic = case.expert.clinics.get()
    WeeklyHours.create(clinic=clinic, weekday=4, opens=time(9), closes=time(11), is_telehealth=True)
    assert on(case, date(2026, 3, 13)) == []
    assert [slot.is_telehealth for slot in on(case, date(2026, 3, 13), is_telehealth=True)] == [True, True]


def test_a_clinic_that_is_closed_has_no_slot(case):
    Clinic.update(closed_at=LONG_AGO).where(Clinic.expert == case.expert).execute()
    assert on(case, date(2026, 3, 10)) == []


def test_a_slot_that_has_begun_is_not_free(case):
    with clock.set_to(datetime(2026, 3, 10, 10, 30, tzinfo=PACIFIC)):
        assert starts(free_slots(case, date(2026, 3, 10), date(2026, 3, 10)))[0] == "10:45"


def test_what_is_taken_is_left_out_and_the_time_after_it_is_used(case):
    expert, taken = case.expert, datetime(2026, 3, 10, 9, 0, tzinfo=PACIFIC)
    appointment = expert.appointments.get()
    TakenQuarter.create(expert=expert, starts_at=taken, appointment=appointment)
    assert starts(on(case, date(2026, 3, 10)))[:2] == ["09:15", "10:15"]


def test_moving_counts_its_own_time_as_free_but_the_same_slot_is_no_move(case_at):
    case = case_at(Stage.BOOKED)
    booked = booked_appointment(case)
    day = booked.starts_at.astimezone(PACIFIC).date()
    own = Slot(booked.clinic_id, booked.starts_at, booked.ends_at)
    assert own not in free_slots(case, day, day, but_for=booked)
    longer = free_slots(case, day, day, timedelta(minutes=90), but_for=booked)
    assert Slot(booked.clinic_id, booked.starts_at, booked.starts_at + timedelta(minutes=90)) in longer


def test_a_slot_reads_as_what_the_form_sends():
    moment = datetime(2026, 12, 8, 17, 30, tzinfo=UTC)
    assert str(Slot(7, moment, moment + timedelta(hours=1))) == "7-20261208T173000Z"


QUARTER_OF_DAY = some.integers(0, 95).map(lambda number: time(number // 4, number % 4 * 15))


@settings(max_examples=200)
@given(
    day=some.dates(date(2026, 1, 1), date(2027, 12, 31)),
    spans=some.lists(QUARTER_OF_DAY, min_size=2, max_size=2, unique=True).map(sorted),
    minutes=some.sampled_from([30, 45, 60, 90, 120]),
    zone=some.sampled_from(
        ["America/Los_Angeles", "America/New_York", "Pacific/Honolulu", "America/St_Johns"]
    ),
    taken_at=some.sets(some.integers(0, 130), max_size=20),
    buffer=some.integers(0, 3),
)
@example(date(2026, 3, 8), [time(0), time(2)], 30, "America/Los_Angeles", set(), 0)
def test_slots_never_overlap_what_is_taken_or_each_other_and_stay_within_the_hours(
    day, spans, minutes, zone, taken_at, buffer
):
    opens, closes = spans
    midnight = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    taken = {midnight + timedelta(minutes=15 * number) for number in taken_at}
    horizon, length = Horizon(day, day), timedelta(minutes=minutes)
    row = Stretch(1, day.weekday(), minutes_of(opens), minutes_of(closes), zone, "")
    bits = horizon.mask(map(quarter_of, taken))
    slots = [
        Slot(1, begins := moment_of(each.quarter), begins + length)
        for each in openings(horizon, [row], [], bits, minutes // 15, buffer)
    ]
    used = [quarter for slot in slots for quarter in quarters(slot.starts_at, slot.ends_at)]
    assert len(used) == len(set(used))
    assert taken.isdisjoint(used)
    for slot in slots:
        begins = slot.starts_at.astimezone(ZoneInfo(zone))
        assert begins.date() == day and begins.time() >= opens
        # As moments, since on the day the clocks go forward a closing time may be one that they skip.
        assert slot.ends_at <= datetime.combine(day, closes, ZoneInfo(zone)).astimezone(UTC)
        assert taken.isdisjoint(
            quarters(slot.ends_at, slot.ends_at + buffer * timedelta(minutes=15)) if buffer else []
        )
    assert bool(slots) == any(
        fits(midnight, number, day, spans, minutes, zone, taken, buffer) for number in range(110)
    )


def fits(midnight, number, day, spans, minutes, zone, taken, buffer):
    """Looked at quarter by quarter: whether an examination could begin at this one."""
    if holiday(day, "US"):
        return False
    begins = midnight + timedelta(minutes=15 * number)
    opens, closes = (datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC) for at in spans)
    ends = begins + timedelta(minutes=minutes)
    wanted = quarters(begins, ends + buffer * timedelta(minutes=15))
    return opens <= begins and ends <= closes and taken.isdisjoint(wanted)


@settings(max_examples=100)
@given(
    minute=some.integers(0, 525_600),
    minutes=some.integers(1, 300),
)
def test_the_quarters_of_a_time_cover_it_and_nothing_more(minute, minutes):
    starts_at = LONG_AGO + timedelta(minutes=minute)
    found = quarters(starts_at, ends_at := starts_at + timedelta(minutes=minutes))
    assert found[0] <= starts_at < found[0] + timedelta(minutes=15)
    assert found[-1] < ends_at <= found[-1] + timedelta(minutes=15)


def test_the_earliest_day_is_the_first_whose_notice_can_still_be_given(case):
    with clock.set_to(datetime(2026, 3, 2, 17, tzinfo=UTC)):
        found = earliest_by_rule("CA-CIV")
    assert found.date == date(2026, 4, 1)  # thirty calendar days
    assert "CCP 2032.220(d)" in found.sentence and "due on March 1, 2026" in found.why_not_sooner
    assert "30 calendar days from service of the demand to the examination on April 1, 2026" in found.sentence


def test_the_earliest_day_by_business_days_is_the_very_first(case):
    from portal.ime import rules

    for shift in range(0, 400, 13):
        today = date(2026, 1, 1) + timedelta(days=shift)
        with clock.set_to(datetime.combine(today, time(17), UTC)):
            found = earliest_by_rule("NY-WC").date
        assert rules.notice_before_exam("NY-WC", found).date >= today
        assert rules.notice_before_exam("NY-WC", found - timedelta(days=1)).date < today


def test_an_expert_who_asks_for_more_notice_is_given_it(case):
    Expert.update(notice_days=60).where(Expert.id == case.expert_id).execute()
    found = earliest_exam(Case.get_by_id(case.id))
    assert found.date == clock.today() + timedelta(days=60)
    assert found.sentence == "Adaeze Okafor, MD asks for 60 days of notice."


def test_a_kind_without_a_rule_still_has_an_earliest_day(case):
    case.exam_kind = "no such kind"
    assert earliest_exam(case).date == clock.today() + timedelta(days=7)


def test_every_slot_offered_can_be_booked(world, case):
    slot = free_slots(case, clock.today(), clock.today() + timedelta(days=20))[0]
    clinic = Clinic.get_by_id(slot.clinic_id)
    book_appointment(
        case, by=world.coordinator, clinic=clinic, starts_at=slot.starts_at, ends_at=slot.ends_at
    )
    again = free_slots(case, clock.today(), clock.today() + timedelta(days=20))
    assert slot not in again
