"""Counting days: laws that hold for every figure and state, and every reason on the way."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.ime.counting import HOURS_ROLL, count, counted, is_working_day, last_start, received_on
from portal.ime.rules import exam_kinds

days = st.dates(date(2020, 1, 1), date(2034, 12, 31))
figures = st.integers(1, 90)
states = st.sampled_from(sorted({kind.jurisdiction for kind in exam_kinds().values()}))
units = st.sampled_from(["calendar days", "business days", "months", "hours"])
CENTRAL = ZoneInfo("America/Chicago")


@given(days, figures, units, states)
def test_what_rolls_lands_on_a_working_day_on_its_own_side(day, n, unit, state):
    after, before = (count(day, n, unit, way, state) for way in ("after", "before"))
    assert before < day < after
    if unit != "hours" or state in HOURS_ROLL:
        assert is_working_day(after, state) and is_working_day(before, state)


@given(days, figures, states)
def test_business_days_agree_with_a_count_on_the_fingers(day, n, state):
    last = count(day, n, "business days", "after", state)
    between = [day + timedelta(days=number) for number in range(1, (last - day).days + 1)]
    assert sum(is_working_day(each, state) for each in between) == n


@given(days, figures, states)
def test_a_working_day_counted_forth_and_back_is_itself(day, n, state):
    if is_working_day(day, state):
        assert (
            count(count(day, n, "business days", "after", state), n, "business days", "before", state) == day
        )


@given(days, figures, units, states)
def test_one_more_is_never_earlier(day, n, unit, state):
    assert count(day, n, unit, "after", state) <= count(day, n + 1, unit, "after", state)
    assert count(day, n, unit, "before", state) >= count(day, n + 1, unit, "before", state)


@given(days, figures, units, states, st.integers(0, 20))
def test_more_time_for_service_never_shortens_a_deadline(day, n, unit, state, extra):
    assert count(day, n, unit, "after", state, extra) >= count(day, n, unit, "after", state)


@given(days, figures, units, states)
def test_the_last_day_to_begin_with_keeps_the_figure_and_the_day_after_it_does_not(event, n, unit, state):
    last = last_start(event, n, unit, state)
    assert count(last, n, unit, "after_min", state) <= event
    assert count(last + timedelta(days=1), n, unit, "after_min", state) > event


@given(days, figures, states)
def test_every_day_that_moves_has_a_reason(day, n, state):
    found = counted(day, n, "calendar days", "after", state)
    assert bool(found.reasons) == (found.date != day + timedelta(days=n))


def test_the_reasons_name_the_holiday_and_the_weekend():
    assert counted(date(2026, 5, 18), 7, "calendar days", "after", "TX").reasons == (
        "May 25, 2026 is Memorial Day, so it is the next working day, May 26, 2026.",
    )
    assert "is a Saturday" in counted(date(2026, 3, 9), 2, "calendar days", "before", "IL").reasons[0]
    assert counted(date(2026, 11, 24), 2, "working days", "after", "TX").reasons == (
        "Not counted: Thanksgiving Day on November 26, 2026, the Friday after Thanksgiving on November 27, 2026.",
    )


def test_days_for_service_are_added_before_the_roll_or_to_the_day_that_it_leads_to():
    thursday = counted(date(2026, 3, 2), 5, "calendar days", "after", "US", extra=3)
    assert (thursday.date, len(thursday.reasons)) == (date(2026, 3, 12), 2), (
        "FRCP 6(d): Saturday, Monday, and three"
    )
    assert count(date(2026, 3, 2), 5, "calendar days", "after", "CA", extra=3) == date(2026, 3, 10)


def test_a_leap_day_and_the_end_of_a_year_are_days_like_others():
    assert count(date(2028, 1, 31), 1, "months", "after_min", "US") == date(2028, 2, 29)
    assert count(date(2028, 2, 28), 2, "calendar days", "after_min", "US") == date(2028, 3, 1)
    assert count(date(2026, 12, 31), 1, "business days", "after", "US") == date(2027, 1, 4)


def test_hours_that_have_begun_count_as_a_whole_day():
    assert count(date(2026, 3, 12), 48, "hours", "before", "CA") == date(2026, 3, 10)
    assert count(date(2026, 3, 12), 50, "hours", "before", "CA") == date(2026, 3, 9)


def test_hours_end_on_a_closed_day_too_except_where_the_law_lets_them_run_on():
    assert count(date(2026, 3, 2), 24, "hours", "before_min", "TX") == date(2026, 3, 1)
    assert count(date(2026, 3, 5), 72, "hours", "after", "OR") == date(2026, 3, 8)
    assert count(date(2026, 3, 5), 72, "hours", "after", "US") == date(2026, 3, 9), "FRCP 6(a)(2)(C)"


@pytest.mark.parametrize(
    ("clock", "state", "day"),
    [("16:59", "TX", 15), ("17:00", "TX", 15), ("17:01", "TX", 18), ("23:00", "CA", 15)],
)
def test_what_comes_after_five_in_texas_is_received_on_the_next_working_day(clock, state, day):
    moment = datetime.fromisoformat(f"2026-05-15T{clock}").replace(tzinfo=CENTRAL)
    assert received_on(moment, "America/Chicago", state).date == date(2026, 5, day)


def test_a_moment_is_read_by_the_clock_of_the_jurisdiction():
    moment = datetime(2026, 5, 15, 17, 30, tzinfo=ZoneInfo("America/New_York"))
    assert received_on(moment, "America/Chicago", "TX").date == date(2026, 5, 15), "half past four in Texas"
