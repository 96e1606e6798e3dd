"""A day typed in three parts: what it understands, and which part it asks to mend."""

from datetime import date

import pytest

from portal.forms.fields import ENGLISH, Day, MustBeGiven


@pytest.mark.parametrize("month", ["3", "03", "Mar", "march", "MAR.", "marzo"])
def test_a_month_may_be_a_number_or_a_name(ask, month):
    assert ask(Day("It"), month=month, day="14", year="2025").data == date(2025, 3, 14)


@pytest.mark.parametrize(
    ("parts", "sentence", "focus"),
    [
        ({"day": "14", "year": "2025"}, ENGLISH.missing_month, "it-month"),
        ({"month": "3", "year": "2025"}, ENGLISH.missing_day, "it-day"),
        ({"month": "3", "day": "14"}, ENGLISH.missing_year, "it-year"),
        ({"month": "13", "day": "14", "year": "2025"}, ENGLISH.not_month, "it-month"),
        ({"month": "Ma", "day": "14", "year": "2025"}, ENGLISH.not_month, "it-month"),
        ({"month": "3", "day": "x", "year": "2025"}, ENGLISH.not_day, "it-day"),
        ({"month": "3", "day": "14", "year": "25"}, ENGLISH.not_year, "it-year"),
        ({"month": "2", "day": "29", "year": "2025"}, ENGLISH.no_such_day, "it-day"),
        ({"month": "٣", "day": "14", "year": "2025"}, ENGLISH.not_month, "it-month"),
    ],
)
def test_a_day_that_cannot_be_says_which_part_to_mend(ask, parts, sentence, focus):
    it = ask(Day("It", [MustBeGiven("Enter the day")]), **parts)
    assert (it.errors, it.data, it.focus_id) == ([sentence], None, focus)
    assert {part: typed for part, typed in it.typed.items() if typed} == parts


def test_a_day_left_out_is_asked_for_once_and_every_part_is_marked(ask):
    it = ask(Day("It", [MustBeGiven("Enter the day")]), month="", day="", year="")
    assert it.errors == ["Enter the day"]
    assert all(wrong for _, _, _, wrong, _ in it.parts)
