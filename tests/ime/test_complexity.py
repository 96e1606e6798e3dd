"""How long an examination takes: the rule of thumb, reason by reason."""

from datetime import date

import pytest

from portal.ime.complexity import LONGEST_MINUTES, CaseLoad, length_for, length_of, unrelated
from portal.models import Arrangement, Document, Expert
from portal.words import ArrangementKind, ArrangementState, Stage

TODAY = date(2026, 11, 26)
RECENT = (date(2026, 6, 1),)


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (CaseLoad(body_parts=("knee", "head")), "two or more unrelated body parts"),
        (CaseLoad(injured_on=(date(2026, 6, 1), date(2026, 7, 1))), "two or more dates of injury"),
        (CaseLoad(injured_on=(date(2025, 11, 1),)), "injured more than a year ago"),
        (CaseLoad(pages=1_200), "1,200 pages of records"),
        (CaseLoad(has_interpreter=True), "an interpreter"),
        (CaseLoad(is_recorded=True), "a recording"),
    ],
)
def test_each_reason_doubles_the_usual_length_and_is_said(load, reason):
    found = length_of(load, 60, TODAY)
    assert (found.minutes, found.reasons) == (120, (reason,))
    assert reason in found.sentence


def test_several_reasons_double_it_once_and_no_examination_is_endless():
    many = CaseLoad(body_parts=("knee", "head"), pages=900, has_interpreter=True)
    assert length_of(many, 45, TODAY).minutes == 90
    assert length_of(many, 180, TODAY).minutes == LONGEST_MINUTES


def test_a_plain_case_takes_the_usual_length():
    found = length_of(CaseLoad(body_parts=("hand", "wrist"), injured_on=RECENT, pages=500), 50, TODAY)
    assert (found.minutes, found.reasons) == (50, ())


@pytest.mark.parametrize(
    ("parts", "groups"),
    [
        ((), 0),
        (("knee",), 1),
        (("hand", "wrist", "fingers"), 1),
        (("neck", "lower_back"), 1),
        (("knee", "eye", "heart"), 3),
    ],
)
def test_parts_that_one_word_may_mean_belong_together(parts, groups):
    assert unrelated(parts) == groups


def test_a_case_is_looked_at_with_the_expert_it_has(case_at):
    case = case_at(Stage.SCHEDULING)
    Expert.update(usual_minutes=45).where(Expert.id == case.expert_id).execute()
    case = type(case).get_by_id(case.id)
    usual = length_for(case)
    Document.update(pages=2_000).where(Document.case == case).execute()
    assert length_for(case).minutes == 90
    assert usual.minutes in (45, 90)


def test_what_was_refused_takes_no_time(case_at):
    case = case_at(Stage.SCHEDULING)
    Arrangement.delete().where(Arrangement.case == case).execute()
    before = length_for(case)
    row = Arrangement.create(case=case, kind=ArrangementKind.INTERPRETER)
    assert "an interpreter" in length_for(case).reasons
    Arrangement.update(state=ArrangementState.REFUSED).where(Arrangement.id == row.id).execute()
    assert length_for(case) == before
