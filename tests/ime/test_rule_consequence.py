"""What the rule pages say that the portal does about a rule is what its gates and dates really do."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from portal.ime.frequency import Exam
from portal.ime.gates import (
    BookingFacts,
    Weight,
    before_accepting,
    before_booking,
    before_brief,
    before_cancelling,
    before_release,
)
from portal.ime.rule_consequence import consequences
from portal.ime.rule_pack import CONFIDENCE, EFFECTS, EVERY_KIND, RulePack
from portal.ime.rules import addendum_due, on_file, report_due
from portal.words import ArrangementKind, Party

PACK = on_file()
EVERY = (*PACK.rules, *PACK.house_defaults)
TODAY = date(2026, 3, 2)
MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("America/Chicago"))
OAKLAND, LOS_ANGELES = (37.8071, -122.2851), (34.0559, -118.2666)


def days(number):
    return timedelta(days=number)


TOMORROW = BookingFacts(
    exam_on=TODAY + days(1),
    notice_on=TODAY,
    asked_on=TODAY - days(200),
    given_up_on=TODAY - days(200),
    home=OAKLAND,
    clinic=LOS_ANGELES,
    earlier=tuple(Exam(TODAY - days(each)) for each in (1, 9, 20, 26)),
    wishes=frozenset(ArrangementKind),
)
POOR = (
    TOMORROW,
    replace(TOMORROW, wishes=frozenset(), home=None),
    replace(TOMORROW, is_telehealth=True),
    replace(TOMORROW, exam_on=TODAY + days(300)),
    replace(TOMORROW, exam_on=TODAY + days(300), first_set_on=TODAY),
)


def weights(pack, code):
    """The weights of all that the rules of a kind say to poor facts, by the rule's id."""
    said = [finding for facts in POOR for finding in before_booking(pack, code, facts)]
    said += before_brief(pack, code, TODAY - days(1), TODAY)
    said += before_brief(pack, code, TODAY - days(1), TODAY, TODAY)
    said += before_release(pack, code, frozenset({Party.REFERRER}))
    said += before_accepting(pack, code)
    for party in Party:
        said += before_cancelling(pack, code, MORNING, MORNING, party)
    found = {}
    for each in said:
        found.setdefault(each.rule.id, set()).add(each.weight)
    return found


def dated(pack, code):
    """The sentences of the dates that are due by the rules of a kind, each of which names its rules."""
    found = [
        report_due(code, TODAY, pack),
        report_due(code, TODAY, pack, TODAY),
        addendum_due(code, TODAY, pack),
    ]
    return " ".join(each.sentence + each.rule_id for each in found)


@cache
def filed(code):
    return weights(PACK, code), dated(PACK, code)


def insist_true(pack, rule, weighed, due):
    words = {each.word for each in consequences(pack, rule)}
    assert ("Blocks" in words) == (Weight.BLOCKS in weighed), (rule.id, words, weighed)
    gravest = min(weighed, key=list(Weight).index, default=None)
    assert ("Warns" in words) == (gravest == Weight.WARNS), (rule.id, words, weighed)
    assert ("Gives the date" in words) == (rule.id in due), (rule.id, words)
    assert len(words - {"Blocks", "Warns", "Note", "Gives the date", "Adds days"}) == 0


@pytest.mark.parametrize("rule", PACK.rules, ids=lambda each: each.id)
def test_the_word_of_every_rule_of_the_file_is_what_the_portal_does(rule):
    found, due = filed(rule.exam)
    insist_true(PACK, rule, found.get(rule.id, set()), due)


@pytest.mark.parametrize("rule", PACK.house_defaults, ids=lambda each: each.id)
def test_the_word_of_every_house_default_is_too(rule):
    found = [filed(code) for code in ("OH-WC", "NV-WC")]
    weighed = {weight for said, _ in found for weight in said.get(rule.id, ())}
    insist_true(PACK, rule, weighed, " ".join(due for _, due in found))
    assert rule.exam == EVERY_KIND


def with_rule(rule):
    rules = tuple(rule if each.id == rule.id else each for each in PACK.rules if each.exam == rule.exam)
    return RulePack(PACK.exam_kinds, rules, PACK.house_defaults)


ONE_EACH = sorted({(each.gate, str(each.direction)): each.id for each in PACK.rules if each.gate}.values())


@pytest.mark.parametrize("rule_id", ONE_EACH)
def test_it_is_what_the_portal_does_however_well_a_rule_is_known_and_whatever_it_does(rule_id):
    stands = PACK.named(rule_id)
    for sure in CONFIDENCE[:4]:
        for effect in (*EFFECTS, None):
            rule = replace(stands, confidence=sure, effect=effect)
            pack = with_rule(rule)
            weighed = weights(pack, rule.exam).get(rule.id, set())
            insist_true(pack, rule, weighed, dated(pack, rule.exam))


@pytest.mark.parametrize(
    ("rule_id", "words", "said"),
    [
        (
            "CA-QME-23",
            ["Gives the date"],
            "Gives the date by which it is due, and stops nothing that is late.",
        ),
        (
            "MA-IME-04",
            ["Gives the date", "Blocks"],
            "without a copy to those it names, unless somebody overrides",
        ),
        ("CA-QME-06", ["Warns"], "Warns, and stops nothing."),
        ("CA-QME-07", ["Blocks"], "Stops the step, unless somebody overrides it with a reason."),
        ("TX-RME-02", ["Note"], "Is told as a note, and stops nothing."),
        ("CA-QME-25", ["Note"], "the portal works out no date from it"),
        ("CA-QME-34", ["Adds days"], "It moves no date of a case."),
        ("OR-WC-02", ["Note"], "Says which examinations count as one"),
        ("CA-QME-01", ["Note"], "Read by people alone: the portal does not ask for it."),
        ("CA-QME-26", ["Blocks"], "Stops a report from going out"),
    ],
)
def test_a_rule_says_in_a_word_and_in_a_sentence_what_the_portal_does(rule_id, words, said):
    found = consequences(PACK, PACK.named(rule_id))
    assert [each.word for each in found] == words
    assert said in " ".join(each.sentence for each in found)


def test_a_rule_that_is_outdone_by_one_that_is_known_better_is_read_by_people_alone():
    less = replace(PACK.named("NY-CIV-02"), confidence="S")
    [found] = consequences(with_rule(less), less)
    assert found.sentence == "Read by people alone: a rule that is known better speaks in its place."


def test_a_rule_that_is_switched_off_does_nothing():
    off = RulePack(PACK.exam_kinds, (), PACK.house_defaults)
    assert [each.word for each in consequences(off, PACK.named("WA-LI-03"))] == ["Switched off"]
