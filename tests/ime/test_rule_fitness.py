"""A rule that somebody brings can speak where it stands, or is refused in a sentence at its field."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from portal.ime.counting import DIRECTIONS
from portal.ime.gates import BookingFacts, before_booking
from portal.ime.rule_fitness import refuse_unfit
from portal.ime.rule_pack import GATES, UNITS, RuleFileError, RulePack
from portal.ime.rules import NOTICE, addendum_due, fits, notice_before_exam, on_file, report_due

TODAY = date(2026, 11, 26)
PACK = on_file()
EVERY = (*PACK.rules, *PACK.house_defaults)


def a_rule(gate, way, unit, event, **more):
    """A rule that may or may not fit its gate; a same day has no figure."""
    n = (5, 9) if way == "window" else 0 if way == "same_day" else 5
    facts = {"gate": gate, "direction": way, "unit": unit, "n": n, "anchor": event, **more}
    return replace(PACK.named("UT-CIV-01"), **facts)


def is_fit(rule):
    try:
        refuse_unfit(rule, TODAY)
    except RuleFileError:
        return False
    return True


@pytest.mark.parametrize("rule", EVERY, ids=lambda each: each.id)
def test_every_rule_of_the_file_can_speak_where_it_stands(rule):
    refuse_unfit(rule, TODAY)


@pytest.mark.parametrize(
    ("rule_id", "facts", "field", "said"),
    [
        (
            "CA-QME-23",
            {"gate": "notice"},
            "direction",
            'cannot be "at the latest so long after" at "Notice before the examination": there it is "at the latest',
        ),
        (
            "CA-QME-23",
            {"gate": "distance"},
            "direction",
            'cannot be "at the latest so long after" at "How far the claimant may be sent": '
            'there it is "at most so far from" or "a drive of at most so long from".',
        ),
        ("CA-QME-23", {"gate": "telehealth"}, "n", "leave the figure out"),
        ("CA-QME-23", {"gate": "window"}, "anchor", "after\" the examination at"),
        ("CA-QME-23", {"direction": "before"}, "anchor", 'so long before" the examination at "When the report'),
        ("CA-QME-23", {"direction": "same_day", "n": 0}, "direction", '"on the same day as"'),
        ("CA-QME-23", {"unit": "days (kind unverified)"}, "unit", "cannot count in days (kind unverified) at"),
        ("CA-QME-23", {"n": 0}, "n", 'above zero: 0 is only for "on the same day as"'),
        ("CO-DIME-03", {"n": (0, 75)}, "n", "above zero"),
        ("CA-QME-23", {"checked_on": TODAY + timedelta(days=1)}, "checked_on", "November 27, 2026"),
        (
            "CA-QME-27",
            {"anchor": "exam"},
            "anchor",
            "there it counts from the request (supplemental request).",
        ),
        ("CA-QME-34", {"unit": "months"}, "unit", "there it counts in calendar days."),
        ("CA-CIV-05", {"gate": "frequency"}, "direction", "at most so far from"),
        ("WA-LI-03", {"anchor": "hearing"}, "anchor", "there it counts from the examination (appointment), "),
    ],
)  # fmt: skip
def test_a_rule_that_would_never_be_heard_is_refused_at_its_field(rule_id, facts, field, said):
    with pytest.raises(RuleFileError) as refused:
        refuse_unfit(replace(PACK.named(rule_id), **facts), TODAY)
    sentence = str(refused.value)
    assert (refused.value.field, said in sentence) == (field, True), sentence
    assert sentence.startswith(f"Rule {rule_id} ") and sentence.endswith(".") and len(sentence) < 300


def test_a_day_that_was_there_before_is_not_asked_again_and_what_the_portal_does_not_ask_for_may_say_anything():
    later = replace(PACK.named("CA-QME-23"), checked_on=TODAY + timedelta(days=9))
    refuse_unfit(replace(later, n=28), TODAY, before=later)
    refuse_unfit(replace(later, gate=None, direction="before", checked_on=TODAY), TODAY)


def with_rule(rule):
    rules = tuple(rule if each.id == rule.id else each for each in PACK.rules)
    return RulePack(PACK.exam_kinds, rules, PACK.house_defaults)


@pytest.mark.parametrize("gate", ["notice", "report", "addendum"])
def test_what_may_stand_where_a_date_is_asked_for_gives_that_date_or_counts_from_what_is_told_later(gate):
    """No rule that passes is dropped for a house default unseen, unless what it counts from is not the portal's."""
    asked = {"notice": notice_before_exam, "report": report_due, "addendum": addendum_due}[gate]
    event = {"notice": "exam", "report": "exam", "addendum": "supplemental_request"}[gate]
    for way in sorted(DIRECTIONS):
        for unit in sorted(UNITS):
            rule = a_rule(gate, way, unit, event, confidence="V")
            if not is_fit(rule):
                continue
            found = asked("UT-CIV", date(2027, 3, 1), with_rule(rule))
            assert way == "alert" or found.rule_id == rule.id, (way, unit)


def test_a_notice_that_passes_is_one_that_the_dates_use():
    for way in sorted(DIRECTIONS):
        for event in ("exam", "evaluation", "notice_served", "demand_served", "hearing", "notice_received"):
            n = (5, 9) if way == "window" else 5
            rule = replace(PACK.named("OR-WC-04"), direction=way, n=n, anchor=event)
            try:
                refuse_unfit(rule, TODAY)
                passes = True
            except RuleFileError:
                passes = False
            assert passes == fits(rule, NOTICE), (way, event)


@pytest.mark.parametrize("gate", sorted(GATES))
def test_whatever_passes_can_be_asked_before_a_booking(gate):
    kind, facts = "UT-CIV", BookingFacts(date(2027, 3, 1), date(2027, 2, 1), asked_on=date(2027, 1, 1))
    for way in sorted(DIRECTIONS):
        for event in ("exam", "appointment_request", "residence", "year", "previous_exam"):
            unit = {"max_count": "exams", "max_distance": "miles", "max_drive": "hours"}.get(way, "months")
            rule = a_rule(gate, way, unit, event, effect="notes")
            if not is_fit(rule):
                continue
            assert before_booking(with_rule(rule), kind, facts) is not None
