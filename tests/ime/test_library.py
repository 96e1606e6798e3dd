"""The question library: its data, what it suggests, and how a question is filled in."""

import re
from datetime import date

import pytest

from portal.ime.library import fill, questions, suggest
from portal.ime.rules import exam_kinds
from portal.ime.specialties import specialties
from portal.words import Issue, Reason


def keys(found):
    return [question.key for question in found]


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.key)
def test_every_question_uses_only_known_words(question):
    assert set(question.reasons) <= set(Reason) and question.reasons
    assert question.issue in set(Issue)
    assert set(question.specialties) <= set(specialties())
    places = set(exam_kinds()) | {kind.jurisdiction for kind in exam_kinds().values()}
    assert set(question.jurisdictions) <= places
    assert set(re.findall(r"\{(.*?)\}", question.text)) <= {"body_part", "injured_on"}


def test_there_are_about_seventy_questions_with_keys_of_their_own():
    assert 60 <= len(questions()) <= 80
    assert len(set(keys(questions()))) == len(questions())


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_questions_without_knowing_more(reason):
    assert len(suggest(reason)) >= 5


def test_every_issue_has_a_question():
    assert {question.issue for question in questions()} == set(Issue)


@pytest.mark.parametrize(
    ("reason", "issue"),
    [
        ("causation_disputed", "causation"),
        ("treatment_disputed", "treatment"),
        ("work_capacity", "work_restrictions"),
        ("impairment_rating", "maximum_medical_improvement"),
        ("other", "diagnosis"),
    ],
)
def test_the_issue_of_the_reason_comes_first(reason, issue):
    assert suggest(reason)[0].issue == issue


def test_maximum_medical_improvement_is_asked_before_the_rating():
    issues = [question.issue for question in suggest("impairment_rating", "NY-WC")]
    assert (
        issues.index("maximum_medical_improvement")
        < issues.index("impairment")
        < issues.index("apportionment")
    )


def test_a_question_of_one_state_is_suggested_there_and_nowhere_else():
    assert "mmi_wa_fixed" in keys(suggest("impairment_rating", "WA-LI"))
    assert "mmi_wa_fixed" not in keys(suggest("impairment_rating", "OR-WC"))
    assert "mmi_wa_fixed" not in keys(suggest("impairment_rating"))


def test_a_question_of_one_kind_of_examination_is_not_for_another_in_the_same_state():
    assert "apportionment_ca" in keys(suggest("impairment_rating", "CA-QME"))
    assert "apportionment_ca" not in keys(suggest("impairment_rating", "CA-CIV"))


def test_a_question_of_a_specialty_comes_before_the_general_ones_of_its_issue():
    found = suggest("causation_disputed", specialties=["psychiatry"])
    assert found[0].key == "causation_mental"
    assert "causation_cardiac" not in keys(found)


def test_an_unknown_reason_or_kind_suggests_nothing_special():
    assert suggest("curiosity") == []
    assert suggest("work_capacity", "ZZ-WC") == suggest("work_capacity")


def test_a_question_is_filled_with_the_body_parts_and_the_date():
    text = "How did the event of {injured_on} affect the {body_part}?"
    filled = fill(text, ["Left shoulder", "Neck", "Lower back"], date(2026, 3, 2))
    assert filled == "How did the event of March 2, 2026 affect the left shoulder, neck and lower back?"


def test_what_is_not_known_yet_is_filled_in_words():
    text = "How did the event of {injured_on} affect the {body_part}?"
    assert fill(text, [], None) == "How did the event of the date of injury affect the injured body part?"


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.key)
def test_a_filled_question_has_no_gap_left(question):
    assert not set("{}") & set(fill(question, ["Knee"], date(2026, 3, 2)))
