"""How often somebody may be examined: what counts, what counts as one, and when the next one may be."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.ime.frequency import Exam, as_one, frequency
from portal.ime.rules import on_file

EXAM_ON = date(2026, 9, 1)
lists_of_days = st.lists(st.dates(date(2025, 9, 1), EXAM_ON), max_size=12)


def asked(rule_id, earlier, exam_on=EXAM_ON):
    pack = on_file()
    rule = pack.named(rule_id)
    kind, exams = pack.exam_kinds[rule.exam], [Exam(day) for day in earlier]
    return frequency(rule, kind, Exam(exam_on), exams, pack.of(rule.exam))


def test_an_examination_of_the_panel_that_is_under_way_is_never_one_too_many():
    three = [date(2026, 1, 5), date(2026, 3, 2), date(2026, 8, 29)]
    within, later = asked("OR-WC-01", three), asked("OR-WC-01", three, date(2026, 9, 2))
    assert (within.allowed, within.counted) == (True, 3)
    assert within.sentence == (
        "It is within 72 hours of the examination on August 29, 2026 and counts with it as one."
    )
    assert (later.allowed, later.counted, later.next_on) == (False, 3, None)


@pytest.mark.parametrize(
    ("rule_id", "exam_on", "others", "allowed"),
    [
        ("KS-WC-01", date(2026, 8, 31), [date(2026, 8, 1), date(2026, 8, 15)], False),
        ("KS-WC-01", date(2026, 9, 1), [date(2026, 8, 1), date(2026, 8, 15)], True),
        ("NH-WC-02", date(2028, 12, 31), [date(2028, 1, 1), date(2028, 6, 1)], False),
        ("NH-WC-02", date(2026, 3, 2), [date(2026, 5, 4), date(2026, 11, 2)], False),
        ("NH-WC-02", date(2026, 3, 2), [date(2026, 5, 4), date(2027, 3, 2)], True),
        ("OR-WC-01", date(2026, 3, 2), [date(2026, 1, 5), date(2026, 2, 2), date(2026, 9, 1)], False),
        ("TX-RME-01", date(2026, 6, 1), [date(2026, 6, 20)], False),
        ("TX-RME-01", date(2026, 6, 1), [date(2026, 12, 20)], True),
    ],
)
def test_months_and_years_are_those_of_the_calendar_and_what_is_booked_for_later_counts(
    rule_id, exam_on, others, allowed
):
    found = asked(rule_id, others, exam_on)
    assert found.allowed == allowed
    assert allowed or found.next_on is None or asked(rule_id, others, found.next_on).allowed


def test_seventy_two_hours_are_hours_where_the_moments_are_known():
    pack = on_file()
    rule, nine = pack.named("OR-WC-01"), datetime(2026, 8, 31, 16, 0, tzinfo=UTC)
    first = [Exam(date(2026, 1, 5)), Exam(date(2026, 3, 2)), Exam(date(2026, 8, 31), nine)]
    for hours, allowed in ((72, True), (73, False)):
        exam = Exam(date(2026, 9, 3), nine + timedelta(hours=hours))
        found = frequency(rule, pack.exam_kinds["OR-WC"], exam, first, pack.of("OR-WC"))
        assert found.allowed == allowed


def test_a_kind_without_a_rule_for_panels_counts_each_examination():
    assert not asked("NH-WC-02", [EXAM_ON - timedelta(days=1), EXAM_ON]).allowed


def test_the_day_on_which_the_next_is_allowed_is_told():
    full = asked("NH-WC-02", [date(2026, 1, 5), date(2026, 8, 3)])
    assert (full.allowed, full.next_on) == (False, date(2027, 1, 5))
    assert asked("NH-WC-02", [date(2026, 1, 5), date(2026, 8, 3)], full.next_on).allowed
    wait = asked("TX-RME-01", [date(2026, 8, 3)])
    assert (wait.allowed, wait.next_on) == (False, date(2027, 1, 30))


@given(lists_of_days, st.sampled_from([0, 48, 72]))
def test_each_panel_is_counted_once_and_no_day_is_lost(days, hours):
    counted = [exam.on for exam in as_one(map(Exam, sorted(days)), hours)]
    span = timedelta(hours=hours)
    assert all(any(timedelta(0) <= day - first <= span for first in counted) for day in days)
    assert all(later - first > span or not hours for first, later in pairwise(counted))


@given(lists_of_days, st.sampled_from(["NH-WC-02", "KS-WC-01", "TX-RME-01", "WI-WC-03"]))
def test_from_the_day_that_is_told_one_more_is_allowed(days, rule_id):
    found = asked(rule_id, days)
    assert found.allowed or found.next_on is None or asked(rule_id, days, found.next_on).allowed
