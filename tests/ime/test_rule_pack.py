"""The shape of a rule file: the fields that the gates read, and a sentence for whatever else is in it."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.ime.rule_pack import NEEDS_EFFECT, RuleFileError, RulePack, read_brought, read_facts, read_rules
from portal.ime.rules import on_file, pack_of, snapshot

KEPT = snapshot("CA-QME")
PARTS = sorted(KEPT["rules"][0])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


def with_rule(rule_id, **facts):
    kept = copy.deepcopy(KEPT)
    next(each for each in kept["rules"] if each["id"] == rule_id).update(facts)
    return kept


@given(st.integers(0, len(KEPT["rules"]) - 1), st.sampled_from(PARTS), anything)
def test_whatever_stands_in_a_rule_it_is_read_or_refused_in_a_sentence(number, part, value):
    kept = {**KEPT, "rules": list(KEPT["rules"])}
    kept["rules"][number] = kept["rules"][number] | {part: value}
    try:
        assert isinstance(read_facts(kept), RulePack)
    except RuleFileError as fault:
        assert str(fault).endswith(".")


@pytest.mark.parametrize(
    ("rule_id", "facts", "fault"),
    [
        ("CA-QME-23", {"anchor": "full_moon"}, "counts from an unknown 'full_moon'"),
        ("CA-QME-23", {"anchor": ["exam"]}, r"counts from an unknown \['exam'\]"),
        ("CA-QME-23", {"direction": "window", "n": []}, "whole number as its figure"),
        ("CA-QME-23", {"unit": "miles"}, "cannot count miles as after"),
        ("CA-QME-23", {"direction": "max_count"}, "cannot count calendar days as max_count"),
        ("CA-QME-23", {"direction": "max_count", "unit": "exams", "n": 0}, "a limit above zero"),
        ("CA-QME-23", {"actor": {}}, "actor must be a text"),
        ("CA-QME-33", {"effect": "blesses"}, "has an unknown effect 'blesses'"),
        ("CA-QME-33", {"effect": None}, "must say its effect at companion: allows, requires, forbids, notes"),
        ("CA-QME-34", {"served": {"pigeon": 3}}, "unknown way of service 'pigeon'"),
        ("CA-QME-34", {"served": {"mail": 0}}, "must add 1 to 60 days"),
        ("CA-QME-34", {"served": ["mail"]}, "ways of service as an object"),
        ("CA-QME-23", {"served": {"mail": 5}}, "must not add days for service at another gate"),
        ("CA-QME-23", {"id": "a/../b <x>"}, "needs an id of capital letters"),
        ("CA-QME-23", {"id": "X-" + "1" * 5000}, "more than 40 characters in id"),
        ("CA-QME-23", {"rule": "x\ud800y"}, "a character in rule that cannot be printed"),
        ("CA-QME-23", {"actor": "x\0y"}, "a character in actor that cannot be printed"),
        ("CA-QME-23", {"name": "y" * 61}, "more than 60 characters in name"),
        ("CA-QME-23", {"citation": "y" * 201}, "more than 200 characters in citation"),
        ("CA-QME-23", {"url": 'http://x" onmouseover=1'}, "needs a web address"),
        ("CA-QME-23", {"url": ["https://x"]}, "url must be a text"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(rule_id, facts, fault):
    with pytest.raises(RuleFileError, match=fault):
        read_facts(with_rule(rule_id, **facts))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[" * 200_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        (f'{{"schema": {"9" * 5000}}}', "a number too long"),
        ('{"schema": NaN}', "must say schema"),
        ("", "not JSON"),
    ],
)
def test_a_hostile_file_is_refused_in_a_sentence(text, fault):
    with pytest.raises(RuleFileError, match=fault):
        read_rules(text)


def test_a_fault_quotes_a_file_only_as_far_as_a_page_can_show_it():
    said = str(RuleFileError(f"Rule {'x' * 5000}\ud800 is odd."))
    assert len(said) < 400 and said.encode()
    assert str(RuleFileError("Rule \0\ud800 is odd.")) == "Rule ?? is odd."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"schema": "impartial-rules/2", "schema": "x"}', "The rule file says 'schema' twice."),
        (
            '{"rules": [{"id": "CA-QME-23", "n": 30, "unit": "months", "n": 3}]}',
            "Rule CA-QME-23 says 'n' twice.",
        ),
        ('{"rules": [{"n": 3, "n": 3, "id": "CA-QME-23"}]}', "Rule CA-QME-23 says 'n' twice."),
    ],
)
def test_a_file_that_is_brought_says_nothing_twice(text, said):
    with pytest.raises(RuleFileError) as refused:
        read_brought(text)
    assert str(refused.value) == said


def test_a_text_may_have_lines_and_tabs():
    assert read_facts(with_rule("CA-QME-23", rule="One.\n\tTwo.")).named("CA-QME-23").rule == "One.\n\tTwo."


def test_a_rule_file_may_leave_out_effect_and_service_where_they_say_nothing():
    kept = copy.deepcopy(KEPT)
    for each in kept["rules"]:
        for part in ("effect", "served"):
            if not each[part]:
                del each[part]
    assert read_facts(kept) == read_facts(KEPT)


def test_every_rule_of_the_file_that_was_read_has_its_address_and_day_and_its_effect_where_one_is_asked_for():
    for rule in on_file().rules:
        assert rule.url and rule.checked_on and rule.citation
        assert rule.effect is not None or rule.gate not in NEEDS_EFFECT


def test_cases_that_keep_the_same_rules_share_one_reading_and_a_changed_text_is_read_anew():
    kept = copy.deepcopy(KEPT)
    assert pack_of(kept) is pack_of(KEPT)
    kept["rules"][0]["name"] = "Another name"
    assert pack_of(kept).rules[0].name == "Another name"
