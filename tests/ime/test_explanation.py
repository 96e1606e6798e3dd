"""The explanation of a date: every rule that counts gives one, with figure, event, rule, source and day of checking."""

from dataclasses import replace
from datetime import date

import pytest

from portal import written
from portal.ime.explanation import explain
from portal.ime.rules import on_file

MONDAY = date(2026, 3, 2)
COUNTING = [each for each in on_file().rules if each.is_countable]


def explained(rule_id, anchor_on):
    rule = on_file().named(rule_id)
    return explain(rule, on_file().exam_kinds[rule.exam], anchor_on)


@pytest.mark.parametrize(
    ("rule_id", "exam_on", "day"),
    [
        ("CA-QME-23", date(2026, 3, 2), date(2026, 4, 1)),
        ("WA-LI-03", date(2026, 6, 1), date(2026, 5, 4)),
        ("TX-RME-03", date(2026, 5, 15), date(2026, 5, 5)),
    ],
)
def test_the_dates_that_everybody_can_count_by_hand(rule_id, exam_on, day):
    assert explained(rule_id, exam_on).date == day


@pytest.mark.parametrize("rule", COUNTING, ids=lambda rule: rule.id)
def test_every_rule_that_counts_explains_itself(rule):
    found = explain(rule, on_file().exam_kinds[rule.exam], MONDAY)
    assert found.reasons[0].endswith(f"on {written.day(MONDAY)}.") and "_" not in found.reasons[0]
    assert f"Rule {rule.id}, {rule.citation}" in found.sentence
    assert f"checked on {written.day(rule.checked_on)}" in found.sentence
    assert found.until is None or found.date < found.until


@pytest.mark.parametrize(
    ("unit", "until"), [("months", date(2026, 5, 2)), ("business days", date(2026, 3, 4))]
)
def test_both_ends_of_a_window_are_counted_in_its_own_unit(unit, until):
    rule = replace(on_file().named("CO-DIME-03"), n=(1, 2), unit=unit)
    assert explain(rule, on_file().exam_kinds["CO-DIME"], MONDAY).until == until
